//! What is as it should be is looked at and not written to.

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{Api, Resource, ResourceExt, api::ListParams};
use plexica_testkit::wait_until;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{
    running::Operator,
    world::{PATIENCE, World},
};

const TENANTS: usize = 10;
const CHANGES: &str = "plexica_operator_backend_changes_total";
const RECONCILES: &str = "plexica_operator_reconciles_total";

/// What was asked for and what came of it, at Kubernetes, Keycloak, the object store and, as the
/// operator counts it, anywhere.
#[derive(Debug, PartialEq)]
struct Written {
    kubernetes: Vec<String>,
    keycloak: Vec<String>,
    store: Vec<String>,
    changes: f64,
    versions: Vec<Option<String>>,
}

async fn versions<K>(api: Api<K>, names: &[String]) -> Vec<Option<String>>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let all = api.list(&ListParams::default()).await.unwrap();
    all.iter()
        .filter(|object| {
            names.iter().any(|name| object.name_any() == *name || object.namespace().as_ref() == Some(name))
        })
        .map(ResourceExt::resource_version)
        .collect()
}

async fn written(world: &World, operator: &Operator, slugs: &[String], id: &str) -> Written {
    let client = || world.client.clone();
    let names: Vec<String> = slugs.iter().map(|slug| format!("tenant-{slug}")).chain([world.platform()]).collect();
    let mut all = versions(world.tenants(), slugs).await;
    all.extend(versions(world.plugins(), &[format!("{id}-1.0.0")]).await);
    all.extend(versions(Api::<Namespace>::all(client()), &names).await);
    all.extend(versions(Api::<Secret>::all(client()), &names).await);
    all.extend(versions(Api::<plexica_crds::PluginInstall>::all(client()), &names).await);
    // A tenant, an install, a namespace and two Secrets each; a catalogue entry; the platform's
    // namespace and four Secrets.
    assert_eq!(all.len(), TENANTS * 5 + 6);
    Written {
        kubernetes: operator.writes(),
        keycloak: world.keycloak.written(),
        store: world.s3.written(),
        changes: operator.count(CHANGES).await,
        versions: all,
    }
}

/// Waits until everything was looked at so many times more.
async fn rounds(operator: &Operator, rounds: usize) {
    let each = TENANTS * 2 + 1;
    let seen = operator.count(RECONCILES).await;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let wanted = seen + (each * rounds) as f64;
    let looked = async || operator.count(RECONCILES).await >= wanted;
    wait_until("everything was looked at", PATIENCE, looked).await;
}

#[tokio::test]
async fn many_tenants_and_installs_at_rest_are_not_written_to() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let id = world.database.unique("crm");
    world.plugin(&id, "1.0.0").await;
    let slugs: Vec<String> = (0..TENANTS).map(|_| world.database.unique("acme")).collect();
    for slug in &slugs {
        world.tenant(slug, json!({})).await;
    }
    for slug in &slugs {
        world.ready(slug).await;
        world.install(slug, &id, json!({})).await;
    }
    for slug in &slugs {
        world.installed(slug).await;
    }
    // What is told of a moment ago (the count of installs, Events) is still on its way.
    rounds(&operator, 2).await;

    let names: Vec<String> = slugs.iter().cloned().chain([id.clone()]).collect();
    let before = written(&world, &operator, &slugs, &id).await;
    assert!(before.kubernetes.len() > TENANTS && before.keycloak.len() >= TENANTS && before.store.len() >= TENANTS);
    rounds(&operator, 3).await;
    assert_eq!(written(&world, &operator, &slugs, &id).await, before);

    // Postgres' own statistics come a few seconds late, so what counts is that they come to rest.
    wait_until("Postgres counts nothing more", PATIENCE, async || {
        let counted = world.rows(&names).await;
        assert!(counted.lines().count() > TENANTS, "{counted}");
        rounds(&operator, 2).await;
        world.rows(&names).await == counted
    })
    .await;
    assert_eq!(written(&world, &operator, &slugs, &id).await, before);
    operator.stop().await;
}
