//! Another configuration while requests go on: told, refused, and taken by processes that are started
//! for it.

use futures::future::join_all;
use plexica_crds::plugin_install::{ConfigurationStatus, PluginInstallStatus, UpgradePhase};
use plexica_testkit::wait_for;
use serde_json::{Value, json};

use crate::{
    hands::told,
    plugin::{JAM, PID, SLOW},
    rotation::{Load, get, role, upstream},
    world::{PATIENCE, World, is},
};

const FIRST: &str = "1.0.0";
const SECOND: &str = "3.0.0";

struct Stage {
    world: World,
    id: String,
}

impl Stage {
    async fn new() -> Option<Self> {
        let world = World::new().await?;
        let id = world.database.unique("crm");
        Some(Self { world, id })
    }

    async fn publish(&self, version: &str, reload: &str) {
        let schema = json!({ "type": "object", "properties": { "at": { "type": "integer" } } });
        let configuration = json!({ "configuration": { "schema": schema, "reload": reload } });
        self.world.plugin_with(&self.id, version, configuration).await;
    }

    /// A tenant with the plugin, and this configuration in force.
    async fn tenant(&self, name: &str, config: Value) -> String {
        let slug = self.world.database.unique(name);
        self.world.tenant(&slug, json!({})).await;
        self.world.ready(&slug).await;
        self.world.install(&slug, &self.id, json!({ "config": config })).await;
        self.in_force(&slug, &config).await;
        slug
    }

    async fn configure(&self, slug: &str, config: Value) {
        self.world.install(slug, &self.id, json!({ "config": config })).await;
    }

    async fn status(&self, slug: &str) -> PluginInstallStatus {
        self.world.installs(slug).get("it").await.unwrap().status.unwrap()
    }

    /// Waits until that is in force, in all that serves, and the status says so.
    async fn in_force(&self, slug: &str, config: &Value) -> ConfigurationStatus {
        wait_for(&format!("{config} is in force for {slug}"), PATIENCE, async || {
            let install = self.world.installs(slug).get("it").await.unwrap();
            let (generation, status) = (install.metadata.generation, install.status?);
            let configuration = status.configuration?;
            let whole = ["Ready", "Configured"].iter().all(|kind| is(&status.conditions, kind, "True", "Provisioned"));
            let it = configuration.value == *config && configuration.restart.is_none();
            (it && whole && configuration.generation == generation).then_some(configuration)
        })
        .await
    }

    async fn pid(&self, slug: &str) -> String {
        get(&format!("{}{PID}", upstream(&self.world, slug).await)).await.unwrap()
    }

    /// What the plugin did for the tenant, in order.
    async fn notes(&self, slug: &str) -> Vec<String> {
        let role = role(slug, &self.id);
        self.world.sql(&format!("SELECT array_agg(action ORDER BY ctid) FROM {role}.note")).await
    }
}

