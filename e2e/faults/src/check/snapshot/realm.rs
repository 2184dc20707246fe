//! What of a realm follows a tenant's spec.

use serde_json::{Value, json};

use crate::world::{Case, World};

/// What of its settings.
const SETTINGS: [&str; 9] = [
    "enabled",
    "displayName",
    "accessTokenLifespan",
    "ssoSessionIdleTimeout",
    "ssoSessionMaxLifespan",
    "passwordPolicy",
    "loginTheme",
    "smtpServer",
    "browserFlow",
];
/// Of the client for browsers: who may sign users in, and how.
const CLIENT: [&str; 8] = [
    "enabled",
    "publicClient",
    "standardFlowEnabled",
    "directAccessGrantsEnabled",
    "serviceAccountsEnabled",
    "redirectUris",
    "webOrigins",
    "attributes",
];
/// Keycloak's flows that may ask for a second factor, and the action that sets one up.
const FLOWS: [&str; 2] = ["browser", "direct%20grant"];
const ACTION: &str = "CONFIGURE_TOTP";

/// Settings, the client for browsers, brokers, and what becomes of a second factor.
pub async fn realm(world: &World, case: &Case) -> Value {
    let realm = world.prefixes().realm(&case.slug);
    let find = async |path: &str| world.account.find(&format!("/{realm}{path}")).await.unwrap_or_default();
    let settings = find("").await;
    if settings.is_null() {
        return Value::Null;
    }
    let clients = find("/clients").await;
    let clients = || clients.as_array().into_iter().flatten();
    let web = clients().find(|client| client["clientId"] == "web").cloned().unwrap_or_default();
    let roles = find("/roles").await;
    let brokers = find("/identity-provider/instances").await;
    let action = find(&format!("/authentication/required-actions/{ACTION}")).await;
    let mut flows = Vec::new();
    for flow in FLOWS {
        flows.push(steps(&find(&format!("/authentication/flows/{flow}/executions")).await));
    }
    json!({
        "settings": SETTINGS.map(|name| setting(&settings[name])),
        "web": CLIENT.map(|name| in_order(&web[name])),
        "clients": in_order(&clients().map(|client| json!([client["clientId"], client["enabled"]])).collect()),
        "roles": in_order(&names(&roles)),
        "brokers": brokers.as_array().into_iter().flatten().map(broker).collect::<Vec<_>>(),
        "flows": flows,
        "action": [action["enabled"], action["defaultAction"]],
    })
}

/// What was taken back says an empty text, which is the same to Keycloak as to say nothing.
fn setting(value: &Value) -> Option<&Value> {
    Some(value).filter(|value| !value.is_null() && *value != "")
}

/// Keycloak keeps sets, in no order.
fn in_order(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(items) = value.as_array_mut() {
        items.sort_unstable_by_key(Value::to_string);
    }
    value
}

/// Those of roles.
fn names(roles: &Value) -> Value {
    roles.as_array().into_iter().flatten().map(|role| role["name"].clone()).collect()
}

/// All but its id and those of what belongs to it. Keycloak shows nobody its secret; the digest of that is another for
/// each realm, so that whether there is one is all that can be alike.
fn broker(broker: &Value) -> Value {
    let mut broker = broker.clone();
    if let Some(fields) = broker.as_object_mut() {
        fields.retain(|name, value| !name.ends_with("Id") || name == "providerId" || value.is_null());
    }
    if let Some(config) = broker["config"].as_object_mut() {
        config.retain(|_, value| *value != "");
        for (name, value) in config.iter_mut() {
            if name.to_lowercase().contains("digest") {
                *value = json!("a digest");
            }
        }
    }
    broker
}

/// Each step of a flow, and whether it must be taken.
fn steps(executions: &Value) -> Vec<[Value; 3]> {
    let steps = executions.as_array().into_iter().flatten();
    steps.map(|step| ["level", "displayName", "requirement"].map(|name| step[name].clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_broker_all_but_ids_is_looked_at() {
        let seen = json!({
            "alias": "oidc", "internalId": "1", "providerId": "oidc", "organizationId": null, "trustEmail": true,
            "config": { "clientId": "it", "tokenUrl": "https://x", "userInfoUrl": "", "plexica.secretDigest": "ab" },
        });
        let expected = json!({
            "alias": "oidc", "providerId": "oidc", "organizationId": null, "trustEmail": true,
            "config": { "clientId": "it", "tokenUrl": "https://x", "plexica.secretDigest": "a digest" },
        });
        assert_eq!(broker(&seen), expected);
        assert_eq!(in_order(&json!(["b", "a"])), json!(["a", "b"]));
        assert_eq!(in_order(&json!(true)), json!(true));
        let executions = json!([{ "level": 0, "displayName": "OTP", "requirement": "REQUIRED", "id": "1" }]);
        assert_eq!(steps(&executions), [[json!(0), json!("OTP"), json!("REQUIRED")]]);
    }
}
