//! What would be done for an install is said, and nothing of it is done.

use kube::{
    Api, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
};
use plexica_crds::{
    PluginInstall,
    label::DRY_RUN,
    plugin_install::{Phase, PluginInstallStatus, UpgradePhase},
};
use serde_json::{Value, json};

use crate::{
    plugin::healthy,
    running::Operator,
    upgrade::{AN_HOUR, FIRST, SECOND, Stage, upstream},
    world::{apply, is},
};

/// Waits until the install says that it would do so.
async fn says(stage: &Stage, words: &str) -> PluginInstallStatus {
    stage
        .until(words, |status| {
            let said = status.conditions.iter().find(|condition| condition.type_ == "DryRun");
            said.is_some_and(|condition| condition.message.contains(words))
        })
        .await
}

/// What was written to Kubernetes for the tenant, besides what is said; Events are told when there is time.
fn written(stage: &Stage, operator: &Operator) -> Vec<String> {
    let is_told = |write: &str| ["/status", "/events"].iter().any(|end| write.ends_with(end));
    let of_it = |write: &String| write.contains(&stage.slug) && !is_told(write);
    operator.writes().into_iter().filter(of_it).collect()
}

#[tokio::test]
async fn what_would_be_done_is_said_and_not_done() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    stage.world.ready(&stage.slug).await;
    let api: Api<PluginInstall> = stage.world.installs(&stage.slug);
    let says = async |words: &str| says(&stage, words).await;
    let object = json!({
        "kind": "PluginInstall", "metadata": { "name": "it", "annotations": { "plexica.io/dry-run": "true" } },
        "spec": { "tenantRef": { "name": stage.slug }, "plugin": { "id": stage.id } },
    });
    apply(&api, "it", &stage.world.meta(object)).await;
    let new = says(&format!("it would install {} {FIRST}", stage.id)).await;
    says(&format!("; grant {0}:notes:read; route /api/plugins/{0}", stage.id)).await;
    assert!(is(&new.conditions, "Ready", "False", "DryRun"), "{new:?}");
    assert!(!stage.world.has_schema(&stage.schema).await);
    assert!(api.get("it").await.unwrap().finalizers().is_empty(), "nothing is to be cleaned up");

    stage.annotate("plexica.io/dry-run", "false").await;
    let first = stage.world.installed(&stage.slug).await.status.unwrap();
    assert!(!first.conditions.iter().any(|condition| condition.type_ == "DryRun"), "{first:?}");
    stage.annotate("plexica.io/dry-run", "true").await;
    says("there is nothing to do").await;
    let spec = async |spec: Value| {
        let patch = Patch::Merge(json!({ "spec": spec }));
        api.patch("it", &PatchParams::default(), &patch).await.unwrap();
    };
    spec(json!({ "isolation": "Dedicated" })).await;
    let moves = format!("it would serve {} by a workload of its own and not by the one that is shared", stage.slug);
    says(&moves).await;
    spec(json!({ "isolation": "Shared" })).await;
    says("there is nothing to do").await;
    let args = ["test-plugin", "--exact", "plugin::serve", "--nocapture", "--quiet"];
    let runtime = json!({ "runtime": { "image": "plexica/test-plugin:1", "command": args } });
    stage.world.plugin_with(&stage.id, FIRST, runtime).await;
    says(&format!("it would start {} again for all tenants that share it (", stage.id)).await;
    stage.world.plugin(&stage.id, FIRST).await;
    says("there is nothing to do").await;
    let rotate = async |value: Value| {
        let patch = Patch::Merge(json!({ "metadata": { "annotations": { "plexica.io/rotate": value } } }));
        let name = format!("{}-{FIRST}", stage.id);
        stage.world.plugins().patch(&name, &PatchParams::default(), &patch).await.unwrap();
    };
    rotate(json!("once")).await;
    says("it would replace what its workload signs in with by generation 2").await;
    rotate(Value::Null).await;
    says("there is nothing to do").await;
    stage.second(0, json!({})).await;
    let held = says(&format!("bring {} from {FIRST} to {SECOND}", stage.id)).await;
    says("; migrate by 1_a.sql, 2_b.contract.sql (last; there is no way back then)").await;
    assert_eq!((held.version.as_deref(), upstream(&held)), (Some(FIRST), upstream(&first)));
    assert_eq!(stage.notes().await, [format!("Install {FIRST}")]);
    stage.annotate("plexica.io/dry-run", "false").await;
    stage.reaches(SECOND, UpgradePhase::Complete).await;
}

#[tokio::test]
async fn what_would_be_taken_from_an_install_is_said_and_stays() {
    let Some(stage) = Stage::new().await else { return };
    let operator = stage.world.operator();
    let up = stage.up().await;
    let (id, schema) = (&stage.id, &stage.schema);
    let [read, write] = ["read", "write"].map(|action| format!("{id}:notes:{action}"));
    let api = stage.world.installs(&stage.slug);
    stage.annotate(DRY_RUN, "true").await;
    says(&stage, "there is nothing to do").await;
    let before = (written(&stage, &operator), stage.world.stored(id).await);
    let spec = async |spec: Value| {
        let patch = Patch::Merge(json!({ "spec": spec }));
        api.patch("it", &PatchParams::default(), &patch).await.unwrap();
    };
    // Nothing of what it is and has is another one by what is said.
    let as_before = async |held: &PluginInstallStatus| {
        let is = |status: &PluginInstallStatus| {
            let consent = (status.awaiting_consent.clone(), status.awaiting_events.clone());
            (status.version.clone(), status.permissions.clone(), status.events.clone(), status.route.clone(), consent)
        };
        assert_eq!(is(held), is(&up));
        assert!(healthy(upstream(&up)).await, "it serves");
        assert_eq!((written(&stage, &operator), stage.world.stored(id).await), before);
    };

    let permissions = json!([{ "key": read, "name": "Read" }, { "key": write, "name": "Write" }]);
    let more = json!({ "permissions": permissions, "events": { "subscribes": ["core.user.deleted"] } });
    stage.second(AN_HOUR, more).await;
    let words = format!("ask for consent to permission {write}, event core.user.deleted");
    as_before(&says(&stage, &words).await).await;
    spec(json!({ "plugin": { "version": "=1.0.0" } })).await;
    says(&stage, "there is nothing to do").await;

    spec(json!({ "grantedPermissions": [] })).await;
    as_before(&says(&stage, &format!("it would take away {read}")).await).await;
    spec(json!({ "grantedPermissions": null })).await;
    says(&stage, "there is nothing to do").await;

    spec(json!({ "enabled": false })).await;
    let words = format!("it would take /api/plugins/{id} away and end its workload; the data stays");
    as_before(&says(&stage, &words).await).await;
    spec(json!({ "enabled": true })).await;
    says(&stage, "there is nothing to do").await;

    api.delete("it", &DeleteParams::default()).await.unwrap();
    let goes = format!("it would take /api/plugins/{id} away; ");
    let kept = says(&stage, &format!("{goes}keep the schema {schema} and mark it retained")).await;
    assert_eq!(kept.phase, Some(Phase::Terminating));
    assert!(is(&kept.conditions, "Ready", "False", "DryRun"), "{kept:?}");
    as_before(&kept).await;
    spec(json!({ "deletionPolicy": "Delete" })).await;
    as_before(&says(&stage, &format!("{goes}remove the schema {schema} with its data for good")).await).await;

    stage.annotate(DRY_RUN, "false").await;
    stage.world.gone(&api, "it").await;
    assert!(!stage.world.has_schema(schema).await);
}
