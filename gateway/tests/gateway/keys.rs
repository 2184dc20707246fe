//! Realms' keys: fetched when needed, seldom, and kept while Keycloak is down.

use std::time::Duration;

use futures::future::join_all;
use plexica_gateway::Limits;
use plexica_testkit::wait_until;

use crate::harness::{Bench, PATIENCE, Pair, claims, limits};

fn unknown(bench: &Bench, kid: usize) -> String {
    let mut header = bench.acme.header();
    header.kid = Some(format!("made-up-{kid}"));
    bench.acme.sign(&header, &claims("tenant-acme"))
}

#[tokio::test]
async fn an_unknown_issuer_makes_no_call() {
    let bench = Bench::start().await;
    let token = bench.acme.token(&claims("tenant-initech"));
    assert_eq!(bench.status(&token).await, 401);
    assert_eq!(bench.keys.count(), 0);
}

#[tokio::test]
async fn a_flood_of_unknown_key_ids_makes_one_fetch() {
    let bench = Bench::start().await;
    let tokens: Vec<String> = (0..60).map(|kid| unknown(&bench, kid)).collect();
    let statuses = join_all(tokens.iter().map(|token| bench.status(token))).await;
    assert!(statuses.iter().all(|status| *status == 401), "{statuses:?}");
    assert_eq!(bench.keys.count(), 1);
    let good = bench.acme.token(&claims("tenant-acme"));
    assert_eq!(bench.status(&good).await, 200, "who has a good token is not held up by the flood");
    assert_eq!(bench.keys.count(), 1);
    assert_eq!(bench.crm.count(), 1);
}

#[tokio::test]
async fn many_first_requests_make_one_fetch() {
    let bench = Bench::start().await;
    let good = bench.acme.token(&claims("tenant-acme"));
    let statuses = join_all((0..20).map(|_| bench.status(&good))).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(bench.keys.count(), 1);
}

#[tokio::test]
async fn a_new_key_is_taken_and_an_old_one_forgotten() {
    let quick =
        Limits { keys_min_interval: Duration::from_millis(20), keys_max_age: Duration::from_millis(50), ..limits() };
    let bench = Bench::with(quick, |_| {}).await;
    let old = bench.acme.token(&claims("tenant-acme"));
    assert_eq!(bench.status(&old).await, 200);
    let next = Pair::new();
    bench.keys.set("tenant-acme", &next);
    let new = next.token(&claims("tenant-acme"));
    wait_until("the new key is taken", PATIENCE, async || bench.status(&new).await == 200).await;
    wait_until("the old key is refused", PATIENCE, async || bench.status(&old).await == 401).await;
}

#[tokio::test]
async fn known_keys_serve_on_while_keycloak_is_down() {
    let quick =
        Limits { keys_min_interval: Duration::from_millis(1), keys_max_age: Duration::from_millis(1), ..limits() };
    let bench = Bench::with(quick, |_| {}).await;
    let good = bench.acme.token(&claims("tenant-acme"));
    assert_eq!(bench.status(&good).await, 200);
    bench.keys.realms.lock().unwrap().clear();
    let fetches = bench.keys.count();
    wait_until("a fetch failed", PATIENCE, async || {
        assert_eq!(bench.status(&good).await, 200);
        bench.keys.count() > fetches
    })
    .await;
    assert_eq!(bench.status(&good).await, 200);
    let of_globex = bench.globex.token(&claims("tenant-globex"));
    assert_eq!(bench.status(&of_globex).await, 503, "whose keys were never had cannot be told from a forger");
    assert_eq!(bench.other_crm.count(), 0);
}
