//! The server that sends the realm's mail, in Keycloak's words. Pure.

use std::collections::HashMap;

use plexica_crds::label::SMTP_DIGEST;
use plexica_crds::tenant::{Smtp as Spec, SmtpAuth, SmtpTls};

use super::super::digest::Digests;
use super::sign_in::Find;
use crate::Secret;

/// What Keycloak keeps of a mail server and the spec has a word for.
const OURS: [&str; 9] = ["host", "port", "from", "fromDisplayName", "replyTo", "ssl", "starttls", "auth", "user"];
/// Where it keeps the password; it shows asterisks, and takes them for what it has.
pub(super) const PASSWORD: &str = "password";

/// The server that sends the realm's mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    settings: HashMap<String, String>,
    /// Whether Keycloak signs in there.
    auth: bool,
    /// With that, if it is known.
    password: Option<Secret>,
}

impl Smtp {
    pub(super) fn new(spec: &Spec, find: Find<'_>) -> Self {
        let Spec { host, port, tls, from, from_display_name, reply_to, auth } = spec;
        let flag = |set: bool| Some(set.to_string());
        let settings = [
            ("host", Some(host.clone())),
            ("port", Some(port.to_string())),
            ("from", Some(from.clone())),
            ("fromDisplayName", from_display_name.clone()),
            ("replyTo", reply_to.clone()),
            ("ssl", flag(*tls == SmtpTls::Tls)),
            ("starttls", flag(*tls == SmtpTls::StartTls)),
            ("auth", flag(auth.is_some())),
            ("user", auth.as_ref().map(|auth| auth.username.clone())),
        ];
        let password = auth.as_ref().and_then(|SmtpAuth { username: _, password_ref }| find(password_ref));
        Self {
            settings: settings.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect(),
            auth: auth.is_some(),
            password,
        }
    }

    /// Which settings differ, and whether the password does, as far as its digest tells.
    pub(super) fn differing(
        &self,
        digests: &Digests,
        realm: &str,
        found: Option<&HashMap<String, String>>,
        attributes: Option<&HashMap<String, String>>,
    ) -> Vec<String> {
        let get = |key: &str| found.and_then(|found| found.get(key)).filter(|value| !value.is_empty());
        let settings = OURS.into_iter().filter(|key| self.settings.get(*key) != get(key));
        let known = attributes.and_then(|attributes| attributes.get(SMTP_DIGEST));
        let password = match &self.password {
            Some(password) => known != Some(&digest(digests, realm, password)),
            // One that is not known now stays.
            None => !self.auth && known.is_some(),
        };
        settings.chain(password.then_some(PASSWORD)).map(|key| format!("smtpServer.{key}")).collect()
    }

    /// All of it, over what others added.
    pub(super) fn write(&self, found: Option<&HashMap<String, String>>) -> HashMap<String, String> {
        let mut all = found.cloned().unwrap_or_default();
        all.retain(|key, _| !OURS.contains(&key.as_str()) && (self.auth || key != PASSWORD));
        all.extend(self.settings.clone());
        if let Some(password) = &self.password {
            all.insert(PASSWORD.to_owned(), password.reveal().to_owned());
        }
        all
    }

    /// Notes by what the password is known again; without a server, nothing.
    pub(super) fn note(this: Option<&Self>, digests: &Digests, realm: &str, attributes: &mut HashMap<String, String>) {
        if this.is_none_or(|smtp| !smtp.auth) {
            attributes.remove(SMTP_DIGEST);
        }
        if let Some(password) = this.and_then(|smtp| smtp.password.as_ref()) {
            attributes.insert(SMTP_DIGEST.to_owned(), digest(digests, realm, password));
        }
    }
}

fn digest(digests: &Digests, realm: &str, password: &Secret) -> String {
    digests.of(&format!("{realm}/smtp"), password)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn smtp(auth: bool, password: Option<&str>) -> Smtp {
        let mut spec = json!({ "host": "smtp.acme.test", "from": "it@acme.test" });
        if auth {
            spec["auth"] = json!({ "username": "it", "passwordRef": { "key": "smtp" } });
        }
        Smtp::new(&serde_json::from_value(spec).unwrap(), &|_| password.map(Secret::new))
    }

    fn differing(smtp: &Smtp, found: &HashMap<String, String>, attributes: &HashMap<String, String>) -> Vec<String> {
        smtp.differing(&Digests::new(&Secret::new("key")), "r", Some(found), Some(attributes))
    }

    #[test]
    fn what_was_written_does_not_differ_and_what_changed_does() {
        let digests = Digests::new(&Secret::new("key"));
        let known = smtp(true, Some("secret"));
        let (mut found, mut attributes) = (known.write(None), HashMap::new());
        assert_eq!(found["password"], "secret");
        Smtp::note(Some(&known), &digests, "r", &mut attributes);
        found.insert("password".into(), "**********".into());
        found.insert("envelopeFrom".into(), "theirs@acme.test".into());
        assert_eq!(differing(&known, &found, &attributes), Vec::<String>::new());
        assert_eq!(differing(&smtp(true, Some("other")), &found, &attributes), ["smtpServer.password"]);

        // Not known for a while: nothing is changed and nothing is lost.
        let unknown = smtp(true, None);
        assert_eq!(differing(&unknown, &found, &attributes), Vec::<String>::new());
        assert_eq!(unknown.write(Some(&found))["password"], "**********");
        assert_eq!(unknown.write(Some(&found))["envelopeFrom"], "theirs@acme.test");

        // Without sign-in there is none.
        let open = smtp(false, None);
        let without = ["smtpServer.auth", "smtpServer.user", "smtpServer.password"];
        assert_eq!(differing(&open, &found, &attributes), without);
        assert_eq!(open.write(Some(&found)).get("password"), None);
        Smtp::note(Some(&open), &digests, "r", &mut attributes);
        assert_eq!(attributes.len(), 0);

        found.insert("host".into(), "evil.test".into());
        found.insert("replyTo".into(), "evil@evil.test".into());
        assert_eq!(differing(&unknown, &found, &attributes), ["smtpServer.host", "smtpServer.replyTo"]);
    }
}
