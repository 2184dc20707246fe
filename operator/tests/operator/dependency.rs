//! Plugins of one tenant that need each other.

use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use plexica_crds::{PluginInstall, plugin_install::Phase};
use plexica_testkit::{wait_for, wait_until};
use serde_json::{Value, json};

use crate::{
    plugin::healthy,
    world::{PATIENCE, World, is},
};

/// Waits until a condition of one of the tenant's installs is as said, and says so with these words.
async fn says(world: &World, slug: &str, name: &str, condition: (&str, &str, &str), words: &str) -> PluginInstall {
    let what = format!("{name} says {condition:?} {words}");
    wait_for(&what, PATIENCE, async || {
        let install = world.installs(slug).get_opt(name).await.unwrap()?;
        let conditions = install.status.as_ref()?.conditions.clone();
        let (kind, status, reason) = condition;
        let found = conditions.iter().find(|one| one.type_ == kind)?;
        (is(&conditions, kind, status, reason) && found.message.contains(words)).then_some(install)
    })
    .await
}

async fn serves(world: &World, slug: &str, name: &str, version: &str) -> PluginInstall {
    let what = format!("{name} serves {version}");
    wait_for(&what, PATIENCE, async || {
        let install = world.installs(slug).get_opt(name).await.unwrap()?;
        let status = install.status.as_ref()?;
        let ready = is(&status.conditions, "Ready", "True", "Provisioned");
        (ready && status.version.as_deref() == Some(version)).then_some(install)
    })
    .await
}

fn needs(what: &[Value]) -> Value {
    json!({ "requires": what })
}

/// Sets a field of an entry that its author does not write.
async fn mark(world: &World, entry: &str, spec: Value) {
    let patch = json!({ "spec": spec });
    world.plugins().patch(entry, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
}

struct Tenant {
    slug: String,
    crm: String,
    files: String,
}

async fn tenant(world: &World) -> Tenant {
    let [slug, crm, files] = ["acme", "crm", "files"].map(|name| world.database.unique(name));
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    Tenant { slug, crm, files }
}

#[tokio::test]
async fn an_upgrade_that_breaks_a_dependent_is_not_taken() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let Tenant { slug, crm, files } = &tenant(&world).await;
    world.plugin(files, "1.0.0").await;
    world.plugin_with(crm, "1.0.0", needs(&[json!({ "plugin": files, "version": "^1" })])).await;
    // Both at once: the one waits for the other.
    world.install_as("crm", slug, crm, json!({})).await;
    says(&world, slug, "crm", ("Ready", "False", "RequirementNotMet"), crm).await;
    world.install_as("files", slug, files, json!({})).await;
    serves(&world, slug, "files", "1.0.0").await;
    serves(&world, slug, "crm", "1.0.0").await;

    // A newer version that the other cannot work with is held back, and who it is for is said.
    world.plugin(files, "3.0.0").await;
    let chain = format!("3.0.0 is held back: {crm} 1.0.0 (tenant-{slug}/crm) → {files} ^1");
    says(&world, slug, "files", ("Resolved", "True", "HeldBack"), &chain).await;
    serves(&world, slug, "files", "1.0.0").await;
    // Asked for, it is refused; what serves goes on.
    world.install_as("files", slug, files, json!({ "plugin": { "version": "^3" } })).await;
    let refused = says(&world, slug, "files", ("Ready", "False", "DependencyConflict"), &format!("{crm} 1.0.0")).await;
    let status = refused.status.unwrap();
    assert_eq!((status.phase, status.version.as_deref()), (Some(Phase::Stalled), Some("1.0.0")));
    assert!(healthy(&status.route.unwrap().upstream).await);
    serves(&world, slug, "crm", "1.0.0").await;

    // A version of the other that can do with both lets it go on by itself.
    world.plugin_with(crm, "1.1.0", needs(&[json!({ "plugin": files, "version": ">=1, <4" })])).await;
    serves(&world, slug, "crm", "1.1.0").await;
    serves(&world, slug, "files", "3.0.0").await;
    operator.stop().await;
}

