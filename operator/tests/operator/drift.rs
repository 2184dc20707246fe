//! Parts of a tenant that somebody else changed: brought back, or left and told.

use k8s_openapi::{api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use plexica_testkit::{wait_for, wait_until};
use serde_json::{Value, json};

use crate::{
    foreign::root,
    hands::{Hand, Victim, told},
    world::{PATIENCE, World, is},
};

/// Changes the tenant's spec.
pub async fn change(world: &World, slug: &str, spec: Value) {
    let patch = Patch::Merge(json!({ "spec": spec }));
    world.tenants().patch(slug, &PatchParams::default(), &patch).await.unwrap();
}

/// Waits until the condition Drifted names all of these and none of those.
pub async fn drifted(world: &World, slug: &str, named: &[String], unnamed: &[String]) -> Vec<Condition> {
    wait_for(&format!("Drifted names {named:?} and not {unnamed:?}"), PATIENCE, async || {
        let conditions = world.tenants().get(slug).await.unwrap().status?.conditions;
        let drifted = conditions.iter().find(|one| one.type_ == "Drifted" && one.status == "True")?;
        let has = |words: &String| drifted.message.contains(words.as_str());
        (named.iter().all(has) && !unnamed.iter().any(has)).then_some(conditions)
    })
    .await
}

#[tokio::test]
async fn what_others_change_of_a_tenant_is_brought_back_and_told() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    let tenant = world.ready(&slug).await.status.unwrap();
    assert!(is(&tenant.conditions, "Drifted", "False", "Provisioned"), "{:?}", tenant.conditions);
    assert_eq!(tenant.applied.len(), 6, "{:?}", tenant.applied);
    let victim = Victim::new(&world, &slug);
    for hand in [Hand::Owner].into_iter().chain(Hand::AT_ONCE) {
        assert!(victim.whole(hand).await, "{hand:?} is as it should be");
        victim.by(hand).await;
        let event = told(&world, "default", &slug, "DriftRepaired", &victim.words(hand)).await;
        assert_eq!(event.type_.as_deref(), Some("Normal"));
        victim.mended(hand).await;
    }
    assert!(operator.count("plexica_operator_drift_total").await >= 12.0);
    assert_eq!(world.ready(&slug).await.status.unwrap().applied, tenant.applied);

    // A schema in hands from which it cannot be taken is somebody else's; the message says what helps.
    let schema = &victim.schema;
    world.execute(&format!("ALTER SCHEMA {schema} OWNER TO CURRENT_USER")).await;
    let tenant = world.until(&slug, "DatabaseReady", "False", "Conflict").await.status.unwrap();
    let remedy = format!("ALTER SCHEMA \"{schema}\" OWNER TO plexica_provisioner");
    assert!(tenant.conditions[0].message.contains(&remedy), "{:?}", tenant.conditions[0]);
    world.execute(&remedy).await;
    world.ready(&slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn under_report_it_is_left_and_named_and_what_the_spec_asks_is_done_all_the_same() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "driftPolicy": "Report" })).await;
    world.ready(&slug).await;
    let victim = Victim::new(&world, &slug);
    let all = |hands: &[Hand]| hands.iter().map(|hand| victim.words(*hand)).collect::<Vec<_>>();
    let written = world.keycloak.written().len();
    for hand in Hand::AT_ONCE {
        victim.by(hand).await;
    }
    let conditions = drifted(&world, &slug, &all(&Hand::AT_ONCE), &[]).await;
    assert!(is(&conditions, "Drifted", "True", "DriftDetected"));
    assert!(is(&conditions, "Ready", "True", "Provisioned"), "what differs works: {conditions:?}");
    // Cut to what an Event holds.
    told(&world, "default", &slug, "DriftDetected", "a repair would ").await;
    let seen = operator.count("plexica_operator_reconciles_total").await;
    wait_until("it was looked at again", PATIENCE, async || {
        operator.count("plexica_operator_reconciles_total").await >= seen + 3.0
    })
    .await;
    for hand in Hand::AT_ONCE {
        assert!(!victim.whole(hand).await, "{hand:?} is left");
    }
    assert_eq!(world.keycloak.written().len(), written, "nothing was written");

    // Another spec for the realm is brought to the realm, and to nothing else.
    let realm = [Hand::Realm, Hand::Client, Hand::Role];
    let others: Vec<Hand> = Hand::AT_ONCE.into_iter().filter(|hand| !realm.contains(hand)).collect();
    change(&world, &slug, json!({ "domains": ["app.acme.test"] })).await;
    // Its Secret says what it said.
    drifted(&world, &slug, &all(&others), &all(&realm)).await;
    for hand in realm {
        assert!(victim.whole(hand).await, "{hand:?} is part of what was asked for");
    }
    let client = victim.administrator.get(&format!("/{}/clients?clientId=web", victim.name)).await;
    assert_eq!(client[0]["redirectUris"], json!(["https://app.acme.test/*"]));

    // What was undone by hand is no difference any more.
    world.execute(&format!("ALTER ROLE {} NOLOGIN", victim.schema)).await;
    let left: Vec<Hand> = others.into_iter().filter(|hand| *hand != Hand::Login).collect();
    drifted(&world, &slug, &all(&left), &all(&[Hand::Login])).await;

    change(&world, &slug, json!({ "driftPolicy": "Repair" })).await;
    for hand in Hand::AT_ONCE {
        victim.mended(hand).await;
    }
    world.until(&slug, "Drifted", "False", "Provisioned").await;
    told(&world, "default", &slug, "DriftRepaired", &victim.words(Hand::Usage)).await;

    // Who gives the schema away hides its grants, so that comes by itself.
    change(&world, &slug, json!({ "driftPolicy": "Report" })).await;
    wait_until("the policy is seen", PATIENCE, async || {
        let tenant = world.tenants().get(&slug).await.unwrap();
        tenant.status.unwrap().observed_generation == tenant.metadata.generation
    })
    .await;
    victim.by(Hand::Owner).await;
    drifted(&world, &slug, &all(&[Hand::Owner]), &[]).await;
    assert!(!victim.whole(Hand::Owner).await);

    // What is somebody else's by now is no drift: neither left as ours nor to be brought back.
    world.execute(&format!("ALTER SCHEMA {} OWNER TO CURRENT_USER", victim.schema)).await;
    world.until(&slug, "DatabaseReady", "False", "Conflict").await;
    world.execute(&format!("ALTER SCHEMA {schema} OWNER TO {schema}", schema = victim.schema)).await;
    change(&world, &slug, json!({ "driftPolicy": "Repair" })).await;
    victim.mended(Hand::Owner).await;
    operator.stop().await;
}

