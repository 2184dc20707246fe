//! Over HTTPS: the CA bundle and the policy.

use plexica_backends::s3::preflight::preflight;
use plexica_backends::s3::{Config, Store, bucket};
use plexica_backends::{Kind, Retired};
use plexica_crds::tenant::DeletionPolicy::Delete;
use serde_json::{Value, json};

use crate::on_stores;
use crate::support::{Proxy, Start};
use crate::world::World;

on_stores! { buckets_refuse_unencrypted_requests }

async fn buckets_refuse_unencrypted_requests(world: World) {
    let upstream = world.config.endpoint.clone().unwrap().replace("http://", "");
    let proxy = Proxy::start(Start::Direct, upstream).await;
    let encrypted = Config {
        endpoint: Some(format!("https://localhost:{}", proxy.addr.port())),
        ca_bundle: Some(proxy.bundle()),
        ..world.config.clone()
    };
    let stranger = Store::new(Config { ca_bundle: None, ..encrypted.clone() }).unwrap();
    let desired = World::desired("1");
    let error = bucket::observe(&stranger, &world.intents, &desired).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable, "{error:?}");

    let store = Store::new(encrypted).unwrap();
    let ensure = async || {
        let observed = bucket::observe(&store, &world.intents, &desired).await.unwrap();
        bucket::ensure(&store, &world.intents, &desired, &observed).await.unwrap()
    };
    let made = ensure().await;
    assert!(made.iter().any(|change| change.contains("policy")), "{made}");
    assert!(ensure().await.is_empty());
    let policy = world.root().get_bucket_policy().bucket(&desired.bucket).send().await.unwrap().policy.unwrap();
    assert!(policy.contains("aws:SecureTransport") && policy.contains("Deny"), "{policy}");

    // Taken away, or blunted, it is named and comes back; what somebody else added stays.
    let differences = async || {
        let observed = bucket::observe(&store, &world.intents, &desired).await.unwrap();
        bucket::differences(&store, &desired, &observed).unwrap().to_string()
    };
    assert_eq!(differences().await, "");
    let theirs = json!({
        "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": ["*"] }, "Action": ["s3:GetObject"],
        "Resource": [format!("arn:aws:s3:::{}/public/*", desired.bucket)],
    });
    let mut blunted: Value = serde_json::from_str(&policy).unwrap();
    blunted["Statement"][0]["Resource"] = json!([format!("arn:aws:s3:::{}/*", desired.bucket)]);
    blunted["Statement"].as_array_mut().unwrap().push(theirs.clone());
    let set = format!("set the policy of bucket {}", desired.bucket);
    for tampered in [json!({ "Version": "2012-10-17", "Statement": [theirs] }), blunted] {
        let put = world.root().put_bucket_policy().bucket(&desired.bucket).policy(tampered.to_string());
        put.send().await.unwrap();
        assert_eq!(differences().await, set);
        assert_eq!(differences().await, set, "to say so changes nothing");
        assert_eq!(ensure().await.to_string(), set);
        assert!(ensure().await.is_empty());
    }
    let policy = world.root().get_bucket_policy().bucket(&desired.bucket).send().await.unwrap().policy.unwrap();
    assert!(policy.contains("Theirs") && policy.contains("aws:SecureTransport"), "{policy}");
    assert_eq!(bucket::retire(&store, &world.intents, &desired, Delete).await.unwrap(), Retired::Removed);

    // Tenants are not kept out by it, although the proxy ended TLS.
    assert_eq!(preflight(&store, "tenant-").await, []);
}
