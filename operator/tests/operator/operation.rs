//! What is being done about a resource, as one thing with an id, whoever does it.

use kube::api::DeleteParams;
use plexica_crds::{OperationKind, OperationPhase, OperationStatus, StepPhase};
use plexica_testkit::wait_until;
use serde_json::json;

use crate::world::{PATIENCE, World};

async fn of_install(world: &World, slug: &str) -> Option<OperationStatus> {
    world.installs(slug).get("it").await.unwrap().status?.operation
}

/// Whether it says how many of its steps are done.
fn counts(operation: &OperationStatus) {
    let done = operation.steps.iter().filter(|step| step.phase == StepPhase::Done).count();
    assert!(!operation.steps.is_empty(), "{operation:?}");
    assert_eq!(operation.progress, format!("{done}/{}", operation.steps.len()), "{operation:?}");
    if operation.phase == OperationPhase::Succeeded {
        assert_eq!(done, operation.steps.len(), "{operation:?}");
    }
}

async fn becomes(world: &World, slug: &str, kind: OperationKind, phase: OperationPhase) -> OperationStatus {
    let mut found = None;
    wait_until(&format!("{kind:?} is {phase:?}"), PATIENCE, async || {
        found = of_install(world, slug).await;
        found.as_ref().is_some_and(|operation| (operation.kind, operation.phase) == (kind, phase))
    })
    .await;
    let found = found.unwrap();
    counts(&found);
    found
}

#[tokio::test]
async fn an_operation_is_the_same_one_for_the_next_operator() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.tenant(&slug, json!({})).await;
    let tenant = world.ready(&slug).await;
    let made = tenant.status.unwrap().operation.unwrap();
    assert_eq!((made.kind, made.phase), (OperationKind::Provision, OperationPhase::Succeeded));
    assert!(made.completed_at.is_some(), "{made:?}");
    counts(&made);

    // It waits for its plugin, and the operator ends meanwhile.
    world.install(&slug, &id, json!({})).await;
    let begun = becomes(&world, &slug, OperationKind::Install, OperationPhase::Running).await;
    let step = begun.steps.iter().find(|step| step.name == "Resolved").unwrap();
    assert_eq!(step.phase, StepPhase::Waiting);
    assert_ne!(begun.progress, format!("{0}/{0}", begun.steps.len()));
    assert!(step.message.contains("no plugin"), "{begun:?}");
    operator.kill();
    world.plugin(&id, "1.0.0").await;
    let _next = world.operator();
    let done = becomes(&world, &slug, OperationKind::Install, OperationPhase::Succeeded).await;
    assert_eq!((&done.id, &done.started_at), (&begun.id, &begun.started_at));

    // Another version is another operation, which lasts until the old one is not kept any more.
    world.plugin_with(&id, "3.0.0", json!({ "rollout": { "bakeSeconds": 4 } })).await;
    let upgrade = becomes(&world, &slug, OperationKind::Upgrade, OperationPhase::Running).await;
    assert_ne!(upgrade.id, done.id);
    let ended = becomes(&world, &slug, OperationKind::Upgrade, OperationPhase::Succeeded).await;
    assert_eq!(ended.id, upgrade.id);

    // What only a person can mend has failed, and succeeds when it is mended.
    world.install(&slug, &id, json!({ "config": { "colour": "red" } })).await;
    let failed = becomes(&world, &slug, OperationKind::Update, OperationPhase::Failed).await;
    assert!(failed.completed_at.is_some(), "{failed:?}");
    world.install(&slug, &id, json!({ "enabled": false })).await;
    becomes(&world, &slug, OperationKind::Disable, OperationPhase::Succeeded).await;

    // All of it is told for longer than the status tells it, and the end of what is gone.
    let recorded = async |name: &str, kind: &str| {
        let sql = format!(
            "SELECT coalesce(string_agg(phase, ',' ORDER BY started_at), '') FROM core.operation
              WHERE tenant = '{slug}' AND name = '{name}' AND operation ->> 'kind' = '{kind}'
                AND operation ->> 'phase' = phase"
        );
        world.sql::<String>(&sql).await
    };
    assert_eq!(recorded(&slug, "Provision").await, "Succeeded");
    for (kind, phase) in
        [("Install", "Succeeded"), ("Upgrade", "Succeeded"), ("Update", "Failed"), ("Disable", "Succeeded")]
    {
        assert_eq!(recorded("it", kind).await, phase, "{kind}");
    }
    world.delete(&world.installs(&slug), "it").await;
    assert_eq!(recorded("it", "Delete").await, "Succeeded");
    world.delete(&world.tenants(), &slug).await;
    assert_eq!(recorded(&slug, "Delete").await, "Succeeded");
    for name in ["it", &slug] {
        let end = format!(
            "SELECT operation::text FROM core.operation
              WHERE tenant = '{slug}' AND name = '{name}' AND operation ->> 'kind' = 'Delete'"
        );
        let end: OperationStatus = serde_json::from_str(&world.sql::<String>(&end).await).unwrap();
        counts(&end);
        let told = |step: &str| end.steps.iter().find(|seen| seen.name == step).map(|step| step.message.clone());
        let data = if name == "it" { "Migrated" } else { "DatabaseReady" };
        assert!(told(data).is_some_and(|message| message.contains("is kept, marked with the time")), "{end:?}");
    }
    let one = format!(
        "SELECT id FROM core.operation WHERE tenant = '{slug}' AND name = 'it' AND operation ->> 'kind' = 'Install'"
    );
    assert_eq!(world.sql::<String>(&one).await, begun.id);
    let uids = format!("SELECT count(DISTINCT tenant_uid) FROM core.operation WHERE tenant = '{slug}'");
    assert_eq!(world.sql::<i64>(&uids).await, 1);
}

/// What nobody finishes is not said to be under way for ever.
#[tokio::test]
async fn what_another_operation_takes_the_place_of_is_superseded() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.plugin(&id, "1.0.0").await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;
    world.plugin_with(&id, "3.0.0", json!({ "rollout": { "bakeSeconds": 600 } })).await;
    let begun = becomes(&world, &slug, OperationKind::Upgrade, OperationPhase::Running).await;
    let phase = async || {
        let sql = format!("SELECT coalesce((SELECT phase FROM core.operation WHERE id = '{}'), '')", begun.id);
        world.sql::<String>(&sql).await
    };
    wait_until("it is recorded", PATIENCE, async || phase().await == "Running").await;
    world.installs(&slug).delete("it", &DeleteParams::default()).await.unwrap();
    world.gone(&world.installs(&slug), "it").await;
    assert_eq!(phase().await, "Superseded");
}

#[tokio::test]
async fn what_failed_and_was_tried_again_is_counted() {
    let Some(world) = World::new().await else { return };
    world.keycloak.shut();
    let operator = world.operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    let mut begun = None;
    wait_until("it has failed once", PATIENCE, async || {
        begun = world.tenants().get(&slug).await.unwrap().status.and_then(|status| status.operation);
        begun.as_ref().is_some_and(|operation| operation.retries > 0)
    })
    .await;
    let begun = begun.unwrap();
    assert_eq!((begun.kind, begun.phase), (OperationKind::Provision, OperationPhase::Running));
    counts(&begun);
    world.keycloak.open();
    let done = world.ready(&slug).await.status.unwrap().operation.unwrap();
    assert_eq!((&done.id, done.phase), (&begun.id, OperationPhase::Succeeded));
    assert!(done.retries >= begun.retries, "{done:?}");
    operator.stop().await;
}