#[tokio::test]
async fn what_others_need_is_neither_removed_nor_disabled() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let Tenant { slug, crm, files } = &tenant(&world).await;
    let interface = json!({ "provides": [{ "interface": "blobs.v1", "version": "1.2.0" }] });
    world.plugin_with(files, "1.0.0", interface).await;
    world.plugin_with(crm, "1.0.0", needs(&[json!({ "interface": "blobs.v1", "version": "^1.1" })])).await;
    world.install_as("files", slug, files, json!({})).await;
    world.install_as("crm", slug, crm, json!({})).await;
    serves(&world, slug, "crm", "1.0.0").await;

    let who = format!("{crm} 1.0.0 (tenant-{slug}/crm) → interface blobs.v1 ^1.1");
    world.install_as("files", slug, files, json!({ "enabled": false })).await;
    let kept = says(&world, slug, "files", ("Ready", "False", "InUse"), &who).await.status.unwrap();
    assert!(healthy(&kept.route.unwrap().upstream).await, "it serves on");
    serves(&world, slug, "crm", "1.0.0").await;
    world.install_as("files", slug, files, json!({ "enabled": true })).await;
    serves(&world, slug, "files", "1.0.0").await;

    // It goes on though it is to go, and with the next operator, too.
    let installs: Api<PluginInstall> = world.installs(slug);
    installs.delete("files", &DeleteParams::default()).await.unwrap();
    says(&world, slug, "files", ("Ready", "False", "InUse"), &who).await;
    operator.kill();
    let operator = world.operator();
    wait_until("what needs it and what is needed serve again", PATIENCE, async || {
        for name in ["files", "crm"] {
            let route = installs.get(name).await.unwrap().status.and_then(|status| status.route);
            let Some(route) = route else { return false };
            if !healthy(&route.upstream).await {
                return false;
            }
        }
        true
    })
    .await;
    let kept = says(&world, slug, "files", ("Ready", "False", "InUse"), &who).await.status.unwrap();
    assert_eq!(kept.phase, Some(Phase::Terminating));
    // Nobody begins to rely on it.
    world.delete(&installs, "crm").await;
    world.gone(&installs, "files").await;
    operator.stop().await;
}

#[tokio::test]
async fn all_of_a_tenant_may_go_at_once() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let Tenant { slug, crm, files } = &tenant(&world).await;
    world.plugin(files, "1.0.0").await;
    world.plugin_with(crm, "1.0.0", needs(&[json!({ "plugin": files, "version": "^1" })])).await;
    let install = async || {
        world.install_as("files", slug, files, json!({ "deletionPolicy": "Delete" })).await;
        world.install_as("crm", slug, crm, json!({ "deletionPolicy": "Delete" })).await;
        serves(&world, slug, "crm", "1.0.0").await;
    };
    install().await;
    // What is needed is deleted first, and goes last.
    let installs = world.installs(slug);
    installs.delete("files", &DeleteParams::default()).await.unwrap();
    installs.delete("crm", &DeleteParams::default()).await.unwrap();
    wait_until("crm is gone", PATIENCE, async || {
        let [crm, files] = [installs.get_opt("crm").await.unwrap(), installs.get_opt("files").await.unwrap()];
        assert!(crm.is_none() || files.is_some(), "what is needed is gone first");
        crm.is_none()
    })
    .await;
    world.gone(&installs, "files").await;

    // And with their tenant, in whatever order.
    install().await;
    world.delete(&world.tenants(), slug).await;
    assert!(installs.list(&kube::api::ListParams::default()).await.unwrap().items.is_empty());
    operator.stop().await;
}

