//! What `spec.identity` says is so in the realm.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
};
use plexica_testkit::{wait_for, wait_until};
use serde_json::{Value, json};

use crate::world::{PATIENCE, World, apply};

/// Waits until the realm, or something in it, is as said.
async fn until(what: &str, get: impl AsyncFn() -> Value, is: impl Fn(&Value) -> bool) -> Value {
    wait_for(what, PATIENCE, async || Some(get().await).filter(|found| is(found))).await
}

async fn credentials(world: &World, slug: &str, data: &[(&str, &str)]) {
    let api: Api<Secret> = Api::namespaced(world.client.clone(), &format!("tenant-{slug}"));
    let data: BTreeMap<_, _> = data.iter().copied().collect();
    let object = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "identity-credentials" },
        "stringData": data });
    apply(&api, "identity-credentials", &object).await;
}

#[tokio::test]
async fn settings_follow_the_spec_and_drift_is_repaired() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let slug = world.database.unique("acme");
    let path = format!("/tenant-{slug}");
    let administrator = world.administrator();
    let realm = async || administrator.get(&path).await;
    let said = json!({ "mfa": "Required", "loginTheme": "keycloak", "passwordPolicy": { "minLength": 12 },
        "sessions": { "accessTokenSeconds": 60, "idleSeconds": 600, "maxSeconds": 1200 } });
    world.tenant(&slug, json!({ "deletionPolicy": "Delete", "identity": said })).await;
    world.ready(&slug).await;
    let is = |found: &Value| {
        let fields = ["loginTheme", "passwordPolicy", "accessTokenLifespan", "ssoSessionIdleTimeout", "browserFlow"];
        fields.map(|field| found[field].clone())
            == [json!("keycloak"), json!("length(12)"), json!(60), json!(600), json!("browser")]
    };
    assert!(is(&realm().await), "{}", realm().await);
    let totp = async || administrator.get(&format!("{path}/authentication/required-actions/CONFIGURE_TOTP")).await;
    assert_eq!(totp().await["defaultAction"], true);

    // Changed behind our back.
    administrator.put(&path, json!({ "loginTheme": "base", "passwordPolicy": "length(1)" })).await;
    let mut action = totp().await;
    action["defaultAction"] = json!(false);
    administrator.put(&format!("{path}/authentication/required-actions/CONFIGURE_TOTP"), action).await;
    until("the settings are ours again", &realm, is).await;
    until("everybody sets up an app", &totp, |found| found["defaultAction"] == true).await;

    // Another spec, and none.
    world.tenant(&slug, json!({ "deletionPolicy": "Delete", "identity": { "mfa": "Optional" } })).await;
    until("nobody must set up an app", &totp, |found| found["defaultAction"] == false).await;
    let back = |found: &Value| {
        found["loginTheme"] == "" && found.get("passwordPolicy").is_none() && found["accessTokenLifespan"] == 300
    };
    until("what left the spec is as Keycloak has it", &realm, back).await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    let unmarked = |found: &Value| found["attributes"].get("plexica.io/identity-settings").is_none();
    until("nothing is ours any more", &realm, unmarked).await;
    world.delete(&world.tenants(), &slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_missing_secret_is_named_and_waited_for_and_a_changed_one_is_noticed() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let slug = world.database.unique("acme");
    let path = format!("/tenant-{slug}/identity-provider/instances");
    let administrator = world.administrator();
    let brokers = async || administrator.get(&path).await;
    let broker = |alias: &str, kind: &str| json!({ "alias": alias, "type": kind, "clientId": "it", "clientSecretRef": { "key": alias } });
    let identity = json!({ "loginTheme": "keycloak", "brokers": [broker("google", "Google")],
        "smtp": { "host": "smtp.acme.test", "from": "it@acme.test",
            "auth": { "username": "it", "passwordRef": { "key": "smtp" } } } });
    world.tenant(&slug, json!({ "deletionPolicy": "Delete", "identity": identity })).await;
    let tenant = world.until(&slug, "IdentityReady", "False", "SecretNotFound").await;
    let status = tenant.status.clone().unwrap();
    let told = status.conditions.iter().find(|condition| condition.type_ == "IdentityReady").unwrap();
    assert!(told.message.contains(&format!("tenant-{slug}/identity-credentials")), "{}", told.message);
    assert!(told.message.contains("brokers[google]") && told.message.contains("smtp.auth"), "{}", told.message);
    assert!(status.identity.is_some(), "people sign in without what is missing");
    // The rest is there.
    let realm = administrator.get(&format!("/tenant-{slug}")).await;
    assert_eq!((&realm["loginTheme"], &realm["smtpServer"]["host"]), (&json!("keycloak"), &json!("smtp.acme.test")));
    assert_eq!(brokers().await, json!([]));

    world.until(&slug, "NamespaceReady", "True", "").await;
    credentials(&world, &slug, &[("google", "one")]).await;
    until("the broker whose secret is there", &brokers, |found| found[0]["alias"] == "google").await;
    let half = async || {
        let tenant = world.tenants().get(&slug).await.unwrap();
        let conditions = tenant.status.unwrap().conditions;
        let told = conditions.iter().find(|condition| condition.type_ == "IdentityReady").unwrap();
        told.reason == "SecretNotFound" && !told.message.contains("google")
    };
    wait_until("only the mail server's password is missing", PATIENCE, half).await;
    credentials(&world, &slug, &[("google", "one"), ("smtp", "two")]).await;
    world.ready(&slug).await;

    // Keycloak does not show a secret: what is written beside it tells that another was written.
    let digest = |found: &Value| found[0]["config"]["plexica.io/client-secret-digest"].clone();
    let first = digest(&brokers().await);
    credentials(&world, &slug, &[("google", "three"), ("smtp", "two")]).await;
    until("the changed secret is written", &brokers, |found| digest(found) != first).await;
    world.ready(&slug).await;

    // A broker that somebody else made is named and left alone; people still sign in.
    let theirs =
        json!({ "alias": "github", "providerId": "github", "config": { "clientId": "theirs", "clientSecret": "x" } });
    administrator.post(&path, theirs).await;
    let mut more = identity.clone();
    more["brokers"] = json!([broker("google", "Google"), broker("github", "GitHub")]);
    world.tenant(&slug, json!({ "deletionPolicy": "Delete", "identity": more })).await;
    let tenant = world.until(&slug, "IdentityReady", "False", "Conflict").await;
    assert!(tenant.status.unwrap().identity.is_some());
    let found = brokers().await;
    let github = found.as_array().unwrap().iter().find(|broker| broker["alias"] == "github").unwrap();
    assert_eq!(github["config"]["clientId"], "theirs");
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    let left = |found: &Value| found.as_array().unwrap().iter().all(|broker| broker["alias"] == "github");
    until("ours are gone and theirs is not", &brokers, left).await;
    assert_eq!(brokers().await.as_array().unwrap().len(), 1);
    world.delete(&world.tenants(), &slug).await;
    operator.stop().await;
}

