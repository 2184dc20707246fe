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

/// What was asked of all systems until now, and how often somebody looked.
#[derive(Clone, Debug)]
struct Asked {
    tenants: f64,
    installs: f64,
    /// Postgres, sign-ins to it, Keycloak, the object store, Kubernetes.
    calls: [usize; 5],
}

/// How often a tenant and an install were looked at, to the end of the look.
async fn looks(operator: &Operator) -> [u32; 2] {
    let (_, metrics) = operator.get("/metrics").await;
    ["Tenant", "PluginInstall"].map(|kind| {
        let line = format!("{RECONCILES}{{kind=\"{kind}\"}} ");
        metrics.lines().find_map(|found| found.strip_prefix(&line)).map_or(0, |count| count.parse().unwrap())
    })
}

/// All of one moment: no look ended while this was read, so that at most one of each kind is in it by half.
async fn asked(world: &World, operator: &Operator, slug: &str) -> Asked {
    let of_it = |all: Vec<String>| all.into_iter().filter(|line| line.contains(slug)).count();
    loop {
        let ended = looks(operator).await;
        let postgres = world.postgres.calls();
        // The operator looks at the platform's schema and at its migrations.
        let queries = postgres.queries.saturating_sub(2 * postgres.of_platform);
        let sign_ins = postgres.sign_ins.iter().filter(|said| said.contains("\0plugin_")).count();
        let [keycloak, store] = [&world.keycloak, &world.s3].map(|gate| of_it(gate.calls().requests));
        let calls = [queries, sign_ins, keycloak, store, of_it(operator.reads())];
        if looks(operator).await == ended {
            let [tenants, installs] = ended.map(f64::from);
            return Asked { tenants, installs, calls };
        }
    }
}

/// Looks of each kind over which calls are counted: enough that one call more a look is more than what
/// belongs to the looks that are under way at the first moment and at the last.
const LOOKS: f64 = 24.0;
/// What a look of a tenant, and of an install as a process, asks of each system: `docs/drift.md` says the same. A login
/// is tried once a resync, which is at every look here.
const OF_TENANT: [f64; 5] = [3.0, 0.0, 4.0, 1.0, 4.0];
const OF_INSTALL: [f64; 5] = [7.0, 1.0, 0.0, 0.0, 1.0];

/// Waits until there were as many looks, and holds what was asked against what that may cost.
async fn costs(world: &World, operator: &Operator, slug: &str) {
    let before = asked(world, operator, slug).await;
    let with_install = world.installs(slug).get_opt("it").await.unwrap().is_some();
    let mut after = before.clone();
    wait_until("it was looked at", PATIENCE, async || {
        after = asked(world, operator, slug).await;
        let (tenants, installs) = (after.tenants - before.tenants, after.installs - before.installs);
        tenants >= LOOKS && (installs >= LOOKS || !with_install)
    })
    .await;
    let (tenants, installs) = (after.tenants - before.tenants + 1.0, after.installs - before.installs);
    let installs = if with_install { installs + 1.0 } else { 0.0 };
    // Both queries of a look at the platform are taken off at its first: the second may come after the moment.
    let halves = [1.0, 0.0, 0.0, 0.0, 0.0];
    for (system, name) in ["Postgres", "signing in", "Keycloak", "S3", "Kubernetes"].into_iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let calls = after.calls[system] as f64 - before.calls[system] as f64;
        let most = tenants.mul_add(OF_TENANT[system], installs * OF_INSTALL[system]) + halves[system];
        assert!(calls <= most, "{name}: {calls} calls for {tenants} looks of a tenant, {installs} of an install");
        // As much as that: what says more than is asked would let more be asked.
        let least = (tenants - 2.0).mul_add(OF_TENANT[system], (installs - 2.0).max(0.0) * OF_INSTALL[system]);
        let least = least - halves[system];
        assert!(calls >= least, "{name}: {calls} calls for {tenants} looks of a tenant, {installs} of an install");
    }
}

#[tokio::test]
async fn a_look_at_what_rests_costs_no_more_than_is_said() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    costs(&world, &operator, &slug).await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;
    // The first look at what has just become so still tells of it.
    let [_, seen] = looks(&operator).await;
    wait_until("it rests", PATIENCE, async || looks(&operator).await[1] >= seen + 4).await;
    costs(&world, &operator, &slug).await;
    operator.stop().await;
}
