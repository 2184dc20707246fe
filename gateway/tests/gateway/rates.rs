//! How fast a tenant's requests may come.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    harness::{Bench, claims},
    resources::{install, snapshot, tenant, with},
};

/// So slow that none of a test's requests is allowed again while it runs.
const SLOW: i32 = 1;

fn limited(slug: &str, limits: &Value) -> Value {
    let plan = json!({
        "name": "small", "digest": "1", "since": "2026-01-01T00:00:00Z", "limits": { "rateLimits": limits },
    });
    with(tenant(slug), "/status/plan", plan)
}

fn publish(bench: &Bench, acme: Value) {
    let installs =
        [install("tenant-acme", "acme", &bench.crm.url()), install("tenant-globex", "globex", &bench.other_crm.url())];
    bench.feed.publish(snapshot(&[acme, tenant("globex")], &installs));
}

async fn statuses(bench: &Bench, count: usize) -> Vec<u16> {
    let token = bench.acme.token(&claims("tenant-acme"));
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(bench.status(&token).await);
    }
    all
}

#[tokio::test]
async fn one_too_many_is_429_and_says_when_to_come_again() {
    let bench = Bench::start().await;
    publish(&bench, limited("acme", &json!({ "requestsPerSecond": SLOW, "burst": 20 })));
    // Within the time that these take, some more are allowed; a machine that is busy may take seconds.
    let began = Instant::now();
    let answers = statuses(&bench, 30).await;
    let allowed = 20 + usize::try_from(began.elapsed().as_secs()).unwrap() + 1;
    let passed = answers.iter().filter(|status| **status == 200).count();
    assert!((20..=allowed).contains(&passed), "{answers:?}");
    assert!(answers[..20].iter().all(|status| *status == 200), "{answers:?}");
    assert_eq!(bench.crm.count(), passed, "what is refused goes nowhere");

    let answer = loop {
        let token = bench.acme.token(&claims("tenant-acme"));
        let request = bench.http.get(bench.url("/api/plugins/crm/x")).bearer_auth(token);
        let answer = request.header("origin", "https://app.acme.test").send().await.unwrap();
        if answer.status() != 200 {
            break answer;
        }
    };
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.acme.test");
    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "TOO_MANY_REQUESTS");
}

#[tokio::test]
async fn others_are_not_held_up() {
    let bench = Bench::start().await;
    publish(&bench, limited("acme", &json!({ "requestsPerSecond": SLOW })));
    let _first = statuses(&bench, 5).await;
    assert!(statuses(&bench, 3).await.contains(&429));
    // Another tenant, the platform's own users, and who shows no token that holds.
    let globex = bench.globex.token(&claims("tenant-globex"));
    let platform = bench.platform.token(&claims("plexica"));
    for _ in 0..10 {
        assert_eq!(bench.status(&globex).await, 200);
        let me = bench.http.get(bench.url("/api/v1/me")).bearer_auth(&platform).send().await.unwrap();
        assert_eq!(me.status(), 200);
        assert_eq!(bench.status("no token").await, 401);
    }
}

#[tokio::test]
async fn a_changed_plan_counts_anew_and_another_snapshot_does_not() {
    let bench = Bench::start().await;
    let slow = json!({ "requestsPerSecond": SLOW, "burst": 3 });
    publish(&bench, limited("acme", &slow));
    let began = Instant::now();
    let _all = statuses(&bench, 10).await;
    publish(&bench, limited("acme", &slow));
    let again = statuses(&bench, 10).await;
    let refilled = usize::try_from(began.elapsed().as_secs()).unwrap() + 1;
    let passed = again.iter().filter(|status| **status == 200).count();
    assert!(passed <= refilled.min(3), "the bucket is as empty as it was: {again:?} after {:?}", began.elapsed());

    publish(&bench, limited("acme", &json!({ "requestsPerSecond": 1000 })));
    assert_eq!(statuses(&bench, 10).await, [200; 10]);
    publish(&bench, limited("acme", &slow));
    assert!(statuses(&bench, 30).await.contains(&429));
    publish(&bench, tenant("acme"));
    assert_eq!(statuses(&bench, 10).await, [200; 10], "no limit any more");
}

#[tokio::test]
async fn the_limit_is_of_all_users_together_and_time_fills_it() {
    let bench = Bench::start().await;
    publish(&bench, limited("acme", &json!({ "requestsPerSecond": 2, "burst": 2 })));
    let token = |user: &str| {
        let mut claims = claims("tenant-acme");
        claims["sub"] = json!(user);
        bench.acme.token(&claims)
    };
    let mut refused = false;
    for user in ["u1", "u2", "u3", "u4", "u5", "u6"] {
        refused |= bench.status(&token(user)).await == 429;
    }
    assert!(refused);
    plexica_testkit::wait_until("it is let in again", Duration::from_secs(10), async || {
        bench.status(&token("u1")).await == 200
    })
    .await;
}
