//! A client's secret that is changed inside Keycloak.

use k8s_openapi::api::core::v1::Secret;
use plexica_crds::label::ROTATE;
use plexica_testkit::wait_until;
use serde_json::json;

use crate::{
    hands::{Victim, told},
    rotation::{annotate, gets_token, identity, text, turned_realm},
    world::{PATIENCE, World},
};

/// Whoever has the realm's administration gives the client another secret.
async fn replace(victim: &Victim<'_>, secret: &Secret) {
    let client = text(secret, "client-id");
    let found = victim.administrator.get(&format!("/{}/clients?clientId={client}", victim.name)).await[0].clone();
    let mut changed = found.clone();
    changed["secret"] = json!("theirs");
    let path = format!("/{}/clients/{}", victim.name, found["id"].as_str().unwrap());
    victim.administrator.put(&path, changed).await;
}

#[tokio::test]
async fn it_is_brought_back_to_what_servers_know() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "rotation": { "overlap": "1h" } })).await;
    world.ready(&slug).await;
    let victim = Victim::new(&world, &slug);
    // The first is of Keycloak's making, the next is ours.
    for (client, generation) in [("api", 1), ("api-2", 2)] {
        if generation > 1 {
            annotate(&world.tenants(), &slug, ROTATE, "now").await;
            turned_realm(&world, &slug, generation, false).await;
            wait_until("the Secret says it", PATIENCE, async || {
                text(&identity(&world, &slug).await, "client-id") == client
            })
            .await;
        }
        let known = identity(&world, &slug).await;
        assert!(gets_token(&known).await);
        replace(&victim, &known).await;
        let words = format!("set secret of client {client} in realm {}", victim.name);
        let event = told(&world, "default", &slug, "DriftRepaired", &words).await;
        assert!(!event.note.unwrap().contains("theirs"));
        wait_until("it is good again", PATIENCE, async || gets_token(&known).await).await;
        assert_eq!(identity(&world, &slug).await.data, known.data);
    }
    operator.stop().await;
}

#[tokio::test]
async fn under_report_it_is_named_and_left() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "driftPolicy": "Report" })).await;
    world.ready(&slug).await;
    let (victim, known) = (Victim::new(&world, &slug), identity(&world, &slug).await);
    replace(&victim, &known).await;
    let drifted = world.until(&slug, "Drifted", "True", "DriftDetected").await.status.unwrap();
    let told = drifted.conditions.iter().find(|condition| condition.type_ == "Drifted").unwrap();
    assert!(told.message.contains("set secret of client api in realm"), "{told:?}");
    let seen = operator.count("plexica_operator_reconciles_total").await;
    wait_until("it was looked at again", PATIENCE, async || {
        operator.count("plexica_operator_reconciles_total").await >= seen + 3.0
    })
    .await;
    assert!(!gets_token(&known).await, "it is left");
    assert_eq!(identity(&world, &slug).await.data, known.data);
    world.until(&slug, "Drifted", "True", "DriftDetected").await;

    world.tenant(&slug, json!({ "driftPolicy": "Repair" })).await;
    wait_until("it is good again", PATIENCE, async || gets_token(&known).await).await;
    operator.stop().await;
}