#[tokio::test]
async fn a_configuration_that_says_nothing_any_more_is_in_force() {
    let Some(stage) = Stage::new().await else { return };
    let operator = stage.world.operator();
    stage.publish(FIRST, "Live").await;
    let acme = stage.tenant("acme", json!({ "at": 1 })).await;
    stage.configure(&acme, json!({})).await;
    stage.in_force(&acme, &json!({})).await;
    stage.configure(&acme, json!({ "at": 2 })).await;
    stage.in_force(&acme, &json!({ "at": 2 })).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_plugin_that_is_asked_takes_it_live_refuses_it_or_is_started_again() {
    let Some(stage) = Stage::new().await else { return };
    let operator = stage.world.operator();
    stage.publish(FIRST, "Ask").await;
    let acme = stage.tenant("acme", json!({ "at": 1 })).await;
    let beta = stage.tenant("beta", json!({ "at": 1 })).await;
    let loads = join_all([&acme, &beta].map(|slug| Load::on(&stage.world, slug, &stage.id))).await;
    let first = stage.pid(&acme).await;
    assert_eq!(first, stage.pid(&beta).await, "they share it");

    // Live.
    stage.configure(&acme, json!({ "at": 2 })).await;
    stage.in_force(&acme, &json!({ "at": 2 })).await;
    assert_eq!(stage.pid(&acme).await, first);

    // Refused by the schema, before anybody is asked, and by the plugin.
    stage.configure(&acme, json!({ "at": "noon" })).await;
    let invalid = stage.world.install_until(&acme, "Configured", "False", "InvalidConfig").await.status.unwrap();
    assert_eq!(invalid.configuration.unwrap().value, json!({ "at": 2 }));
    stage.configure(&acme, json!({ "at": 3, "refuse": true })).await;
    let refused = stage.world.install_until(&acme, "Configured", "False", "ConfigRefused").await.status.unwrap();
    let message = &refused.conditions[0].message;
    assert!(message.contains("Not at 3. refuse must not be set."), "{message}");
    assert!(is(&refused.conditions, "Ready", "False", "ConfigRefused"), "{refused:?}");
    assert!(is(&refused.conditions, "Routed", "True", "Provisioned"), "{refused:?}");
    assert_eq!(refused.configuration.unwrap().value, json!({ "at": 2 }));
    // Both are told, although the reason is the same.
    stage.configure(&acme, json!({ "at": 7, "refuse": true })).await;
    for words in ["Not at 3.", "Not at 7."] {
        told(&stage.world, &format!("tenant-{acme}"), "it", "ConfigRefused", words).await;
    }
    assert_eq!(stage.pid(&acme).await, first);

    // Only in new processes: both tenants go there.
    let mut before = first;
    for at in [4, 5] {
        let config = json!({ "at": at, "restart": true });
        stage.configure(&acme, config.clone()).await;
        stage.in_force(&acme, &config).await;
        let now = stage.pid(&acme).await;
        assert_ne!(now, before);
        wait_for("the other tenant is there as well", PATIENCE, async || (stage.pid(&beta).await == now).then_some(()))
            .await;
        before = now;
    }
    let expected = ["Install 1.0.0", "Configure 1 to 2", "Configure 2 to 4", "Configure 4 to 5"];
    assert_eq!(stage.notes(&acme).await, expected, "it is asked once about each");
    assert_eq!(stage.notes(&beta).await, ["Install 1.0.0"]);
    for load in loads {
        load.end().await;
    }

    // Another operator finds all of it as the first one left it.
    operator.stop().await;
    let next = stage.world.operator();
    let config = json!({ "at": 6 });
    stage.configure(&acme, config.clone()).await;
    stage.in_force(&acme, &config).await;
    let counted = format!("SELECT restarts FROM core.workload_restart WHERE username = 'plugin:{}'", stage.id);
    assert_eq!(stage.world.sql::<i64>(&counted).await, 2);
    next.stop().await;
}

#[tokio::test]
async fn a_plugin_that_fails_over_it_keeps_the_one_before_and_is_asked_again() {
    let Some(stage) = Stage::new().await else { return };
    let operator = stage.world.operator();
    stage.publish(FIRST, "Ask").await;
    let acme = stage.tenant("acme", json!({ "at": 1 })).await;
    let load = Load::on(&stage.world, &acme, &stage.id).await;
    let before = stage.pid(&acme).await;
    let role = role(&acme, &stage.id);
    stage.world.execute(&format!("CREATE TABLE {role}.{JAM} ()")).await;

    stage.configure(&acme, json!({ "at": 2 })).await;
    let failed = stage.world.install_until(&acme, "Configured", "False", "ConfigFailed").await.status.unwrap();
    let conditions = &failed.conditions;
    assert!(is(conditions, "Ready", "False", "ConfigFailed"), "{conditions:?}");
    assert!(conditions[0].message.contains("The gears are jammed."), "{conditions:?}");
    assert!(is(conditions, "Routed", "True", "Provisioned"), "what serves goes on: {conditions:?}");
    assert_eq!(failed.configuration.unwrap().value, json!({ "at": 1 }));
    told(&stage.world, &format!("tenant-{acme}"), "it", "ConfigFailed", "The gears are jammed.").await;

    // Nobody tells the operator.
    stage.world.execute(&format!("DROP TABLE {role}.{JAM}")).await;
    stage.in_force(&acme, &json!({ "at": 2 })).await;
    assert_eq!(stage.notes(&acme).await, ["Install 1.0.0", "Configure 1 to 2"]);
    assert_eq!(stage.pid(&acme).await, before);
    load.end().await;
    operator.stop().await;
}

#[tokio::test]
async fn the_manifest_may_say_that_nobody_is_asked() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    stage.publish(FIRST, "Live").await;
    let acme = stage.tenant("acme", json!({ "at": 1 })).await;
    let before = stage.pid(&acme).await;
    stage.configure(&acme, json!({ "at": 2, "refuse": true })).await;
    stage.in_force(&acme, &json!({ "at": 2, "refuse": true })).await;
    assert_eq!(stage.pid(&acme).await, before);

    stage.publish(SECOND, "Restart").await;
    stage.world.install(&acme, &stage.id, json!({ "plugin": { "version": SECOND }, "config": { "at": 3 } })).await;
    stage.in_force(&acme, &json!({ "at": 3 })).await;
    let before = stage.pid(&acme).await;
    let load = Load::on(&stage.world, &acme, &stage.id).await;
    stage.world.install(&acme, &stage.id, json!({ "plugin": { "version": SECOND }, "config": { "at": 4 } })).await;
    assert_eq!(stage.in_force(&acme, &json!({ "at": 4 })).await.since_restart, Some(1));
    assert_ne!(stage.pid(&acme).await, before);
    load.end().await;
    assert!(!stage.notes(&acme).await.iter().any(|note| note.starts_with("Configure")));
}

