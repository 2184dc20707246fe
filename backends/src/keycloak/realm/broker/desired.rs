//! What a broker should be, in Keycloak's words. Pure.

use std::collections::BTreeMap;

use plexica_crds::tenant::{Broker as Spec, BrokerType, OidcBroker, SamlBroker, SamlNameId};

use super::super::sign_in::Find;
use crate::Secret;

/// Another place where the users of a realm may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Its name in URLs.
    pub alias: String,
    pub(super) display_name: Option<String>,
    /// What Keycloak calls its type.
    pub(super) provider: &'static str,
    /// Its configuration, without the secret.
    pub(super) config: BTreeMap<&'static str, String>,
    /// Whether it has a secret at all.
    pub(super) has_secret: bool,
    /// That, if it is known.
    pub(super) secret: Option<Secret>,
    pub(super) trust_email: bool,
    pub(super) hidden: bool,
}

impl Broker {
    pub(in super::super) fn new(spec: &Spec, find: Find<'_>) -> Self {
        let Spec { alias, display_name, kind, client_id, client_secret_ref, oidc, saml, trust_email, hidden } = spec;
        let mut config = BTreeMap::from([("syncMode", "IMPORT".to_owned())]);
        config.extend(client_id.clone().map(|id| ("clientId", id)));
        config.extend(oidc.iter().flat_map(openid));
        config.extend(saml.iter().flat_map(self::saml));
        Self {
            alias: alias.clone(),
            display_name: display_name.clone(),
            provider: provider(*kind),
            config,
            has_secret: client_secret_ref.is_some(),
            secret: client_secret_ref.as_ref().and_then(find),
            trust_email: *trust_email,
            hidden: *hidden,
        }
    }

    /// Whether all is known that it needs to work.
    pub(super) fn is_known(&self) -> bool {
        self.secret.is_some() == self.has_secret
    }
}

const fn provider(kind: BrokerType) -> &'static str {
    match kind {
        BrokerType::Oidc => "oidc",
        BrokerType::Saml => "saml",
        BrokerType::Google => "google",
        BrokerType::GitHub => "github",
        BrokerType::GitLab => "gitlab",
        BrokerType::Microsoft => "microsoft",
        BrokerType::LinkedIn => "linkedin-openid-connect",
        BrokerType::Facebook => "facebook",
        BrokerType::Bitbucket => "bitbucket",
    }
}

fn openid(spec: &OidcBroker) -> Vec<(&'static str, String)> {
    let OidcBroker { issuer, authorization_url, token_url, jwks_url, user_info_url, scopes } = spec;
    let mut config = vec![
        ("issuer", issuer.clone()),
        ("authorizationUrl", authorization_url.clone()),
        ("tokenUrl", token_url.clone()),
        ("jwksUrl", jwks_url.clone()),
        ("defaultScope", scopes.join(" ")),
        ("clientAuthMethod", "client_secret_post".to_owned()),
        ("pkceMethod", "S256".to_owned()),
    ];
    config.extend(user_info_url.clone().map(|url| ("userInfoUrl", url)));
    config.extend(["useJwksUrl", "validateSignature", "pkceEnabled"].map(|key| (key, true.to_string())));
    config
}

fn saml(spec: &SamlBroker) -> Vec<(&'static str, String)> {
    let SamlBroker { entity_id, single_sign_on_url, signing_certificate, name_id } = spec;
    let format = match name_id {
        SamlNameId::Persistent => "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        SamlNameId::Email => "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        SamlNameId::Unspecified => "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    };
    let mut config = vec![
        ("idpEntityId", entity_id.clone()),
        ("singleSignOnServiceUrl", single_sign_on_url.clone()),
        ("signingCertificate", signing_certificate.clone()),
        ("nameIDPolicyFormat", format.to_owned()),
        // A tenant's realm has no RSA key to sign with.
        ("wantAuthnRequestsSigned", false.to_string()),
    ];
    let yes = ["validateSignature", "postBindingResponse", "postBindingAuthnRequest"];
    config.extend(yes.map(|key| (key, true.to_string())));
    config
}
