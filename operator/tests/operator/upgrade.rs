//! From one version to another and back: each step told in the status, nothing lost on the way.

use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use plexica_crds::{
    OperationKind, OperationPhase, PluginInstall,
    plugin_install::{Phase, PluginInstallStatus, UpgradePhase},
};
use plexica_testkit::wait_until;
use serde_json::{Value, json};

use crate::{
    plugin::{REFUSES, SICKENS, healthy},
    rotation::Load,
    world::{PATIENCE, World, is},
};

pub const FIRST: &str = "1.0.0";
pub const SECOND: &str = "3.0.0";
/// Longer than any test.
pub const AN_HOUR: i32 = 3600;

/// A tenant with the plugin at its first version.
pub struct Stage {
    pub world: World,
    pub slug: String,
    pub id: String,
    pub schema: String,
}

impl Stage {
    pub async fn new() -> Option<Self> {
        let world = World::new().await?;
        let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
        let schema = format!("tenant_{}_plugin_{}", slug.replace('-', "_"), id.replace('-', "_"));
        world.plugin(&id, FIRST).await;
        world.tenant(&slug, json!({})).await;
        Some(Self { world, slug, id, schema })
    }

    /// Brings it up.
    pub async fn up(&self) -> PluginInstallStatus {
        self.world.ready(&self.slug).await;
        self.world.install(&self.slug, &self.id, json!({})).await;
        self.world.installed(&self.slug).await.status.unwrap()
    }

    pub async fn second(&self, bake: i32, spec: Value) {
        let contract = json!([{ "name": "1_a.sql" }, { "name": "2_b.contract.sql", "phase": "Contract" }]);
        let mut change = json!({ "migrations": contract, "rollout": { "bakeSeconds": bake } });
        change.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        self.world.plugin_with(&self.id, SECOND, change).await;
    }

    pub async fn until(&self, what: &str, is: impl Fn(&PluginInstallStatus) -> bool) -> PluginInstallStatus {
        let mut status = PluginInstallStatus::default();
        let api = self.world.installs(&self.slug);
        wait_until(what, PATIENCE, async || {
            status = api.get("it").await.unwrap().status.unwrap_or_default();
            is(&status)
        })
        .await;
        status
    }

    pub async fn reaches(&self, version: &str, phase: UpgradePhase) -> PluginInstallStatus {
        let there = |status: &PluginInstallStatus| {
            let upgrade = status.upgrade.as_ref().map(|upgrade| upgrade.phase);
            status.version.as_deref() == Some(version) && upgrade == Some(phase)
        };
        self.until(&format!("{version} is {phase:?}"), there).await
    }

    /// What the plugin did for the tenant, in order.
    pub async fn notes(&self) -> Vec<String> {
        self.world.sql(&format!("SELECT array_agg(action ORDER BY ctid) FROM {}.note", self.schema)).await
    }

    pub async fn annotate(&self, key: &str, value: &str) {
        let patch = Patch::Merge(json!({ "metadata": { "annotations": { key: value } } }));
        let api: Api<PluginInstall> = self.world.installs(&self.slug);
        api.patch("it", &PatchParams::default(), &patch).await.unwrap();
    }
}

pub fn upstream(status: &PluginInstallStatus) -> &str {
    &status.route.as_ref().expect("a route").upstream
}

#[tokio::test]
async fn the_old_version_is_kept_until_the_new_one_has_proved_itself_and_contracts() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let old = stage.up().await;
    assert_eq!((old.oldest_version.as_deref(), &old.upgrade), (Some(FIRST), &None));

    stage.second(4, json!({})).await;
    let baking = stage.reaches(SECOND, UpgradePhase::Baking).await;
    assert_eq!(stage.notes().await, [format!("Install {FIRST}"), format!("Upgrade {SECOND}")]);
    assert_ne!(upstream(&baking), upstream(&old));
    assert!(healthy(upstream(&old)).await, "the old one is beside it");
    assert_eq!(baking.oldest_version.as_deref(), Some(FIRST));

    let done = stage.reaches(SECOND, UpgradePhase::Complete).await;
    assert_eq!(stage.notes().await.last().unwrap(), &format!("Contract {SECOND}"));
    assert_eq!(done.oldest_version.as_deref(), Some(SECOND));
    wait_until("the old one has ended", PATIENCE, async || !healthy(upstream(&old)).await).await;

    // There is no way back any more, and what serves goes on.
    stage.world.install(&stage.slug, &stage.id, json!({ "plugin": { "version": "=1.0.0" } })).await;
    let refused = stage.world.install_until(&stage.slug, "Ready", "False", "InvalidSpec").await.status.unwrap();
    assert!(refused.conditions[0].message.contains(&format!("no version before {SECOND}")), "{refused:?}");
    assert_eq!(upstream(&refused), upstream(&done));
}

