//! A person holds the operator off.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::DeleteParams;
use plexica_crds::{
    label::{PAUSED, ROTATE},
    plugin::{self, PluginStatus},
    plugin_install, tenant,
};
use plexica_testkit::{unique, wait_until};
use serde_json::{Value, json};

use crate::{
    plugin::URL,
    rotation::{self, annotate},
    world::{PATIENCE, World, is},
};

#[tokio::test]
async fn nothing_is_written_for_what_is_paused_until_it_goes_on() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let schema = format!("tenant_{}", slug.replace('-', "_"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    let route = world.installed(&slug).await.status.unwrap().route;

    annotate(&world.tenants(), &slug, PAUSED, "true").await;
    let paused = world.until(&slug, "Paused", "True", "Paused").await.status.unwrap();
    assert_eq!(paused.phase, Some(tenant::Phase::Paused));
    assert!(is(&paused.conditions, "Ready", "True", "Provisioned"), "what was last seen stays");
    let install = world.install_until(&slug, "Paused", "True", "Paused").await.status.unwrap();
    assert_eq!((install.phase, &install.route), (Some(plugin_install::Phase::Paused), &route), "what serves goes on");

    // Neither what changed behind its back nor a changed spec nor a deletion has any effect.
    world.execute(&format!("COMMENT ON SCHEMA {schema} IS 'hands off'")).await;
    let before = operator.writes().len();
    let backends = || (world.keycloak.written(), world.s3.written());
    let (written_to_backends, stored) = (backends(), world.stored(&slug).await);
    world.tenant(&slug, json!({ "deletionPolicy": "Delete", "suspend": true })).await;
    world.install(&slug, &id, json!({ "enabled": false })).await;
    world.plugin(&id, "1.1.0").await;
    wait_until("both were looked at as they are now", PATIENCE, async || {
        let (tenant, install) =
            (world.tenants().get(&slug).await.unwrap(), world.installs(&slug).get("it").await.unwrap());
        let seen = |generation: Option<i64>, conditions: &[Condition]| {
            conditions.iter().any(|one| one.type_ == "Paused" && one.observed_generation == generation)
        };
        seen(tenant.metadata.generation, &tenant.status.unwrap().conditions)
            && seen(install.metadata.generation, &install.status.unwrap().conditions)
    })
    .await;
    // That the status says so is all.
    let written = operator.writes().into_iter().skip(before);
    let written: Vec<String> = written.filter(|write| write.contains(&slug) && !write.ends_with("/status")).collect();
    assert_eq!(written, [""; 0]);
    assert_eq!(backends(), written_to_backends);
    assert_eq!(world.stored(&slug).await, stored);
    let mark: String = world.sql(&format!("SELECT obj_description(to_regnamespace('{schema}'), 'pg_namespace')")).await;
    assert_eq!(mark, "hands off");
    assert_eq!(world.installs(&slug).get("it").await.unwrap().status.unwrap().route, route);
    world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
    wait_until("it says why it stays", PATIENCE, async || {
        let conditions = world.tenants().get(&slug).await.unwrap().status.unwrap().conditions;
        conditions.iter().any(|one| one.type_ == "Paused" && one.message.starts_with("it is removed when"))
    })
    .await;
    let held_up = world.tenants().get(&slug).await.unwrap().status.unwrap();
    assert_eq!(held_up.phase, Some(tenant::Phase::Terminating));
    assert!(is(&held_up.conditions, "Ready", "False", "Paused"), "{held_up:?}");
    assert_eq!(world.stored(&slug).await, stored);

    // The mark is somebody else's by now, so that the schema stays; all the rest goes.
    annotate(&world.tenants(), &slug, PAUSED, Value::Null).await;
    world.gone(&world.tenants(), &slug).await;
    assert!(world.has_schema(&schema).await);
    assert_eq!(world.realm(&format!("tenant-{slug}")).await, 404);
}

/// What is deleted with its tenant cannot be taken back, so a pause of its own counts there too.
#[tokio::test]
async fn a_paused_install_is_not_deleted_with_its_tenant_until_it_goes_on() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;
    let pause = async |value: Value| annotate(&world.installs(&slug), "it", PAUSED, value).await;
    pause(json!("true")).await;
    world.install_until(&slug, "Paused", "True", "Paused").await;
    world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
    wait_until("the tenant says what it waits for", PATIENCE, async || {
        let conditions = world.tenants().get(&slug).await.unwrap().status.unwrap().conditions;
        conditions[0].reason == "Paused" && conditions[0].message.contains("which is paused")
    })
    .await;
    assert_eq!(world.installs(&slug).get("it").await.unwrap().metadata.deletion_timestamp, None);
    pause(Value::Null).await;
    world.gone(&world.tenants(), &slug).await;
}

