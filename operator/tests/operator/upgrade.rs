//! From one version to another and back: each step told in the status, nothing lost on the way.

use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
};
use plexica_crds::{
    PluginInstall,
    label::RETRY_UPGRADE,
    plugin::{RolloutPhase, RolloutStatus},
    plugin_install::{Phase, PluginInstallStatus, UpgradePhase},
};
use plexica_testkit::{wait_for, wait_until};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Executor};

use crate::{
    plugin::{MEETS, PICKY, REFUSES, RUT, SICKENS, healthy},
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

    // Another operator finds all of it as the first one left it.
    operator.stop().await;
    let _next = stage.world.operator();
    stage.world.install(&stage.slug, &stage.id, json!({ "plugin": { "version": "=1.0.0" } })).await;
    let back = stage.reaches(FIRST, UpgradePhase::RolledBack).await;
    assert_eq!(back.upgrade.as_ref().unwrap().message.as_deref(), Some("the spec asks for 1.0.0"));
    assert_eq!(stage.notes().await.last().unwrap(), &format!("Rollback {FIRST}"));
    assert_eq!(back.oldest_version, old.oldest_version);
    stage.until("it is as the spec says", |status| status.phase == Some(Phase::Ready)).await;

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
    stage.world.plugin_with(&stage.id, SICKENS, json!({ "rollout": { "bakeSeconds": AN_HOUR } })).await;
    let back = stage.reaches(FIRST, UpgradePhase::RolledBack).await;
    assert!(back.upgrade.as_ref().unwrap().message.as_ref().unwrap().contains("headache"), "{back:?}");
    assert_eq!(upstream(&back), upstream(&old));
    let all = [format!("Install {FIRST}"), format!("Upgrade {SICKENS}"), format!("Rollback {FIRST}")];
    assert_eq!(stage.notes().await, all);
    let failed = stage.world.install_until(&stage.slug, "Ready", "False", "UpgradeFailed").await;
    assert!(failed.status.unwrap().conditions[0].message.contains("headache"));
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

/// Two more tenants, all of them at the first version.
async fn wave(stage: &Stage) -> [String; 3] {
    stage.up().await;
    let others = ["beta", "gama"].map(|name| stage.world.database.unique(name));
    for slug in &others {
        stage.world.tenant(slug, json!({})).await;
        stage.world.ready(slug).await;
        stage.world.install(slug, &stage.id, json!({})).await;
        stage.world.installed(slug).await;
    }
    let [second, third] = others;
    [stage.slug.clone(), second, third]
}

async fn rollout(stage: &Stage, version: &str, phase: RolloutPhase) -> RolloutStatus {
    let name = format!("{}-{version}", stage.id);
    let mut found = None;
    wait_until(&format!("the rollout is {phase:?}"), PATIENCE, async || {
        found = stage.world.plugins().get(&name).await.unwrap().status.unwrap_or_default().rollout;
        found.as_ref().is_some_and(|rollout| rollout.phase == phase)
    })
    .await;
    found.unwrap()
}

async fn versions(stage: &Stage, slugs: &[String]) -> Vec<Option<String>> {
    let mut versions = Vec::new();
    for slug in slugs {
        versions.push(stage.world.installs(slug).get("it").await.unwrap().status.unwrap().version);
    }
    versions
}

#[tokio::test]
async fn tenants_follow_those_that_go_first() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let canary = json!({ "rollout": { "bakeSeconds": 0, "canary": { "tenants": [slugs[0]], "bakeSeconds": 4 } } });
    stage.second(0, canary).await;
    stage.reaches(SECOND, UpgradePhase::Complete).await;
    let first = rollout(&stage, SECOND, RolloutPhase::Canary).await;
    assert_eq!((first.total, first.migrated), (3, 1), "{first:?}");
    let waiting = stage.world.installs(&slugs[1]).get("it").await.unwrap().status.unwrap();
    assert_eq!(waiting.version.as_deref(), Some(FIRST));
    assert!(waiting.conditions[0].message.contains("goes to other tenants first"), "{waiting:?}");

    rollout(&stage, SECOND, RolloutPhase::Open).await;
    wait_until("all have followed", PATIENCE, async || {
        versions(&stage, &slugs).await.iter().all(|version| version.as_deref() == Some(SECOND))
    })
    .await;
    wait_until("all are counted", PATIENCE, async || {
        rollout(&stage, SECOND, RolloutPhase::Open).await.message == "migrated 3/3"
    })
    .await;
}

