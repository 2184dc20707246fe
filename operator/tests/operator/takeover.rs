//! Who is in force: of two installs of one plugin, and of two operators.

use kube::ResourceExt;
use plexica_crds::PluginInstallStatus;
use plexica_testkit::wait_for;
use serde_json::json;

use crate::{
    cluster::{comes_up, deployments},
    needs::Need,
    world::{PATIENCE, World, is},
};

/// Waits until an install is Ready as said.
async fn ready(world: &World, slug: &str, name: &str, status: &str, reason: &str) -> PluginInstallStatus {
    wait_for(&format!("{name} is Ready={status} ({reason})"), PATIENCE, async || {
        let found = world.installs(slug).get(name).await.unwrap().status?;
        is(&found.conditions, "Ready", status, reason).then_some(found)
    })
    .await
}

#[tokio::test]
async fn when_the_older_of_two_goes_the_younger_takes_over_with_its_data() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let schema = format!("tenant_{}_plugin_{}", slug.replace('-', "_"), id.replace('-', "_"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    // Of two made in the same second the name decides.
    let older = world.install_as("a", &slug, &id, json!({})).await;
    ready(&world, &slug, "a", "True", "Provisioned").await;
    let younger = world.install_as("b", &slug, &id, json!({})).await;
    assert!(older.creation_timestamp() <= younger.creation_timestamp());
    let waits = ready(&world, &slug, "b", "False", "DuplicateInstall").await;
    assert_eq!((waits.route, waits.permissions.len()), (None, 0));
    assert!(waits.conditions[0].message.contains(&format!("tenant-{slug}/a")), "{:?}", waits.conditions[0]);
    let in_force = ready(&world, &slug, "a", "True", "Provisioned").await;
    assert!(in_force.route.is_some(), "the other one changes nothing for it");

    world.delete(&world.installs(&slug), "a").await;
    let serves = ready(&world, &slug, "b", "True", "Provisioned").await;
    assert_eq!(serves.permissions, [format!("{id}:notes:read")]);
    let upstream = serves.route.unwrap().upstream;
    assert!(reqwest::get(format!("{upstream}/_plexica/health")).await.unwrap().status().is_success());
    let notes: Vec<String> = world.sql(&format!("SELECT array_agg(action ORDER BY ctid) FROM {schema}.note")).await;
    assert_eq!(notes, ["Install 1.0.0", "Install 1.0.0"], "it has the data of the other, and was told to go on");
    operator.stop().await;
}

/// Plugins are processes of one operator each: what must agree is what they share.
#[tokio::test]
async fn two_operators_bring_installs_up_and_take_them_away_as_one() {
    let Some(world) = World::with(Need::Workloads).await else { return };
    let operators = [world.operator_with(deployments), world.operator_with(deployments)];
    let id = world.database.unique("crm");
    let slugs: Vec<String> = (0..4).map(|_| world.database.unique("acme")).collect();
    world.plugin(&id, "1.0.0").await;
    for (slug, isolation) in slugs.iter().zip(["Shared", "Shared", "Dedicated", "Dedicated"]) {
        world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
        world.ready(slug).await;
        world.install(slug, &id, json!({ "isolation": isolation, "deletionPolicy": "Delete" })).await;
    }
    for (slug, isolation) in slugs.iter().zip(["Shared", "Shared", "Dedicated", "Dedicated"]) {
        // No node runs its pods here: they are said to be there.
        let namespace = if isolation == "Shared" { world.platform() } else { format!("tenant-{slug}") };
        comes_up(&world, &namespace, &format!("plugin-{id}-1-0-0")).await;
        // Nobody answers at a Service of this cluster, so that the plugin cannot be asked to migrate.
        world.install_until(slug, "WorkloadReady", "True", "").await;
        world.install_until(slug, "Migrated", "False", "Pending").await;
        let role = format!("tenant_{}_plugin_{}", slug.replace('-', "_"), id.replace('-', "_"));
        let members = format!(
            "SELECT count(*) FROM pg_auth_members WHERE roleid = '{role}'::regrole
                AND NOT admin_option"
        );
        assert_eq!(world.sql::<i64>(&members).await, 1, "one login has its role");
    }
    let credentials = "SELECT count(*) FROM core.plugin_credential";
    assert_eq!(world.sql::<i64>(credentials).await, 3, "a password for those that share and one for each other");
    for slug in &slugs {
        world.delete(&world.tenants(), slug).await;
        assert!(!world.has_schema(&format!("tenant_{}", slug.replace('-', "_"))).await);
    }
    assert_eq!(world.sql::<i64>(credentials).await, 0);
    let plugin = id.replace('-', "_");
    assert_eq!(world.sql::<i64>(&format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%{plugin}%'")).await, 0);
    for operator in operators {
        operator.stop().await;
    }
}