#[tokio::test]
async fn a_circle_is_refused_by_all_that_are_in_it() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let Tenant { slug, crm, files } = &tenant(&world).await;
    world.plugin_with(files, "1.0.0", needs(&[json!({ "plugin": crm, "version": "^1" })])).await;
    world.plugin_with(crm, "1.0.0", needs(&[json!({ "plugin": files, "version": "^1" })])).await;
    world.install_as("files", slug, files, json!({})).await;
    world.install_as("crm", slug, crm, json!({})).await;
    let chain = format!("{files} 1.0.0 → {crm} ^1, {crm} 1.0.0 → {files} ^1");
    let refused = says(&world, slug, "files", ("Ready", "False", "DependencyCycle"), &chain).await;
    assert_eq!(refused.status.unwrap().phase, Some(Phase::Stalled));
    says(&world, slug, "crm", ("Stalled", "True", "DependencyCycle"), &format!("{crm} 1.0.0 → {files} ^1")).await;
    // A version without the requirement, and both come up.
    world.plugin(files, "1.1.0").await;
    serves(&world, slug, "files", "1.1.0").await;
    serves(&world, slug, "crm", "1.0.0").await;
    operator.stop().await;
}

#[tokio::test]
async fn an_optional_requirement_binds_only_what_is_there() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let Tenant { slug, crm, files } = &tenant(&world).await;
    let optional = json!({ "plugin": files, "version": "^1", "optional": true });
    world.plugin_with(crm, "1.0.0", needs(&[optional])).await;
    world.plugin(files, "3.0.0").await;
    world.install_as("crm", slug, crm, json!({})).await;
    serves(&world, slug, "crm", "1.0.0").await;
    // It would not work beside what is there already.
    world.install_as("files", slug, files, json!({})).await;
    says(&world, slug, "files", ("Ready", "False", "DependencyConflict"), &format!("{crm} 1.0.0")).await;
    world.plugin(files, "1.0.0").await;
    serves(&world, slug, "files", "1.0.0").await;
    // And nobody holds it.
    world.delete(&world.installs(slug), "files").await;
    operator.stop().await;
}

#[tokio::test]
async fn what_is_pinned_deprecated_or_yanked() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let Tenant { slug, crm, .. } = &tenant(&world).await;
    world.plugin(crm, "1.0.0").await;
    world.plugin(crm, "1.1.0").await;
    world.install_as("crm", slug, crm, json!({ "plugin": { "version": "=1.0.0" } })).await;
    serves(&world, slug, "crm", "1.0.0").await;

    mark(&world, &format!("{crm}-1.0.0"), json!({ "deprecated": { "message": "use 1.1" } })).await;
    says(&world, slug, "crm", ("Resolved", "True", "Deprecated"), "use 1.1").await;
    let phase = async |version: &str| {
        let entry = world.plugins().get(&format!("{crm}-{version}")).await.unwrap();
        serde_json::to_value(entry.status.unwrap().phase).unwrap()
    };
    wait_until("the entry says so", PATIENCE, async || phase("1.0.0").await == "Deprecated").await;

    // What runs goes on, with the reason; nothing else is made of it.
    mark(&world, &format!("{crm}-1.0.0"), json!({ "yanked": { "reason": "it loses data" } })).await;
    let kept = says(&world, slug, "crm", ("Resolved", "True", "Yanked"), "it loses data").await;
    assert!(is(&kept.status.unwrap().conditions, "Ready", "True", "Provisioned"));
    wait_until("the entry says so", PATIENCE, async || phase("1.0.0").await == "Yanked").await;
    let [beta, gama] = ["beta", "gama"].map(|name| world.database.unique(name));
    for slug in [&beta, &gama] {
        world.tenant(slug, json!({})).await;
        world.ready(slug).await;
    }
    world.install_as("crm", &beta, crm, json!({ "plugin": { "version": "=1.0.0" } })).await;
    says(&world, &beta, "crm", ("Stalled", "True", "Yanked"), "1.0.0 is yanked (it loses data)").await;
    mark(&world, &format!("{crm}-1.1.0"), json!({ "yanked": { "reason": "it is slow" } })).await;
    world.install_as("crm", &gama, crm, json!({})).await;
    says(&world, &gama, "crm", ("Ready", "False", "Yanked"), "it is slow").await;
    world.plugin(crm, "1.2.0").await;
    serves(&world, &gama, "crm", "1.2.0").await;
    operator.stop().await;
}
