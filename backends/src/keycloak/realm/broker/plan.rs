//! What has to be written for the brokers of a realm. Pure.

use keycloak::types::IdentityProviderRepresentation;
use plexica_crds::label::{INSTALLATION, SECRET_DIGEST};

use super::super::super::digest::Digests;
use super::Broker;
use super::representation::{OURS, whole};

/// One difference, by alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It is ours and no longer wanted, or it is of another type.
    Gone(String),
    /// It is missing.
    Missing(String),
    /// These settings of it differ.
    Differing(String, Vec<String>),
}

/// What differs; what is to go comes first. Those of others are left alone, and one whose secret is
/// not known is not made.
pub fn plan(
    wanted: &[Broker],
    found: &[IdentityProviderRepresentation],
    installation: &str,
    digests: &Digests,
    realm: &str,
) -> Vec<Broken> {
    let (mut gone, mut rest) = (Vec::new(), Vec::new());
    for found in found.iter().filter(|found| is_ours(found, installation)) {
        let wanted = wanted.iter().find(|broker| found.alias.as_ref() == Some(&broker.alias));
        if wanted.is_none_or(|wanted| found.provider_id.as_deref() != Some(wanted.provider)) {
            gone.extend(found.alias.clone().map(Broken::Gone));
        }
    }
    for wanted in wanted {
        let alias = &wanted.alias;
        match found.iter().find(|found| found.alias.as_ref() == Some(alias)) {
            Some(found) if !is_ours(found, installation) => {}
            Some(found) if found.provider_id.as_deref() == Some(wanted.provider) => {
                let fields = differing(&whole(wanted, installation, digests, realm), found, wanted.is_known());
                rest.extend((!fields.is_empty()).then(|| Broken::Differing(alias.clone(), fields)));
            }
            Some(_) | None => rest.extend(wanted.is_known().then(|| Broken::Missing(alias.clone()))),
        }
    }
    gone.into_iter().chain(rest).collect()
}

/// Aliases of wanted ones that somebody else's have.
pub fn foreign(wanted: &[Broker], found: &[IdentityProviderRepresentation], installation: &str) -> Vec<String> {
    let theirs = found.iter().filter(|found| !is_ours(found, installation)).filter_map(|found| found.alias.as_ref());
    theirs.filter(|alias| wanted.iter().any(|wanted| wanted.alias == **alias)).cloned().collect()
}

fn is_ours(found: &IdentityProviderRepresentation, installation: &str) -> bool {
    found.config.as_ref().and_then(|config| config.get(INSTALLATION)).is_some_and(|mark| mark == installation)
}

fn differing(
    wanted: &IdentityProviderRepresentation,
    found: &IdentityProviderRepresentation,
    is_known: bool,
) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let flag = |flag: Option<bool>| flag.unwrap_or(false);
    let fields = [
        ("displayName", text(&wanted.display_name) != text(&found.display_name)),
        ("enabled", flag(wanted.enabled) != flag(found.enabled)),
        ("hideOnLogin", flag(wanted.hide_on_login) != flag(found.hide_on_login)),
        ("linkOnly", flag(wanted.link_only) != flag(found.link_only)),
        ("trustEmail", flag(wanted.trust_email) != flag(found.trust_email)),
    ];
    let fields = fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned());
    let get = |broker: &IdentityProviderRepresentation, key: &str| {
        broker.config.as_ref().and_then(|config| config.get(key)).filter(|value| !value.is_empty()).cloned()
    };
    let config = OURS.into_iter().chain(is_known.then_some(SECRET_DIGEST));
    let config = config.filter(|key| get(wanted, key) != get(found, key));
    fields.chain(config.map(|key| if key == SECRET_DIGEST { "clientSecret" } else { key }.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::representation::over;
    use super::*;
    use crate::Secret;
    use serde_json::{Value, json};

    fn google(change: &Value, secret: Option<&str>) -> Broker {
        let mut spec =
            json!({ "alias": "google", "type": "Google", "clientId": "it", "clientSecretRef": { "key": "google" } });
        spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        Broker::new(&serde_json::from_value(spec).unwrap(), &|_| secret.map(Secret::new))
    }

    fn digests() -> Digests {
        Digests::new(&Secret::new("key"))
    }

    fn planned(wanted: &[Broker], found: &[IdentityProviderRepresentation]) -> Vec<Broken> {
        plan(wanted, found, "plexica", &digests(), "r")
    }

    #[test]
    fn made_once_and_written_only_when_it_differs() {
        let wanted = [google(&json!({}), Some("secret"))];
        assert_eq!(planned(&wanted, &[]), [Broken::Missing("google".into())]);
        let mut made = whole(&wanted[0], "plexica", &digests(), "r");
        made.config.as_mut().unwrap().insert("clientSecret".into(), "**********".into());
        made.config.as_mut().unwrap().insert("prompt".into(), "theirs".into());
        assert_eq!(planned(&wanted, std::slice::from_ref(&made)), []);

        let fields =
            |list: &[&str]| [Broken::Differing("google".into(), list.iter().map(ToString::to_string).collect())];
        for (change, secret, differing) in [
            (json!({ "displayName": "Google" }), Some("secret"), &["displayName"][..]),
            (json!({ "clientId": "other" }), Some("secret"), &["clientId"]),
            (json!({ "trustEmail": true, "hidden": true }), Some("secret"), &["hideOnLogin", "trustEmail"]),
            (json!({}), Some("other"), &["clientSecret"]),
            (json!({ "clientId": "other" }), None, &["clientId"]),
        ] {
            let wanted = google(&change, secret);
            assert_eq!(planned(std::slice::from_ref(&wanted), std::slice::from_ref(&made)), fields(differing));
            let after = over(whole(&wanted, "plexica", &digests(), "r"), &made);
            assert_eq!(planned(&[wanted], std::slice::from_ref(&after)), []);
            assert_eq!(after.config.as_ref().unwrap()["prompt"], "theirs");
            let shown = &after.config.as_ref().unwrap()["clientSecret"];
            assert_eq!(shown == "**********", secret.is_none(), "one that is not known stays");
        }
    }

    #[test]
    fn ours_go_and_those_of_others_stay() {
        let ours = whole(&google(&json!({}), Some("secret")), "plexica", &digests(), "r");
        let mut theirs = ours.clone();
        theirs.config.as_mut().unwrap().remove(INSTALLATION);
        assert_eq!(planned(&[], std::slice::from_ref(&ours)), [Broken::Gone("google".into())]);
        assert_eq!(planned(&[], std::slice::from_ref(&theirs)), []);
        let wanted = [google(&json!({}), Some("secret"))];
        assert_eq!(planned(&wanted, std::slice::from_ref(&theirs)), []);
        assert_eq!(foreign(&wanted, &[theirs], "plexica"), ["google"]);
        assert_eq!(foreign(&wanted, std::slice::from_ref(&ours), "plexica"), Vec::<String>::new());
        assert_eq!(foreign(&wanted, std::slice::from_ref(&ours), "another"), ["google"]);

        // Not known: not made, and not removed.
        let unknown = [google(&json!({}), None)];
        assert_eq!(planned(&unknown, &[]), []);
        assert_eq!(planned(&unknown, std::slice::from_ref(&ours)), []);

        // Keycloak never changes a type.
        let github = [google(&json!({ "type": "GitHub" }), Some("secret"))];
        assert_eq!(planned(&github, &[ours]), [Broken::Gone("google".into()), Broken::Missing("google".into())]);
    }
}