#[tokio::test]
async fn nobody_follows_where_the_first_one_failed() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let canary = json!({ "rollout": { "bakeSeconds": 0, "canary": { "tenants": [slugs[0]], "bakeSeconds": 0 } } });
    stage.world.plugin_with(&stage.id, REFUSES, canary).await;
    let stopped = rollout(&stage, REFUSES, RolloutPhase::Stopped).await;
    assert_eq!(stopped.failed, [slugs[0].clone()]);
    stage.world.install_until(&slugs[0], "Ready", "False", "UpgradeFailed").await;
    let first = || Some(FIRST.to_owned());
    assert_eq!(versions(&stage, &slugs).await, [first(), first(), first()]);
    for slug in &slugs[1..] {
        let install = stage.world.installs(slug).get("it").await.unwrap();
        assert!(
            is(&install.status.as_ref().unwrap().conditions, "Ready", "True", "Provisioned"),
            "{}",
            install.name_any()
        );
    }
}

/// Waits until the entry was looked at as its spec says now, and says where its rollout is then.
async fn judged(stage: &Stage, version: &str) -> RolloutStatus {
    let name = format!("{}-{version}", stage.id);
    let patch = Patch::Merge(json!({ "spec": { "displayName": stage.world.database.unique("name") } }));
    let asked = stage.world.plugins().patch(&name, &PatchParams::default(), &patch).await.unwrap().metadata.generation;
    wait_for("the entry was looked at", PATIENCE, async || {
        let status = stage.world.plugins().get(&name).await.unwrap().status?;
        let seen = status.conditions.iter().all(|condition| condition.observed_generation == asked);
        seen.then_some(status.rollout).flatten()
    })
    .await
}

#[tokio::test]
async fn a_stopped_rollout_goes_on_when_another_try_has_come_to_a_good_end() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let rollout_of = |bake: i32| json!({ "bakeSeconds": 0, "canary": { "tenants": [slugs[0]], "bakeSeconds": bake } });
    let (rut, note) = (format!("{}.{RUT}", stage.schema), format!("{}.note", stage.schema));
    stage.world.execute(&format!("CREATE TABLE {rut} ()")).await;
    stage.world.plugin_with(&stage.id, SECOND, json!({ "rollout": rollout_of(AN_HOUR) })).await;
    let stopped = rollout(&stage, SECOND, RolloutPhase::Stopped).await;
    assert_eq!(stopped.failed, slugs[..1], "{stopped:?}");
    let first = || Some(FIRST.to_owned());
    let holds = async |when: &str| {
        let now = judged(&stage, SECOND).await;
        assert_eq!((now.phase, &now.failed[..]), (RolloutPhase::Stopped, &slugs[..1]), "{when}: {now:?}");
        assert_eq!(versions(&stage, &slugs).await, [first(), first(), first()], "{when}");
    };

    // Who does not try any more has not come there.
    stage.world.install(&slugs[0], &stage.id, json!({ "enabled": false })).await;
    stage.until("it is disabled", |status| status.phase == Some(Phase::Disabled)).await;
    holds("disabled").await;
    // Enabled it tries again, which ends as it did before.
    stage.world.install(&slugs[0], &stage.id, json!({})).await;
    wait_until("it has failed again", PATIENCE, async || {
        let install = stage.world.installs(&slugs[0]).get("it").await.unwrap();
        let (generation, status) = (install.metadata.generation, install.status.unwrap());
        status.upgrade.is_some_and(|upgrade| {
            upgrade.phase == UpgradePhase::RolledBack && upgrade.generation == generation && upgrade.attempts == 3
        })
    })
    .await;
    holds("enabled").await;

    // It can be upgraded, and takes as long for it as somebody holds its table.
    let mut holder = stage.world.database.connect().await;
    let lock = format!("BEGIN; DROP TABLE {rut}; LOCK TABLE {note}");
    holder.execute(sqlx::raw_sql(AssertSqlSafe(lock))).await.unwrap();
    stage.annotate(RETRY_UPGRADE, "1").await;
    stage
        .until("it tries again", |status| {
            let upgrade = status.upgrade.as_ref();
            upgrade.is_some_and(|one| one.phase == UpgradePhase::Expanding && one.retry.as_deref() == Some("1"))
        })
        .await;
    holds("tried again").await;
    holder.execute("COMMIT").await.unwrap();
    let baking = rollout(&stage, SECOND, RolloutPhase::Canary).await;
    assert_eq!((baking.migrated, baking.failed.len()), (1, 0), "{baking:?}");
    assert!(baking.baking_since.is_some(), "it bakes anew: {baking:?}");
    assert_eq!(versions(&stage, &slugs).await, [Some(SECOND.to_owned()), first(), first()]);
    stage.world.plugin_with(&stage.id, SECOND, json!({ "rollout": rollout_of(0) })).await;
    rollout(&stage, SECOND, RolloutPhase::Open).await;
    wait_until("all have followed", PATIENCE, async || {
        versions(&stage, &slugs).await.iter().all(|version| version.as_deref() == Some(SECOND))
    })
    .await;
}

