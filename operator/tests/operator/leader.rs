//! Operators that elect a leader.

use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, api::DeleteParams};
use plexica_operator::Config;
use plexica_testkit::wait_until;
use serde_json::json;

use crate::{
    running::Operator,
    world::{PATIENCE, World},
};

const RECONCILES: &str = "plexica_operator_reconciles_total";

fn elects(config: &mut Config) {
    config.work.leader_election = true;
}

async fn holder(world: &World) -> Option<String> {
    let leases = Api::<Lease>::namespaced(world.client.clone(), &world.platform());
    leases.get_opt("plexica-operator").await.unwrap()?.spec?.holder_identity
}

/// A new tenant becomes ready.
async fn works(world: &World) {
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
}

async fn waits(operator: &Operator) {
    wait_until("who waits is ready", PATIENCE, async || operator.get("/readyz").await.0 == 200).await;
    assert!(operator.count(RECONCILES).await < 1.0);
    let touched: Vec<String> = operator.writes().into_iter().filter(|write| !write.contains("/leases")).collect();
    assert_eq!(touched, Vec::<String>::new(), "only the Lease is its business");
}

/// Somebody cleans up, while one leads and another waits.
#[tokio::test]
async fn a_lease_that_was_removed_is_made_again_and_somebody_leads() {
    let Some(world) = World::new().await else { return };
    let _replicas = [world.operator_with(elects), world.operator_with(elects)];
    works(&world).await;
    let leases = Api::<Lease>::namespaced(world.client.clone(), &world.platform());
    leases.delete("plexica-operator", &DeleteParams::default()).await.unwrap();
    wait_until("somebody leads again", PATIENCE, async || holder(&world).await.is_some()).await;
    works(&world).await;
}

#[tokio::test]
async fn one_leads_and_the_next_takes_over_when_it_ends_or_is_killed() {
    let Some(world) = World::new().await else { return };
    let first = world.operator_with(elects);
    works(&world).await;
    wait_until("who leads is ready", PATIENCE, async || first.get("/readyz").await.0 == 200).await;
    let led_by_first = holder(&world).await.expect("somebody leads");
    let second = world.operator_with(elects);
    waits(&second).await;
    works(&world).await;
    waits(&second).await;
    assert_eq!(holder(&world).await.as_ref(), Some(&led_by_first));

    // It gives the Lease back.
    first.stop().await;
    works(&world).await;
    let led_by_second = holder(&world).await.expect("somebody leads");
    assert_ne!(led_by_second, led_by_first);
    let third = world.operator_with(elects);
    waits(&third).await;

    // It does not.
    second.kill();
    works(&world).await;
    assert_ne!(holder(&world).await.expect("somebody leads"), led_by_second);
    assert!(third.count(RECONCILES).await > 0.0);
    third.stop().await;
}
