//! Over HTTPS: the CA bundle and the policy.

use plexica_backends::s3::preflight::preflight;
use plexica_backends::s3::{Config, Store, bucket};
use plexica_backends::{Kind, Retired};
use plexica_crds::tenant::DeletionPolicy::Delete;

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
    assert_eq!(bucket::retire(&store, &world.intents, &desired, Delete).await.unwrap(), Retired::Removed);

    // Tenants are not kept out by it, although the proxy ended TLS.
    assert_eq!(preflight(&store, "tenant-").await, []);
}
