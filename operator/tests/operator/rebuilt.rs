//! A cluster that is lost with all that was in it, and built again around the backends; and one that is
//! not lost when another one comes.

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use plexica_backends::{
    ownership::Installation,
    postgres::{bootstrap, core},
};
use plexica_crds::{PluginInstall, label::ROTATE, tenant::Tenant};
use plexica_testkit::{api_server::ApiServer, require, wait_until};
use serde_json::json;

use crate::{
    foreign::root,
    plugin::healthy,
    rotation::{gets_token, text},
    world::{PATIENCE, World, is},
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
    // One that had gone before, and kept what it had.
    let dora = world.database.unique("dora");
    let kept = format!("tenant_{}.kept", dora.replace('-', "_"));
    world.tenant(&dora, json!({})).await;
    world.ready(&dora).await;
    world.execute(&format!("CREATE TABLE {kept} AS SELECT 42 AS answer")).await;
    world.tenants().delete(&dora, &DeleteParams::default()).await.unwrap();
    world.gone(&world.tenants(), &dora).await;
    let bucket = format!("tenant-{acme}");
    let letter = root(&world).put_object().bucket(&bucket).key("letter").body(b"dear".to_vec().into());
    letter.send().await.unwrap();
    operator.kill();

    let lost = world.cluster().await;
    drop(world.rebuild().await);
    let operator = world.operator_with(|config| config.names.former_clusters = vec![lost]);
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

    world.tenant(&dora, json!({})).await;
    world.ready(&dora).await;
    assert_eq!(world.sql::<i32>(&format!("SELECT answer FROM {kept}")).await, 42);
    assert_eq!(world.realm(&format!("tenant-{dora}")).await, 200, "enabled again");

    // Who wants none of it back is told whose it was.
    let refused = world.until(&beta, "Ready", "False", "AdoptionRefused").await.status.unwrap();
    assert!(refused.conditions[0].message.contains("adoptionPolicy is Never"), "{:?}", refused.conditions[0]);
    assert!(world.has_schema(&format!("tenant_{}", beta.replace('-', "_"))).await);
    assert_eq!(world.realm(&format!("tenant-{beta}")).await, 200);
    operator.stop().await;
}

/// A tenant with an install in the first of two clusters that have the same installation id.
async fn taken(world: &World, slug: &str, id: &str) -> Secret {
    world.plugin(id, "1.0.0").await;
    world.tenant(slug, json!({})).await;
    world.ready(slug).await;
    world.install(slug, id, json!({})).await;
    world.installed(slug).await;
    world.find(slug, "plexica-identity").await.unwrap()
}

/// The first cluster has what it had.
async fn goes_on(world: &World, before: &ApiServer, slug: &str, identity: &Secret) {
    assert!(gets_token(identity).await);
    root(world).head_bucket().bucket(format!("tenant-{slug}")).send().await.unwrap();
    let client = before.client().await;
    let tenant = kube::Api::<Tenant>::all(client.clone()).get(slug).await.unwrap();
    assert!(is(&tenant.status.unwrap().conditions, "Ready", "True", "Provisioned"));
    let installs = kube::Api::<PluginInstall>::namespaced(client, &format!("tenant-{slug}"));
    let route = installs.get("it").await.unwrap().status.unwrap().route.unwrap();
    assert!(healthy(&route.upstream).await);
}