#[tokio::test]
async fn each_version_keeps_its_own_while_a_tenant_is_upgraded() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    stage.publish(FIRST, "Ask").await;
    let acme = stage.tenant("acme", json!({ "at": 1 })).await;
    let upgrade = |version: &str, config: Value| json!({ "plugin": { "version": version }, "config": config });

    // One that does not come up: the version that serves keeps what it has.
    let broken = json!({
        "runtime": { "image": "plexica/test-plugin:1", "command": ["test-plugin", "--exact", "nothing"] },
        "configuration": { "schema": { "type": "object" } },
    });
    stage.world.plugin_with(&stage.id, SLOW, broken).await;
    stage.world.install(&acme, &stage.id, upgrade(SLOW, json!({ "at": 2 }))).await;
    let expanding = wait_for("it expands", PATIENCE, async || {
        let status = stage.status(&acme).await;
        let phase = status.upgrade.as_ref()?.phase;
        (phase == UpgradePhase::Expanding).then_some(status)
    })
    .await;
    let install = |status| {
        let mut install = plexica_crds::PluginInstall::new(
            "it",
            serde_json::from_value(json!({
                "tenantRef": { "name": acme }, "plugin": { "id": stage.id }, "config": { "at": 2 },
            }))
            .unwrap(),
        );
        install.status = Some(status);
        install
    };
    let found = install(expanding);
    assert_eq!(
        (found.config_of(Some(FIRST)), found.config_of(Some(SLOW))),
        (Some(&json!({ "at": 1 })), Some(&json!({ "at": 2 })))
    );
    assert_eq!(found.config_of(None), Some(&json!({ "at": 1 })));

    // One that does: the one before has its own as long as it is kept, and again when it is gone back to.
    let good = json!({ "configuration": { "schema": { "type": "object" } }, "rollout": { "bakeSeconds": 3600 } });
    stage.world.plugin_with(&stage.id, SECOND, good).await;
    stage.world.install(&acme, &stage.id, upgrade(SECOND, json!({ "at": 3 }))).await;
    stage.in_force(&acme, &json!({ "at": 3 })).await;
    let found = install(stage.status(&acme).await);
    assert_eq!(
        (found.config_of(Some(FIRST)), found.config_of(Some(SECOND))),
        (Some(&json!({ "at": 1 })), Some(&json!({ "at": 3 })))
    );
}

/// What is compared again and again must be what was kept.
#[tokio::test]
async fn a_configuration_may_hold_null() {
    let Some(stage) = Stage::new().await else { return };
    let operator = stage.world.vigilant_operator();
    stage.publish(FIRST, "Restart").await;
    let config = json!({ "note": null, "more": { "none": null, "list": [null] } });
    let acme = stage.tenant("acme", config.clone()).await;
    let (pid, looked) = (stage.pid(&acme).await, operator.count("plexica_operator_reconciles_total").await);
    wait_for("it was looked at again and again", PATIENCE, async || {
        (operator.count("plexica_operator_reconciles_total").await > looked + 9.0).then_some(())
    })
    .await;
    assert_eq!(stage.pid(&acme).await, pid);
    let config = json!({ "note": 1, "more": null });
    stage.configure(&acme, config.clone()).await;
    stage.in_force(&acme, &config).await;
    assert_ne!(stage.pid(&acme).await, pid);
    operator.stop().await;
}