/// By an operator that looks at nothing by itself for an hour.
#[tokio::test]
async fn a_secret_that_comes_is_taken_before_the_next_resync() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let slug = world.database.unique("acme");
    let path = format!("/tenant-{slug}/identity-provider/instances");
    let administrator = world.administrator();
    let brokers = async || administrator.get(&path).await;
    let broker =
        json!({ "alias": "google", "type": "Google", "clientId": "it", "clientSecretRef": { "key": "google" } });
    world.tenant(&slug, json!({ "deletionPolicy": "Delete", "identity": { "brokers": [broker] } })).await;
    world.until(&slug, "NamespaceReady", "True", "").await;
    world.until(&slug, "IdentityReady", "False", "SecretNotFound").await;
    // First without the key.
    credentials(&world, &slug, &[("github", "one")]).await;
    let without_key = async || {
        let tenant = world.tenants().get(&slug).await.unwrap();
        let conditions = tenant.status.unwrap().conditions;
        conditions.iter().any(|one| one.type_ == "IdentityReady" && one.message.contains("needs the key google"))
    };
    wait_until("the Secret is seen, and lacks the key", PATIENCE, without_key).await;
    assert_eq!(brokers().await, json!([]));
    credentials(&world, &slug, &[("github", "one"), ("google", "two")]).await;
    world.ready(&slug).await;
    assert_eq!(brokers().await[0]["alias"], "google");
    world.delete(&world.tenants(), &slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_tenant_with_settings_is_at_rest() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let slug = world.database.unique("acme");
    let identity = json!({ "mfa": "Required", "loginTheme": "keycloak", "passwordPolicy": { "minLength": 12 },
        "brokers": [{ "alias": "google", "type": "Google", "clientId": "it", "clientSecretRef": { "key": "google" } }],
        "smtp": { "host": "smtp.acme.test", "from": "it@acme.test",
            "auth": { "username": "it", "passwordRef": { "key": "smtp" } } } });
    world.tenant(&slug, json!({ "deletionPolicy": "Delete", "identity": identity })).await;
    world.until(&slug, "NamespaceReady", "True", "").await;
    credentials(&world, &slug, &[("google", "one"), ("smtp", "two")]).await;
    world.ready(&slug).await;
    let looks = "plexica_operator_reconciles_total";
    let looked = async |times: f64| {
        let wanted = operator.count(looks).await + times;
        wait_until("it was looked at", PATIENCE, async || operator.count(looks).await >= wanted).await;
    };
    // What was under way is over.
    looked(2.0).await;
    let state = async || {
        let tenant = world.tenants().get(&slug).await.unwrap().resource_version();
        (tenant, world.keycloak.written(), operator.count("plexica_operator_backend_changes_total").await)
    };
    let before = state().await;
    looked(4.0).await;
    assert_eq!(state().await, before);
    // A label of the tenant's is no reason to write either.
    let patch = json!({ "metadata": { "annotations": { "touched": "yes" } } });
    world.tenants().patch(&slug, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    looked(2.0).await;
    assert_eq!(state().await.1, before.1);
    world.delete(&world.tenants(), &slug).await;
    operator.stop().await;
}
