//! A store behind TLS, and somebody who changes what the policy of a tenant's bucket says about that.

use aws_sdk_s3::Client;
use plexica_testkit::{wait_for, wait_until};
use serde_json::{Value, json};

use crate::{
    drift::{change, drifted},
    foreign::root,
    hands::told,
    running::{Operator, vigilant},
    tls::{Proxy, Start},
    world::{PATIENCE, World, is},
};

/// One that looks at everything every second, and at the store over TLS.
async fn operator(world: &World) -> (Operator, Proxy) {
    let proxy = Proxy::start(Start::Direct, world.store.endpoint.replace("http://", "")).await;
    let operator = world.operator_with(|config| {
        vigilant(config);
        config.storage.s3_endpoint = Some(format!("https://localhost:{}", proxy.addr.port()).parse().unwrap());
        config.common.ca_bundle = Some(proxy.bundle());
    });
    (operator, proxy)
}

/// A bucket, by its owner's root user.
struct Bucket {
    store: Client,
    name: String,
}

impl Bucket {
    async fn policy(&self) -> Option<Value> {
        let found = self.store.get_bucket_policy().bucket(&self.name).send().await.ok()?;
        Some(serde_json::from_str(&found.policy?).unwrap())
    }

    async fn set(&self, policy: &Value) {
        self.store.put_bucket_policy().bucket(&self.name).policy(policy.to_string()).send().await.unwrap();
    }

    async fn unset(&self) {
        self.store.delete_bucket_policy().bucket(&self.name).send().await.unwrap();
    }

    /// The statement that refuses what does not come by TLS.
    fn statement(policy: &Value) -> Option<&Value> {
        policy["Statement"].as_array().unwrap().iter().find(|one| one["Sid"] == "PlexicaEncryptedOnly")
    }

    fn refuses_plain(&self, policy: &Value) -> bool {
        let places = json!([format!("arn:aws:s3:::{}", self.name), format!("arn:aws:s3:::{}/*", self.name)]);
        let sorted = |value: &Value| {
            let mut list = value.as_array().unwrap().clone();
            list.sort_by_key(ToString::to_string);
            list
        };
        Self::statement(policy)
            .is_some_and(|one| one["Effect"] == "Deny" && sorted(&one["Resource"]) == sorted(&places))
    }

    /// Ours for a part of what it is for, beside one of theirs.
    fn blunted(&self, policy: &Value) -> Value {
        let mut ours = Self::statement(policy).unwrap().clone();
        ours["Resource"] = json!([format!("arn:aws:s3:::{}/public/*", self.name)]);
        let theirs = json!({
            "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": ["*"] }, "Action": ["s3:GetObject"],
            "Resource": [format!("arn:aws:s3:::{}/public/*", self.name)],
        });
        json!({ "Version": "2012-10-17", "Statement": [ours, theirs] })
    }
}

#[tokio::test]
async fn the_policy_of_a_bucket_is_brought_back_and_told() {
    let Some(world) = World::new().await else { return };
    let (operator, _proxy) = operator(&world).await;
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    let bucket = Bucket { store: root(&world), name: format!("tenant-{slug}") };
    let first = bucket.policy().await.unwrap();
    assert!(bucket.refuses_plain(&first), "{first}");
    let words = format!("set the policy of bucket {}", bucket.name);

    bucket.unset().await;
    let whole = async || bucket.policy().await.is_some_and(|policy| bucket.refuses_plain(&policy));
    wait_until("it is back", PATIENCE, whole).await;
    told(&world, "default", &slug, "DriftRepaired", &words).await;
    bucket.set(&bucket.blunted(&first)).await;
    wait_until("it refuses all that is plain again", PATIENCE, whole).await;
    let both = bucket.policy().await.unwrap();
    let statements = both["Statement"].as_array().unwrap();
    assert!(statements.len() == 2 && statements.iter().any(|one| one["Sid"] == "Theirs"), "theirs stays: {both}");
    world.ready(&slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn under_report_the_policy_of_a_bucket_is_left_and_named() {
    let Some(world) = World::new().await else { return };
    let (operator, _proxy) = operator(&world).await;
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "driftPolicy": "Report" })).await;
    world.ready(&slug).await;
    let bucket = Bucket { store: root(&world), name: format!("tenant-{slug}") };
    let first = bucket.policy().await.unwrap();
    let words = [format!("set the policy of bucket {}", bucket.name)];
    let seen = async || {
        let seen = operator.count("plexica_operator_reconciles_total").await;
        wait_until("it was looked at again", PATIENCE, async || {
            operator.count("plexica_operator_reconciles_total").await >= seen + 3.0
        })
        .await;
    };

    let blunted = bucket.blunted(&first);
    bucket.set(&blunted).await;
    let conditions = drifted(&world, &slug, &words, &[]).await;
    assert!(is(&conditions, "Drifted", "True", "DriftDetected"), "{conditions:?}");
    assert!(is(&conditions, "Ready", "True", "Provisioned"), "what differs works: {conditions:?}");
    told(&world, "default", &slug, "DriftDetected", &words[0]).await;
    seen().await;
    assert!(!bucket.refuses_plain(&bucket.policy().await.unwrap()), "it is left");
    bucket.unset().await;
    seen().await;
    assert_eq!(bucket.policy().await, None, "it is left");
    drifted(&world, &slug, &words, &[]).await;

    // Undone by hand it is no difference any more.
    bucket.set(&first).await;
    world.until(&slug, "Drifted", "False", "Provisioned").await;
    bucket.unset().await;
    drifted(&world, &slug, &words, &[]).await;
    change(&world, &slug, json!({ "driftPolicy": "Repair" })).await;
    wait_for("it is back", PATIENCE, async || bucket.policy().await.filter(|policy| bucket.refuses_plain(policy)))
        .await;
    world.until(&slug, "Drifted", "False", "Provisioned").await;
    told(&world, "default", &slug, "DriftRepaired", &words[0]).await;
    operator.stop().await;
}
