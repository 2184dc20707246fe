//! A broker as Keycloak has it. Pure.

use std::collections::HashMap;

use keycloak::types::IdentityProviderRepresentation;
use plexica_crds::label::{INSTALLATION, SECRET_DIGEST};

use super::super::super::digest::Digests;
use super::Broker;

/// Keys of a configuration that are ours, whether or not a broker has them.
pub const OURS: [&str; 19] = [
    INSTALLATION,
    "syncMode",
    "clientId",
    "issuer",
    "authorizationUrl",
    "tokenUrl",
    "jwksUrl",
    "userInfoUrl",
    "defaultScope",
    "clientAuthMethod",
    "pkceMethod",
    "pkceEnabled",
    "useJwksUrl",
    "validateSignature",
    "idpEntityId",
    "singleSignOnServiceUrl",
    "signingCertificate",
    "nameIDPolicyFormat",
    "wantAuthnRequestsSigned",
];
/// Where the secret is; Keycloak shows asterisks, and takes them for what it has.
const SECRET: &str = "clientSecret";

/// All of it.
pub fn whole(broker: &Broker, installation: &str, digests: &Digests, realm: &str) -> IdentityProviderRepresentation {
    let mut config: HashMap<String, String> =
        broker.config.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    config.insert(INSTALLATION.to_owned(), installation.to_owned());
    if let Some(secret) = &broker.secret {
        config.insert(SECRET.to_owned(), secret.reveal().to_owned());
        config.insert(SECRET_DIGEST.to_owned(), digests.of(&format!("{realm}/broker/{}", broker.alias), secret));
    }
    IdentityProviderRepresentation {
        alias: Some(broker.alias.clone()),
        provider_id: Some(broker.provider.to_owned()),
        // Left out it would stay as it is.
        display_name: Some(broker.display_name.clone().unwrap_or_default()),
        enabled: Some(true),
        trust_email: Some(broker.trust_email),
        hide_on_login: Some(broker.hidden),
        link_only: Some(false),
        config: Some(config),
        ..IdentityProviderRepresentation::default()
    }
}

/// All of each, with its secret's digest and without the secret.
pub fn without_secrets(
    brokers: &[Broker],
    installation: &str,
    digests: &Digests,
    realm: &str,
) -> Vec<IdentityProviderRepresentation> {
    let mut all: Vec<_> = brokers.iter().map(|broker| whole(broker, installation, digests, realm)).collect();
    for config in all.iter_mut().filter_map(|broker| broker.config.as_mut()) {
        config.remove(SECRET);
    }
    all
}

/// The same over what others added to one that is there. A secret that is not known now stays.
pub fn over(
    wanted: IdentityProviderRepresentation,
    found: &IdentityProviderRepresentation,
) -> IdentityProviderRepresentation {
    let mut config = found.config.clone().unwrap_or_default();
    config.retain(|key, _| !OURS.contains(&key.as_str()));
    config.extend(wanted.config.unwrap_or_default());
    IdentityProviderRepresentation {
        display_name: wanted.display_name,
        enabled: wanted.enabled,
        trust_email: wanted.trust_email,
        hide_on_login: wanted.hide_on_login,
        link_only: wanted.link_only,
        config: Some(config),
        ..found.clone()
    }
}