/// With the database they would share all that the plugins have.
#[tokio::test]
async fn a_cluster_does_nothing_where_the_database_is_another_ones() {
    let Some(mut world) = World::standalone().await else { return };
    let first = world.operator();
    let [id, slug, new] = ["crm", "acme", "beta"].map(|name| world.database.unique(name));
    let identity = taken(&world, &slug, &id).await;
    let other = world.cluster().await;
    let shared = "SELECT concat_ws(E'\n',
        (SELECT string_agg(nspname || obj_description(oid, 'pg_namespace'), ' ' ORDER BY nspname) FROM pg_namespace),
        (SELECT string_agg(c::text, ' ' ORDER BY c::text) FROM core.plugin_credential c),
        (SELECT string_agg(c::text, ' ' ORDER BY c::text) FROM core.credential_generation c),
        (SELECT string_agg(c::text, ' ' ORDER BY c::text) FROM core.login_password c),
        (SELECT string_agg(c::text, ' ' ORDER BY c::text) FROM core.ownership c),
        (SELECT string_agg(DISTINCT resource_uid, ' ' ORDER BY resource_uid) FROM core.operation))";
    let had: String = world.sql(shared).await;

    let before = world.rebuild().await;
    let second = world.operator();
    for tenant in [&slug, &new] {
        world.tenant(tenant, json!({ "deletionPolicy": "Delete" })).await;
    }
    let namespace = json!({ "kind": "Namespace", "apiVersion": "v1", "metadata": { "name": format!("tenant-{new}") } });
    let namespaces = kube::Api::<Namespace>::all(world.client.clone());
    namespaces.create(&PostParams::default(), &serde_json::from_value(namespace).unwrap()).await.unwrap();
    world.plugin(&id, "1.0.0").await;
    world.install(&new, &id, json!({ "deletionPolicy": "Delete" })).await;
    let rotate = Patch::Merge(json!({ "metadata": { "annotations": { ROTATE: "now" } } }));
    let entry = format!("{id}-1.0.0");
    world.plugins().patch(&entry, &PatchParams::default(), &rotate).await.unwrap();
    let refused = async || {
        let (_, text) = second.get("/metrics").await;
        text.lines()
            .any(|line| line.contains("\"Postgres\"") && line.contains("\"ensure\"") && line.contains("\"error\""))
    };
    wait_until("it has looked at the database", PATIENCE, refused).await;
    let (status, text) = second.get("/readyz").await;
    assert!(status == 503 && text.contains("database"), "{status} {text}");
    assert!(world.tenants().get(&new).await.unwrap().status.is_none());
    world.delete(&world.installs(&new), "it").await;
    for tenant in [&slug, &new] {
        world.delete(&world.tenants(), tenant).await;
    }
    second.stop().await;
    assert_eq!(world.sql::<String>(shared).await, had);
    assert_eq!(world.realm(&format!("tenant-{new}")).await, 404);
    goes_on(&world, &before, &slug, &identity).await;

    // The message names the cluster, and what says that it is gone.
    let databases = world.config().database.backend(None).unwrap();
    let third = Installation { cluster: Some("this".into()), ..Installation::from("plexica") };
    let refused = core::ensure(databases.default_database().unwrap(), &third).await.unwrap_err();
    assert!(refused.message.contains(&format!("in another cluster, {other}")), "{refused}");
    assert!(refused.remedy.contains("PLEXICA_FORMER_CLUSTERS"), "{refused:?}");
    first.stop().await;
}

/// A database of its own, and the same server, whose roles all databases share; the same Keycloak and store.
#[tokio::test]
async fn a_cluster_takes_no_part_from_another_one() {
    let Some(mut world) = World::standalone().await else { return };
    let first = world.operator();
    let [id, slug] = ["crm", "acme"].map(|name| world.database.unique(name));
    let identity = taken(&world, &slug, &id).await;
    let other = world.cluster().await;
    let before = world.rebuild().await;
    let database = require!(postgres17).unwrap().database().await;
    let login = database.operator_login(bootstrap::SQL, "of-its-own").await;
    let url = database.url_as(&login, "of-its-own");
    let second = world.operator_with(|config| {
        config.database.database_url = plexica_backends::Secret::new(url.as_str());
        // The platform's own is the first one's.
        config.names.platform_realm.push_str("-second");
    });
    world.tenant(&slug, json!({})).await;
    for part in ["DatabaseReady", "IdentityReady", "StorageReady"] {
        let refused = world.until(&slug, part, "False", "Conflict").await.status.unwrap();
        let said = refused.conditions.iter().find(|condition| condition.type_ == part).unwrap();
        assert!(said.message.contains(&format!("in another cluster, {other}")), "{said:?}");
    }
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.delete(&world.tenants(), &slug).await;
    second.stop().await;
    goes_on(&world, &before, &slug, &identity).await;
    first.stop().await;
}
