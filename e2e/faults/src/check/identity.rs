//! The realm, and whether its client's secret opens it.

use plexica_backends::ownership::Stamp;
use plexica_crds::tenant::IdentitySpec;
use serde_json::{Value, json};

use super::{Expected, Owners, kubernetes, wrong_mark};
use crate::{
    story::apply::{ADMIN, BROKER, SMTP, sign_in},
    world::{Case, World},
};

const SECRET: &str = "plexica-identity";
/// Who is there before the first fault.
const USER: &str = "kept";

pub async fn check(world: &World, case: &Case, expected: Expected, owners: &Owners) -> Vec<String> {
    let name = world.prefixes().realm(&case.slug);
    let realm = world.account.find(&format!("/{name}")).await;
    let Some(realm) = realm else {
        return if expected == Expected::Gone { Vec::new() } else { vec![format!("there is no realm {name}")] };
    };
    if expected == Expected::Gone {
        return vec![format!("the realm {name} is still there")];
    }
    let mut findings = Vec::new();
    let stamp = Stamp::from_pairs(|key| realm["attributes"][key].as_str());
    findings.extend(wrong_mark(&format!("realm {name}"), stamp.as_ref(), expected, owners.tenant.as_ref()));
    let enabled = expected != Expected::Retained;
    if realm["enabled"] != Value::Bool(enabled) {
        findings.push(format!("realm {name} has enabled={}", realm["enabled"]));
    }
    if enabled {
        findings.extend(signs_in(world, case).await);
        if lives_whole(world, case).await {
            findings.extend(of_people(world, &name, &realm).await);
        }
    }
    if expected.is_planted() {
        let users = world.account.get(&format!("/{name}/users?username={USER}&exact=true")).await;
        if users[0]["firstName"] != USER {
            findings.push(format!("the user {USER} of realm {name}: {users}"));
        }
    }
    findings
}

/// Whether its tenant asks for all that the lives of the harness ask for: a mutated spec may not.
async fn lives_whole(world: &World, case: &Case) -> bool {
    let Ok(Some(tenant)) = world.tenants().get_opt(case.slug.as_str()).await else { return false };
    let asked = serde_json::from_value::<IdentitySpec>(sign_in()).ok();
    tenant.spec.identity == asked && tenant.spec.admin.is_some_and(|admin| admin.email == ADMIN)
}

/// What is wrong with how people sign in.
async fn of_people(world: &World, realm: &str, found: &Value) -> Vec<String> {
    let get = async |path: &str| world.account.get(&format!("/{realm}/{path}")).await;
    let (brokers, action) =
        futures::join!(get("identity-provider/instances"), get("authentication/required-actions/CONFIGURE_TOTP"),);
    let admin = get(&format!("users?email={ADMIN}&exact=true")).await;
    let is = [
        ("smtpServer.host", &found["smtpServer"]["host"], json!(SMTP)),
        ("loginTheme", &found["loginTheme"], json!("keycloak")),
        ("passwordPolicy", &found["passwordPolicy"], json!("length(12)")),
        ("accessTokenLifespan", &found["accessTokenLifespan"], json!(60)),
        ("the broker", &brokers[0]["alias"], json!(BROKER)),
        ("everybody sets up an app", &action["defaultAction"], json!(true)),
        ("the first user", &admin[0]["email"], json!(ADMIN)),
    ];
    let differs = is.into_iter().filter(|(_, found, wanted)| *found != wanted);
    differs.map(|(what, found, _)| format!("{what} of realm {realm}: {found}")).collect()
}

/// Gives the realm a user, unless it has that one: who planted it may have been held up before all was done.
pub async fn plant(world: &World, case: &Case) {
    let realm = world.prefixes().realm(&case.slug);
    let found = world.account.get(&format!("/{realm}/users?username={USER}&exact=true")).await;
    if found.as_array().is_none_or(Vec::is_empty) {
        world.account.post(&format!("/{realm}/users"), json!({ "username": USER, "firstName": USER })).await;
    }
}

/// What is wrong with the credentials that the tenant's servers were given.
async fn signs_in(world: &World, case: &Case) -> Option<String> {
    let Some(secret) = kubernetes::secret(world, case, SECRET).await else {
        return Some(format!("there is no Secret {SECRET}"));
    };
    let value = |key: &str| secret.get(key).cloned().unwrap_or_default();
    let form = [
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", value("client-id")),
        ("client_secret", value("client-secret")),
    ];
    let url = format!("{}/protocol/openid-connect/token", value("issuer"));
    match reqwest::Client::new().post(&url).form(&form).send().await {
        Ok(answer) if answer.status().is_success() => None,
        Ok(answer) => Some(format!("the client's secret is answered with {}", answer.status())),
        Err(error) => Some(format!("the issuer of the Secret: {error}")),
    }
}
