//! Installs and catalogue entries that cannot be, until somebody corrects them.

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api,
    api::{DeleteParams, ObjectMeta, PostParams},
};
use plexica_crds::{PluginInstall, plugin_install::Phase};
use plexica_testkit::{unique, wait_for};
use serde_json::{Value, json};

use crate::world::{PATIENCE, World, apply, is};

/// What is applied first, what is said of it, and what is applied then. Entries are changes to the
/// test's plugin.
struct Case {
    entry: Value,
    install: Value,
    reason: &'static str,
    said: &'static str,
    corrected_entry: Value,
    corrected_install: Value,
}

fn cases(id: &str) -> [Case; 5] {
    let limited = json!({ "configuration": { "schema": {
        "type": "object", "properties": { "limit": { "type": "integer" } }, "additionalProperties": false,
    }}});
    [
        Case {
            entry: limited.clone(),
            install: json!({ "config": { "limit": "many" } }),
            reason: "InvalidConfig",
            said: "spec.config.limit",
            corrected_entry: limited,
            corrected_install: json!({ "config": { "limit": 5 } }),
        },
        Case {
            entry: json!({}),
            install: json!({ "config": { "limit": 5 } }),
            reason: "InvalidConfig",
            said: "takes no configuration",
            corrected_entry: json!({}),
            corrected_install: json!({}),
        },
        Case {
            entry: json!({}),
            install: json!({ "grantedPermissions": [format!("{id}:notes:burn")] }),
            reason: "PermissionNotDeclared",
            said: "no version of",
            corrected_entry: json!({}),
            corrected_install: json!({ "grantedPermissions": [format!("{id}:notes:read")] }),
        },
        Case {
            entry: json!({ "runtime": { "image": "plexica/test-plugin:1" } }),
            install: json!({}),
            reason: "WorkloadUnsupported",
            said: "spec.runtime.command",
            corrected_entry: json!({}),
            corrected_install: json!({}),
        },
        Case {
            entry: json!({ "configuration": { "schema": { "type": "text" } } }),
            install: json!({}),
            reason: "InvalidManifest",
            said: "spec.configuration.schema",
            corrected_entry: json!({}),
            corrected_install: json!({}),
        },
    ]
}

#[tokio::test]
async fn what_cannot_be_says_why_and_is_once_it_is_corrected() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    for case in cases(&id) {
        world.plugin_with(&id, "1.0.0", case.entry).await;
        world.install(&slug, &id, case.install).await;
        let status = world.install_until(&slug, "Stalled", "True", case.reason).await.status.unwrap();
        assert!(is(&status.conditions, "Ready", "False", case.reason), "{:?}", status.conditions);
        assert!(status.conditions[0].message.contains(case.said), "{:?}", status.conditions[0]);
        assert_eq!((status.phase, status.route), (Some(Phase::Stalled), None));
        if case.reason == "InvalidManifest" {
            entry_says(&world, &id, "Stalled", "True", case.said).await;
        }

        world.plugin_with(&id, "1.0.0", case.corrected_entry).await;
        world.install(&slug, &id, case.corrected_install).await;
        let status = world.installed(&slug).await.status.unwrap();
        assert!(!is(&status.conditions, "Stalled", "True", ""), "{:?}", status.conditions);
        entry_says(&world, &id, "Ready", "True", "can be installed").await;
        world.delete(&world.installs(&slug), "it").await;
    }
    operator.stop().await;
}

async fn entry_says(world: &World, id: &str, kind: &str, status: &str, said: &str) {
    let what = format!("the entry is {kind}={status}, {said}");
    wait_for(&what, PATIENCE, async || {
        let conditions = world.plugins().get(&format!("{id}-1.0.0")).await.unwrap().status?.conditions;
        let found = conditions.iter().find(|condition| condition.type_ == kind)?;
        (found.status == status && found.message.contains(said)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_tenant_is_not_named_from_just_anywhere() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id, elsewhere) = (world.database.unique("acme"), world.database.unique("crm"), unique("elsewhere"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let named = ObjectMeta { name: Some(elsewhere.clone()), ..ObjectMeta::default() };
    let namespace = Namespace { metadata: named, ..Namespace::default() };
    namespaces.create(&PostParams::default(), &namespace).await.unwrap();

    let there: Api<PluginInstall> = Api::namespaced(world.client.clone(), &elsewhere);
    let spec = json!({ "tenantRef": { "name": slug }, "plugin": { "id": id } });
    let install = json!({ "kind": "PluginInstall", "metadata": { "name": "it" }, "spec": spec });
    apply(&there, "it", &world.meta(install)).await;
    let status = wait_for("it is stalled", PATIENCE, async || {
        let status = there.get("it").await.unwrap().status?;
        is(&status.conditions, "Stalled", "True", "TenantNotAllowed").then_some(status)
    })
    .await;
    let message = &status.conditions[0].message;
    assert!(message.contains(&format!("move it to tenant-{slug} or to {}", world.platform())), "{message}");
    let schema = format!("tenant_{}_plugin_{}", slug.replace('-', "_"), id.replace('-', "_"));
    assert!(!world.has_schema(&schema).await);

    // Moved, as it says.
    world.delete(&there, "it").await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;
    namespaces.delete(&elsewhere, &DeleteParams::default()).await.unwrap();
    operator.stop().await;
}
