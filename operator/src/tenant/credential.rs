//! What a tenant's identity settings refer to in the Secrets of its namespace.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Secret as Object;
use kube::Api;
use plexica_backends::{Secret, object::failed};
use plexica_crds::{
    Reason,
    tenant::{IdentitySpec, SecretKeyRef},
};

use super::{Part, validate::Valid};
use crate::{context::Context, problem::Problem, resource::namespaced};

/// The Secrets that are there, by name, with their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials(BTreeMap<String, BTreeMap<String, Secret>>);

impl Credentials {
    /// What is referred to, if it is there. Nothing is what an empty text opens.
    pub fn find(&self, wanted: &SecretKeyRef) -> Option<Secret> {
        self.0.get(&wanted.name)?.get(&wanted.key).filter(|secret| !secret.reveal().is_empty()).cloned()
    }

    /// What is referred to and not there.
    pub fn missing(&self, spec: &IdentitySpec, namespace: &str) -> Option<Problem> {
        let lacks = references(spec).into_iter().filter(|(_, wanted)| self.find(wanted).is_none());
        let sentences: Vec<String> = lacks
            .map(|(field, SecretKeyRef { name, key })| match self.0.get(name) {
                None => format!("{field} needs the Secret {namespace}/{name}, which is not there."),
                Some(_) => format!("{field} needs the key {key} of the Secret {namespace}/{name}, which has none."),
            })
            .collect();
        (!sentences.is_empty()).then(|| Problem::new(Reason::SecretNotFound, sentences.join(" ")))
    }

    /// With one Secret more. Texts that are not UTF-8 are none.
    fn with(mut self, name: String, object: Object) -> Self {
        let data = object.data.unwrap_or_default().into_iter();
        let texts = data.filter_map(|(key, value)| Some((key, Secret::new(String::from_utf8(value.0).ok()?))));
        self.0.insert(name, texts.collect());
        self
    }
}

/// Each reference of a spec, with the field that holds it.
fn references(spec: &IdentitySpec) -> Vec<(String, &SecretKeyRef)> {
    let brokers = spec.brokers.iter().filter_map(|broker| {
        let field = format!("spec.identity.brokers[{}].clientSecretRef", broker.alias);
        broker.client_secret_ref.as_ref().map(|wanted| (field, wanted))
    });
    let auth = spec.smtp.as_ref().and_then(|smtp| smtp.auth.as_ref());
    let mail = auth.map(|auth| ("spec.identity.smtp.auth.passwordRef".to_owned(), &auth.password_ref));
    brokers.chain(mail).collect()
}

/// Reads what is referred to, and nothing else.
pub async fn read(context: &Context, valid: &Valid) -> Part<Credentials> {
    let api: Api<Object> = namespaced(&context.client, &valid.namespace);
    let names: BTreeSet<&String> = references(&valid.identity).into_iter().map(|(_, wanted)| &wanted.name).collect();
    let found = try_join_all(names.into_iter().map(async |name| Ok((name.clone(), api.get_opt(name).await?))));
    let found = found.await.map_err(failed).map_err(Problem::from)?;
    let found = found.into_iter().filter_map(|(name, object)| Some((name, object?)));
    Ok(found.fold(Credentials::default(), |all, (name, object)| all.with(name, object)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::ByteString;
    use serde_json::json;

    fn spec() -> IdentitySpec {
        serde_json::from_value(json!({
            "brokers": [
                { "alias": "google", "type": "Google", "clientId": "it", "clientSecretRef": { "key": "google" } },
                { "alias": "adfs", "type": "Saml", "saml": {
                    "entityId": "urn:adfs", "singleSignOnUrl": "https://adfs.test/", "signingCertificate": "MIIC" } },
            ],
            "smtp": { "host": "smtp.acme.test", "from": "it@acme.test", "auth": {
                "username": "it", "passwordRef": { "name": "mail", "key": "password" } } },
        }))
        .unwrap()
    }

    fn secret(data: &[(&str, &[u8])]) -> Object {
        let data = data.iter().map(|(key, value)| ((*key).to_owned(), ByteString(value.to_vec()))).collect();
        Object { data: Some(data), ..Object::default() }
    }

    #[test]
    fn what_is_missing_is_named_with_the_field_that_needs_it() {
        let none = Credentials::default();
        let problem = none.missing(&spec(), "tenant-acme").unwrap();
        assert_eq!(problem.reason, Reason::SecretNotFound);
        assert_eq!(
            problem.message,
            "spec.identity.brokers[google].clientSecretRef needs the Secret tenant-acme/identity-credentials, which is \
             not there. spec.identity.smtp.auth.passwordRef needs the Secret tenant-acme/mail, which is not there."
        );
        assert_eq!(none.missing(&IdentitySpec::default(), "tenant-acme"), None);

        let mail = none.with("mail".into(), secret(&[("password", b"hunter2")]));
        for (data, lacks) in [
            (&[("google", &b"s3cret"[..])][..], false),
            (&[], true),
            (&[("google", b"")], true),
            (&[("google", &[0xff])], true),
            (&[("github", b"s3cret")], true),
        ] {
            let all = mail.clone().with("identity-credentials".into(), secret(data));
            let problem = all.missing(&spec(), "tenant-acme");
            assert_eq!(problem.is_some(), lacks, "{problem:?}");
            assert!(problem.is_none_or(|problem| problem.message.contains("the key google of the Secret")));
        }
        assert!(!format!("{mail:?}").contains("hunter2"));
    }
}