#[tokio::test]
async fn those_that_can_go_on_where_one_of_many_cannot() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let (new, _) = PICKY;
    stage.world.plugin(&stage.id, new).await;
    let failed = stage.world.install_until(&slugs[1], "Ready", "False", "UpgradeFailed").await.status.unwrap();
    assert!(failed.conditions[0].message.contains("wrong quarter"), "{:?}", failed.conditions[0]);
    wait_until("the others have it", PATIENCE, async || {
        versions(&stage, &slugs).await == [Some(new.to_owned()), Some(FIRST.to_owned()), Some(new.to_owned())]
    })
    .await;
    for slug in &slugs {
        let status = stage.world.installs(slug).get("it").await.unwrap().status.unwrap();
        assert!(is(&status.conditions, "Routed", "True", "Provisioned"), "{slug}: {status:?}");
        assert!(healthy(upstream(&status)).await, "{slug}");
    }
    let message = format!("migrated 2/3, 1 failed: {}", slugs[1]);
    wait_until("it is counted", PATIENCE, async || rollout(&stage, new, RolloutPhase::Open).await.message == message)
        .await;
}

/// None of them is done before all of them are at it.
#[tokio::test]
async fn tenants_migrate_at_the_same_time() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    stage.world.plugin(&stage.id, MEETS).await;
    wait_until("all have it", PATIENCE, async || {
        versions(&stage, &slugs).await.iter().all(|version| version.as_deref() == Some(MEETS))
    })
    .await;
}

#[tokio::test]
async fn a_share_that_is_all_of_them_goes_first_and_stops_when_one_fails() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let (new, _) = PICKY;
    let canary = json!({ "rollout": { "bakeSeconds": 0, "canary": { "percent": 100, "bakeSeconds": AN_HOUR } } });
    stage.world.plugin_with(&stage.id, new, canary).await;
    let stopped = rollout(&stage, new, RolloutPhase::Stopped).await;
    assert_eq!((stopped.total, &stopped.failed), (3, &vec![slugs[1].clone()]), "{stopped:?}");
}

/// A tenant's place in all rollouts of the plugin: it goes first where more than that share does, in percent.
fn place(id: &str, slug: &str) -> u32 {
    let digest = Sha256::digest(format!("{id}\n{slug}"));
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) % 100
}

#[tokio::test]
async fn a_share_goes_first_and_the_others_when_the_share_grows() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let percent = slugs.iter().map(|slug| place(&stage.id, slug)).min().unwrap() + 1;
    let (first, others): (Vec<String>, Vec<String>) =
        slugs.iter().cloned().partition(|slug| place(&stage.id, slug) < percent);
    let share =
        |percent| json!({ "rollout": { "bakeSeconds": 0, "canary": { "percent": percent, "bakeSeconds": AN_HOUR } } });
    let have = async |slugs: &[String], what: &str| {
        let at = Some(SECOND.to_owned());
        wait_until(what, PATIENCE, async || versions(&stage, slugs).await.iter().all(|version| *version == at)).await;
    };
    stage.second(0, share(percent)).await;
    have(&first, "those that go first have it").await;
    let waiting = rollout(&stage, SECOND, RolloutPhase::Canary).await;
    assert_eq!(waiting.total, 3, "{waiting:?}");
    for slug in &others {
        let status = stage.world.installs(slug).get("it").await.unwrap().status.unwrap();
        assert_eq!(status.version.as_deref(), Some(FIRST), "{slug} of {slugs:?} at {percent}");
        assert!(status.conditions[0].message.contains("goes to other tenants first"), "{status:?}");
    }
    stage.second(0, share(100)).await;
    have(&others, "the others have it, too").await;
}