#[tokio::test]
async fn back_and_forth_as_the_spec_asks_before_the_contract_steps() {
    let Some(stage) = Stage::new().await else { return };
    let operator = stage.world.operator();
    let old = stage.up().await;
    stage.second(AN_HOUR, json!({})).await;
    stage.reaches(SECOND, UpgradePhase::Baking).await;

    // Another operator finds all of it as the first one left it. It does not matter that the version before is one that
    // nobody else may have any more.
    operator.stop().await;
    let (plugins, entry) = (stage.world.plugins(), format!("{}-{FIRST}", stage.id));
    let yanked = Patch::Merge(json!({ "spec": { "yanked": { "reason": "it is slow" } } }));
    plugins.patch(&entry, &PatchParams::default(), &yanked).await.unwrap();
    let _going = plugins.delete(&entry, &DeleteParams::default()).await.unwrap();
    let _next = stage.world.operator();
    stage.world.install(&stage.slug, &stage.id, json!({ "plugin": { "version": "=1.0.0" } })).await;
    let back = stage.reaches(FIRST, UpgradePhase::RolledBack).await;
    assert_eq!(back.upgrade.as_ref().unwrap().message.as_deref(), Some("the spec asks for 1.0.0"));
    assert_eq!(stage.notes().await.last().unwrap(), &format!("Rollback {FIRST}"));
    assert_eq!(back.oldest_version, old.oldest_version);
    let back = stage.until("it is as the spec says", |status| status.phase == Some(Phase::Ready)).await;
    let operation = back.operation.unwrap();
    assert_eq!((operation.kind, operation.phase), (OperationKind::Rollback, OperationPhase::Succeeded));

    stage.world.install(&stage.slug, &stage.id, json!({})).await;
    stage.reaches(SECOND, UpgradePhase::Baking).await;
    assert_eq!(stage.notes().await.last().unwrap(), &format!("Upgrade {SECOND}"));
}

#[tokio::test]
async fn a_failed_migration_goes_back_by_itself_and_says_why() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let old = stage.up().await;
    let load = Load::on(&stage.world, &stage.slug, &stage.id).await;
    stage.world.plugin(&stage.id, REFUSES).await;
    let failed = stage.world.install_until(&stage.slug, "Ready", "False", "UpgradeFailed").await.status.unwrap();
    let message = &failed.conditions[0].message;
    assert!(message.contains("wrong quarter") && message.contains("retry-upgrade"), "{message}");
    assert_eq!((failed.phase, upstream(&failed)), (Some(Phase::Stalled), upstream(&old)));
    assert!(is(&failed.conditions, "Routed", "True", "Provisioned"), "{failed:?}");
    assert_eq!(failed.upgrade.as_ref().unwrap().attempts, 3);
    assert!(healthy(upstream(&old)).await);
    let entry = format!("{}-{REFUSES}", stage.id);
    let told = async |message: &str| {
        wait_until("the entry says so", PATIENCE, async || {
            let status = stage.world.plugins().get(&entry).await.unwrap().status.unwrap_or_default();
            status.rollout.is_some_and(|rollout| rollout.message == message)
        })
        .await;
    };
    told(&format!("migrated 0/1, 1 failed: {}", stage.slug)).await;
    load.end().await;

    // Somebody asks for another try, and for another version.
    stage.annotate("plexica.io/retry-upgrade", "1").await;
    stage.until("it is tried again", |status| status.upgrade.as_ref().is_some_and(|u| u.retry.is_some())).await;
    stage.world.install_until(&stage.slug, "Ready", "False", "UpgradeFailed").await;
    stage.world.install(&stage.slug, &stage.id, json!({ "plugin": { "version": "<9" } })).await;
    stage.until("it is well", |status| status.phase == Some(Phase::Ready)).await;
    assert_eq!(stage.notes().await, [format!("Install {FIRST}")], "nothing was done to its data");
}