/// Whoever is paused is served with what there is, so that this does not end before that is over.
#[tokio::test]
async fn a_paused_tenant_goes_on_with_old_credentials_while_its_neighbour_has_new_ones() {
    let Some(world) = World::new().await else { return };
    let operator = rotation::operator(&world, 2);
    let id = world.database.unique("crm");
    let [paused, beta] = [world.database.unique("acme"), world.database.unique("beta")];
    let [first, second] = ["plugin", "plugin2"].map(|word| format!("{word}_{}", id.replace('-', "_")));
    world.plugin(&id, "1.0.0").await;
    for slug in [&paused, &beta] {
        world.tenant(slug, json!({})).await;
        world.ready(slug).await;
        world.install(slug, &id, json!({})).await;
        world.installed(slug).await;
    }
    let loads = [rotation::Load::on(&world, &paused, &id).await, rotation::Load::on(&world, &beta, &id).await];
    annotate(&world.tenants(), &paused, PAUSED, "true").await;
    world.install_until(&paused, "Paused", "True", "Paused").await;
    let before = world.installs(&paused).get("it").await.unwrap().status.unwrap();
    let old = rotation::get(&format!("{}{URL}", rotation::upstream(&world, &paused).await)).await.unwrap();
    assert!(old.contains(&format!("//{first}:")), "{old}");

    annotate(&world.plugins(), &format!("{id}-1.0.0"), ROTATE, "now").await;
    let until = rotation::turned(&world, &beta, 2, false).await.previous_until.unwrap().0;
    wait_until("the overlap is over", PATIENCE, async || until < jiff::Timestamp::now()).await;
    let looked = operator.count("plexica_operator_reconciles_total").await;
    wait_until("both were looked at since", PATIENCE, async || {
        annotate(&world.installs(&beta), "it", "plexica.io/test-look", unique("look")).await;
        operator.count("plexica_operator_reconciles_total").await > looked + 4.0
    })
    .await;
    assert!(rotation::signs_in(&old).await, "who is paused still serves with it");
    assert_eq!(rotation::turned(&world, &beta, 2, false).await.generation, 2);
    let now = world.installs(&paused).get("it").await.unwrap().status.unwrap();
    assert_eq!((now.route, now.credentials), (before.route, before.credentials));
    assert!(loads[1].has_seen(&second) && !loads[0].has_seen(&second));

    annotate(&world.tenants(), &paused, PAUSED, Value::Null).await;
    for slug in [&paused, &beta] {
        rotation::turned(&world, slug, 2, true).await;
    }
    wait_until("those before are good no more", PATIENCE, async || !rotation::signs_in(&old).await).await;
    for load in loads {
        load.end().await;
    }
    operator.stop().await;
}

#[tokio::test]
async fn a_paused_entry_of_the_catalogue_stays_as_it_was_seen() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let id = world.database.unique("crm");
    let name = format!("{id}-1.0.0");
    let becomes = async |what: &str, is: &dyn Fn(&PluginStatus) -> bool| world.entry_becomes(&name, what, is).await;
    let pause = async |value: Value| annotate(&world.plugins(), &name, PAUSED, value).await;
    world.plugin(&id, "1.0.0").await;
    becomes("it is valid", &|status| status.phase == Some(plugin::Phase::Available)).await;
    pause(json!("true")).await;
    let paused = becomes("it is paused", &|status| status.phase == Some(plugin::Phase::Paused)).await;
    assert!(is(&paused.conditions, "Ready", "True", ""), "what was last seen stays: {paused:?}");

    // Neither what it says now nor its deletion counts.
    let before = operator.writes().len();
    world.plugin_with(&id, "1.0.0", json!({ "displayName": "Another" })).await;
    becomes("it was looked at as it is now", &|status| {
        status.conditions.iter().any(|one| one.type_ == "Paused" && one.observed_generation == Some(2))
    })
    .await;
    world.plugins().delete(&name, &DeleteParams::default()).await.unwrap();
    becomes("it says why it stays", &|status| {
        status.conditions.iter().any(|one| one.type_ == "Paused" && one.message.starts_with("it is removed when"))
    })
    .await;
    let written = operator.writes().into_iter().skip(before);
    let written: Vec<String> = written.filter(|write| write.contains(&id) && !write.ends_with("/status")).collect();
    assert_eq!(written, [""; 0]);
    pause(Value::Null).await;
    world.gone(&world.plugins(), &name).await;
}