#[tokio::test]
async fn under_report_what_was_removed_is_not_ready_until_it_may_be_made_again() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "driftPolicy": "Report" })).await;
    world.ready(&slug).await;
    let victim = Victim::new(&world, &slug);
    let (name, schema) = (&victim.name, &victim.schema);
    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), name);
    for secret in ["plexica-identity", "plexica-storage"] {
        secrets.delete(secret, &DeleteParams::default()).await.unwrap();
    }
    world.until(&slug, "NamespaceReady", "False", "DriftDetected").await;
    world.execute(&format!("DROP SCHEMA {schema} CASCADE")).await;
    victim.administrator.remove(name).await;
    root(&world).delete_bucket().bucket(name).send().await.unwrap();
    for part in ["DatabaseReady", "IdentityReady", "StorageReady"] {
        world.until(&slug, part, "False", "DriftDetected").await;
    }
    let missing = [format!("create schema {schema}"), format!("create realm {name}"), format!("create bucket {name}")];
    let conditions = drifted(&world, &slug, &missing, &[]).await;
    assert!(is(&conditions, "Ready", "False", "DriftDetected") && is(&conditions, "Stalled", "True", "DriftDetected"));
    assert!(!world.has_schema(schema).await);
    assert_eq!(world.realm(name).await, 404);

    change(&world, &slug, json!({ "driftPolicy": "Repair" })).await;
    world.ready(&slug).await;
    assert!(world.has_schema(schema).await);
    assert_eq!(world.realm(name).await, 200);
    for secret in ["plexica-identity", "plexica-storage"] {
        assert!(world.find::<Secret>(&slug, secret).await.is_some(), "{secret}");
    }
    for text in missing {
        told(&world, "default", &slug, "DriftRepaired", &text.replace("create ", "created ")).await;
    }
    operator.stop().await;
}
