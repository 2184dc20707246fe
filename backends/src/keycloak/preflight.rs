//! What the service account or the server lacks.

use keycloak::types::RealmRepresentation;
use serde_json::Value;

use super::access::{http, lists_rights};
use super::{Config, Realms};
use crate::preflight::{Finding, Level};
use crate::{Error, Kind};

/// Looks at Keycloak with the identity the operator has, and writes nothing. Empty: all is well.
pub async fn preflight(config: &Config) -> Vec<Finding> {
    let realms = match Realms::new(config.clone()) {
        Ok(realms) => realms,
        Err(error) => return vec![plain(&error)],
    };
    let mut findings = Vec::new();
    findings.extend(issuer(config).await);
    match realms.token().await {
        Err(error) if error.kind == Kind::Denied => findings.push(Finding {
            level: Level::Missing,
            what: format!("Keycloak does not accept the service account {:?} with its secret.", config.client_id),
            fix: create_client(&config.client_id),
        }),
        // Said once: the issuer could not be read for the same reason.
        Err(error) if findings.is_empty() => findings.push(plain(&error)),
        Err(_) => {}
        Ok(token) => {
            findings.extend(lightweight(&config.client_id, &token));
            findings.extend(may_create(&realms, &config.client_id).await);
            findings.extend(may_too_much(&realms, &config.client_id).await);
        }
    }
    findings
}

fn plain(error: &Error) -> Finding {
    Finding::missing(error.to_string(), error.remedy.clone())
}

/// Whether tokens will carry the issuer we expect.
async fn issuer(config: &Config) -> Option<Finding> {
    let unreachable = |error: &dyn std::fmt::Display| Finding {
        level: Level::Missing,
        what: format!("Keycloak cannot be reached at KEYCLOAK_URL={} ({error}).", config.url),
        fix: "Start Keycloak, correct KEYCLOAK_URL, or set PLEXICA_CA_BUNDLE if its certificate is not trusted.".into(),
    };
    let http = match http(config) {
        Ok(http) => http,
        Err(error) => return Some(plain(&error)),
    };
    let url = format!("{}/realms/master/.well-known/openid-configuration", config.base());
    let answer = match http.get(url).send().await.and_then(reqwest::Response::error_for_status) {
        Ok(answer) => answer.json::<Value>().await,
        Err(error) => return Some(unreachable(&error.without_url())),
    };
    let discovery = match answer {
        Ok(discovery) => discovery,
        Err(error) => return Some(unreachable(&error.without_url())),
    };
    let (is, should) = (discovery["issuer"].as_str().unwrap_or_default(), config.issuer("master"));
    (is != should).then(|| Finding {
        level: Level::Missing,
        what: format!("Keycloak's issuers start otherwise than KEYCLOAK_PUBLIC_URL says: {is}, not {should}."),
        fix: format!(
            "Start Keycloak with --hostname={} --hostname-backchannel-dynamic=true, or correct KEYCLOAK_PUBLIC_URL.",
            config.public_url
        ),
    })
}

/// Whether the token stays small and good for realms made later.
fn lightweight(client_id: &str, token: &str) -> Option<Finding> {
    lists_rights(token).then(|| Finding {
        level: Level::Missing,
        what: format!(
            "Access tokens of the client {client_id:?} are not lightweight: they list every realm and are refused by \
             realms made after them."
        ),
        fix: format!(
            "{}\nkcadm.sh update clients/$CLIENT -r master -s 'attributes.\"client.use.lightweight.access.token.enabled\"=true'",
            find_client(client_id)
        ),
    })
}

/// Whether it may create realms: `master` exists, so trying that name changes nothing.
async fn may_create(realms: &Realms, client_id: &str) -> Option<Finding> {
    let master = RealmRepresentation { realm: Some("master".into()), ..RealmRepresentation::default() };
    match realms.call("asking whether realms may be created", |admin| admin.post(master.clone())).await {
        Err(error) if error.kind == Kind::Conflict => None,
        Err(error) if error.kind == Kind::Denied => Some(Finding {
            level: Level::Missing,
            what: format!("The service account {client_id:?} may not create realms."),
            fix: grant(client_id),
        }),
        Err(error) => Some(plain(&error)),
        Ok(_) => None,
    }
}

/// Whether it may do more than it needs: attributes of `master` are shown to its administrators.
async fn may_too_much(realms: &Realms, client_id: &str) -> Option<Finding> {
    let master = realms.call("reading realm master", |admin| admin.realm_get("master")).await.ok()?;
    master.attributes.map(|_| Finding {
        level: Level::Advice,
        what: format!("The service account {client_id:?} may administer realm master: more than it needs."),
        fix: format!(
            "kcadm.sh remove-roles -r master --uusername service-account-{client_id} --rolename admin\n\
             Leave it the role create-realm alone."
        ),
    })
}

fn find_client(client_id: &str) -> String {
    format!("CLIENT=$(kcadm.sh get clients -r master -q clientId={client_id} --fields id --format csv --noquotes)")
}

fn grant(client_id: &str) -> String {
    format!("kcadm.sh add-roles -r master --uusername service-account-{client_id} --rolename create-realm")
}

fn create_client(client_id: &str) -> String {
    format!(
        "kcadm.sh create clients -r master -s clientId={client_id} -s publicClient=false \
         -s serviceAccountsEnabled=true -s standardFlowEnabled=false -s secret=\"$KEYCLOAK_CLIENT_SECRET\" \
         -s 'attributes.\"client.use.lightweight.access.token.enabled\"=true'\n{}\n\
         If the client is there, set KEYCLOAK_CLIENT_SECRET to its secret; never replace the client, since a new one \
         cannot manage the realms of the old.",
        grant(client_id)
    )
}
