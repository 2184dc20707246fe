//! What a dry run is not made of says so.

use plexica_crds::{
    label::DRY_RUN,
    plugin::{Phase, PluginStatus},
};
use plexica_testkit::wait_until;
use serde_json::{Value, json};

use crate::{
    rotation::annotate,
    running::Operator,
    world::{PATIENCE, World, is},
};

/// How often entries of the catalogue were looked at.
async fn looks(operator: &Operator) -> f64 {
    let (_, metrics) = operator.get("/metrics").await;
    let count = |line: &str| line.strip_prefix("plexica_operator_reconciles_total{kind=\"Plugin\"} ")?.parse().ok();
    metrics.lines().find_map(count).unwrap_or(0.0)
}

#[tokio::test]
async fn an_entry_of_the_catalogue_says_that_it_is_in_force_whatever_its_annotation() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let id = world.database.unique("crm");
    let name = format!("{id}-1.0.0");
    let becomes = async |what: &str, is: &dyn Fn(&PluginStatus) -> bool| world.entry_becomes(&name, what, is).await;
    let told = |status: &PluginStatus| is(&status.conditions, "DryRun", "False", "DryRunUnsupported");
    let writes = || operator.writes().into_iter().filter(|write| write.contains(&id)).count();
    world.plugin(&id, "1.0.0").await;
    let before = becomes("it is valid", &|status| status.phase == Some(Phase::Available)).await;

    annotate(&world.plugins(), &name, DRY_RUN, "true").await;
    let with = becomes("it says that no dry run is made", &told).await;
    assert!(with.phase == before.phase && is(&with.conditions, "Ready", "True", "Provisioned"), "{with:?}");
    // It is in force: an install takes it. Then it is used, which is the one thing that its status says anew.
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    let version = world.installed(&slug).await.status.unwrap().version;
    assert_eq!(version.as_deref(), Some("1.0.0"));
    becomes("it is used", &|status| status.installs == Some(1) && told(status)).await;

    // Another look at the same writes nothing.
    let written = async || (writes(), world.plugins().get(&name).await.unwrap().metadata.resource_version);
    let (before_it, seen) = (written().await, looks(&operator).await);
    wait_until("it was looked at again", PATIENCE, async || looks(&operator).await >= seen + 3.0).await;
    assert_eq!(written().await, before_it);

    annotate(&world.plugins(), &name, DRY_RUN, Value::Null).await;
    let without =
        becomes("it is as before", &|status| !status.conditions.iter().any(|one| one.type_ == "DryRun")).await;
    assert_eq!(without.conditions, before.conditions);
}
