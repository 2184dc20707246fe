//! A cluster that is lost with all that was in it, and built again around the backends.

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use plexica_crds::tenant::Tenant;
use serde_json::json;

use crate::{
    foreign::root,
    plugin::healthy,
    rotation::{gets_token, text},
    world::{World, is},
};

/// Nothing was retained, since nobody deleted anything; and every uid is another.
#[tokio::test]
async fn tenants_and_installs_take_back_what_they_had() {
    let Some(mut world) = World::standalone().await else { return };
    let operator = world.operator();
    let id = world.database.unique("crm");
    let [acme, beta, gama] = ["acme", "beta", "gama"].map(|slug| world.database.unique(slug));
    let schema = format!("tenant_{}_plugin_{}", acme.replace('-', "_"), id.replace('-', "_"));
    let specs = [
        (&acme, json!({})),
        (&beta, json!({ "adoptionPolicy": "Never" })),
        (&gama, json!({ "driftPolicy": "Report" })),
    ];
    let mut uids = Vec::new();
    world.plugin(&id, "1.0.0").await;
    for (slug, spec) in &specs {
        world.tenant(slug, spec.clone()).await;
        uids.push(world.ready(slug).await.uid());
    }
    world.install(&acme, &id, json!({})).await;
    world.installed(&acme).await;
    let identity: Secret = world.find(&acme, "plexica-identity").await.unwrap();
    let bucket = format!("tenant-{acme}");
    let kept = root(&world).put_object().bucket(&bucket).key("letter").body(b"dear".to_vec().into());
    kept.send().await.unwrap();
    operator.kill();

    world.rebuild().await;
    let operator = world.operator();
    world.plugin(&id, "1.0.0").await;
    for (slug, spec) in &specs {
        world.tenant(slug, spec.clone()).await;
    }
    let again: Tenant = world.ready(&acme).await;
    assert_ne!(again.uid(), uids[0]);
    world.install(&acme, &id, json!({})).await;
    let upstream = world.installed(&acme).await.status.unwrap().route.unwrap().upstream;
    assert!(healthy(&upstream).await);
    let notes: Vec<String> = world.sql(&format!("SELECT array_agg(action ORDER BY ctid) FROM {schema}.note")).await;
    assert_eq!(notes, ["Install 1.0.0", "Install 1.0.0"], "it is told to go on with the data that it had");
    let letter = root(&world).get_object().bucket(&bucket).key("letter").send().await.unwrap();
    assert_eq!(letter.body.collect().await.unwrap().to_vec(), b"dear");
    let now: Secret = world.find(&acme, "plexica-identity").await.unwrap();
    assert_eq!(text(&now, "client-secret"), text(&identity, "client-secret"), "servers that have it are not shut out");

    assert!(gets_token(&now).await);

    // That all is another's is no drift to report.
    let reported = world.ready(&gama).await.status.unwrap();
    assert!(is(&reported.conditions, "Drifted", "False", "Provisioned"), "{:?}", reported.conditions);
    assert!(gets_token(&world.find(&gama, "plexica-identity").await.unwrap()).await);

    // Who wants none of it back is told whose it was.
    let refused = world.until(&beta, "Ready", "False", "AdoptionRefused").await.status.unwrap();
    assert!(refused.conditions[0].message.contains("adoptionPolicy is Never"), "{:?}", refused.conditions[0]);
    assert!(world.has_schema(&format!("tenant_{}", beta.replace('-', "_"))).await);
    assert_eq!(world.realm(&format!("tenant-{beta}")).await, 200);
    operator.stop().await;
}