#[tokio::test]
async fn a_version_that_does_not_stay_well_is_taken_back() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let old = stage.up().await;
    let load = Load::on(&stage.world, &stage.slug, &stage.id).await;
    // It does without a permission that the one before has.
    let rollout = json!({ "bakeSeconds": AN_HOUR });
    stage.world.plugin_with(&stage.id, SICKENS, json!({ "rollout": rollout, "permissions": [] })).await;
    let back = stage.reaches(FIRST, UpgradePhase::RolledBack).await;
    assert_eq!((&back.permissions, &back.awaiting_consent), (&old.permissions, &vec![]));
    assert!(back.upgrade.as_ref().unwrap().message.as_ref().unwrap().contains("headache"), "{back:?}");
    assert_eq!(upstream(&back), upstream(&old));
    let all = [format!("Install {FIRST}"), format!("Upgrade {SICKENS}"), format!("Rollback {FIRST}")];
    assert_eq!(stage.notes().await, all);
    let failed = stage.world.install_until(&stage.slug, "Ready", "False", "UpgradeFailed").await.status.unwrap();
    assert!(failed.conditions[0].message.contains("headache"));
    let operation = failed.operation.unwrap();
    assert_eq!((operation.kind, operation.phase), (OperationKind::Rollback, OperationPhase::Succeeded));
    load.end().await;
}

#[tokio::test]
async fn a_version_that_never_comes_up_is_given_up() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let old = stage.up().await;
    let change = json!({
        "runtime": { "image": "plexica/test-plugin:1", "command": ["test-plugin", "--exact", "nothing"] },
        "rollout": { "progressDeadlineSeconds": 10 },
    });
    stage.world.plugin_with(&stage.id, SECOND, change).await;
    let failed = stage.world.install_until(&stage.slug, "Ready", "False", "UpgradeFailed").await.status.unwrap();
    assert!(failed.conditions[0].message.contains("did not come up in time"), "{failed:?}");
    assert_eq!(upstream(&failed), upstream(&old));
    assert!(healthy(upstream(&old)).await);
}

#[tokio::test]
async fn an_upgrade_that_wants_more_runs_with_what_was_granted() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    stage.up().await;
    let [read, write] = ["read", "write"].map(|action| format!("{}:notes:{action}", stage.id));
    let permissions = json!([{ "key": read, "name": "Read" }, { "key": write, "name": "Write" }]);
    // So does what is added to the version that serves.
    let added = Patch::Merge(json!({ "spec": { "permissions": permissions } }));
    let entry = format!("{}-{FIRST}", stage.id);
    stage.world.plugins().patch(&entry, &PatchParams::default(), &added).await.unwrap();
    let waits = stage.until("it waits", |status| status.awaiting_consent == std::slice::from_ref(&write)).await;
    assert_eq!(waits.permissions, std::slice::from_ref(&read));

    stage.second(AN_HOUR, json!({ "permissions": permissions })).await;
    let upgraded = stage.reaches(SECOND, UpgradePhase::Baking).await;
    assert_eq!((&upgraded.permissions, &upgraded.awaiting_consent), (&vec![read.clone()], &vec![write.clone()]));
    assert!(is(&upgraded.conditions, "ConsentRequired", "True", "ConsentRequired"), "{upgraded:?}");
    assert!(is(&upgraded.conditions, "Ready", "True", "Provisioned"), "{upgraded:?}");
    let registered = format!(
        "SELECT array_agg(key ORDER BY key) FROM tenant_{}.permission WHERE plugin = '{}'",
        stage.slug.replace('-', "_"),
        stage.id
    );
    assert_eq!(stage.world.sql::<Vec<String>>(&registered).await, std::slice::from_ref(&read));

    stage.annotate("plexica.io/consent", SECOND).await;
    let all = stage.until("it is granted", |status| status.permissions.len() == 2).await;
    assert!(all.awaiting_consent.is_empty() && !all.conditions.iter().any(|c| c.type_ == "ConsentRequired"), "{all:?}");
    assert_eq!(stage.world.sql::<Vec<String>>(&registered).await, [read, write]);
}

#[tokio::test]
async fn an_upgrade_that_wants_to_hear_more_waits_for_consent_too() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    stage.up().await;
    stage.second(AN_HOUR, json!({ "events": { "subscribes": ["core.user.deleted"] } })).await;
    let upgraded = stage.reaches(SECOND, UpgradePhase::Baking).await;
    assert_eq!((&upgraded.events, &upgraded.awaiting_events), (&vec![], &vec!["core.user.deleted".to_owned()]));
    assert!(is(&upgraded.conditions, "ConsentRequired", "True", "ConsentRequired"), "{upgraded:?}");
    stage.annotate("plexica.io/consent", SECOND).await;
    let all = stage.until("it is consented to", |status| status.events == ["core.user.deleted"]).await;
    assert!(all.awaiting_events.is_empty() && !all.conditions.iter().any(|c| c.type_ == "ConsentRequired"), "{all:?}");
}
