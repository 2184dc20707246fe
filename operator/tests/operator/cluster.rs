//! Workloads as Deployments. No node runs them on this cluster: how they stand is written to their
//! status as a cluster's controllers would.

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Secret, Service, ServicePort, ServiceSpec},
    events::v1::Event,
    rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding},
};
use kube::{
    Api, Resource, ResourceExt,
    api::{ListParams, Patch, PatchParams, PostParams},
};
use plexica_operator::{Config, config::Runner};
use plexica_testkit::{wait_for, wait_until};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    needs::Need,
    world::{PATIENCE, World},
};

/// Runs plugins as Deployments.
pub fn deployments(config: &mut Config) {
    config.plugins.runner = Runner::Kubernetes;
}

fn api<K>(world: &World, namespace: &str) -> Api<K>
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
{
    Api::namespaced(world.client.clone(), namespace)
}

/// Writes the status of a Deployment as soon as it is there.
async fn stands(world: &World, namespace: &str, name: &str, mut status: Value) {
    let api: Api<Deployment> = api(world, namespace);
    let found = wait_for("the Deployment is there", PATIENCE, async || api.get_opt(name).await.unwrap()).await;
    status["observedGeneration"] = json!(found.metadata.generation);
    let patch = json!({ "status": status });
    api.patch_status(name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
}

/// All its pods are there.
pub async fn comes_up(world: &World, namespace: &str, name: &str) {
    stands(
        world,
        namespace,
        name,
        json!({ "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1 }),
    )
    .await;
}

#[tokio::test]
async fn what_the_cluster_gives_up_is_told_in_an_event() {
    let Some(world) = World::with(Need::Workloads).await else { return };
    let operator = world.operator_with(deployments);
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    world.install_until(&slug, "Ready", "False", "WorkloadNotReady").await;
    let events: Api<Event> = api(&world, &format!("tenant-{slug}"));
    let told = async || -> Vec<Event> {
        let all = events.list(&ListParams::default()).await.unwrap().items;
        let of_install = |event: &Event| event.regarding.as_ref().unwrap().kind.as_deref() == Some("PluginInstall");
        all.into_iter().filter(of_install).collect()
    };
    assert!(told().await.is_empty(), "starting is nothing to tell");

    let given_up = json!({ "replicas": 1, "updatedReplicas": 1, "unavailableReplicas": 1, "conditions": [{
        "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
        "message": "ReplicaSet has timed out progressing.",
    }]});
    stands(&world, &world.platform(), &format!("plugin-{id}-1-0-0"), given_up).await;
    let install = world.install_until(&slug, "Ready", "False", "WorkloadFailed").await;
    assert!(install.status.unwrap().conditions[0].message.contains("timed out progressing"));
    let event = wait_for("an Event", PATIENCE, async || told().await.into_iter().next()).await;
    assert_eq!((event.type_.as_deref(), event.reason.as_deref()), (Some("Warning"), Some("WorkloadFailed")));
    assert!(event.note.unwrap().contains("timed out progressing"));

    // The cluster brings it up after all.
    comes_up(&world, &world.platform(), &format!("plugin-{id}-1-0-0")).await;
    stands(
        &world,
        &world.platform(),
        &format!("plugin-{id}-1-0-0"),
        json!({ "conditions": null, "unavailableReplicas": null }),
    )
    .await;
    world.install_until(&slug, "WorkloadReady", "True", "").await;
    operator.stop().await;
}

/// Somebody's Service in the way: the operator has come as far as the Secret, and no Deployment tells
/// of it.
#[tokio::test]
async fn a_secret_without_its_deployment_goes_with_the_install() {
    let Some(world) = World::with(Need::Workloads).await else { return };
    let operator = world.operator_with(deployments);
    let id = world.database.unique("crm");
    let name = format!("plugin-{id}-1-0-0");
    world.plugin(&id, "1.0.0").await;
    for isolation in ["Shared", "Dedicated"] {
        let slug = world.database.unique("acme");
        world.tenant(&slug, json!({})).await;
        world.ready(&slug).await;
        let namespace = if isolation == "Shared" { world.platform() } else { format!("tenant-{slug}") };
        let mut theirs = Service {
            spec: Some(ServiceSpec {
                ports: Some(vec![ServicePort { port: 80, ..Default::default() }]),
                ..Default::default()
            }),
            ..Default::default()
        };
        theirs.metadata.name = Some(name.clone());
        let services: Api<Service> = api(&world, &namespace);
        let theirs = services.create(&PostParams::default(), &theirs).await.unwrap();
        world.install(&slug, &id, json!({ "isolation": isolation, "deletionPolicy": "Delete" })).await;
        world.install_until(&slug, "WorkloadReady", "False", "Conflict").await;
        assert!(api::<Secret>(&world, &namespace).get_opt(&name).await.unwrap().is_some());
        assert!(api::<Deployment>(&world, &namespace).get_opt(&name).await.unwrap().is_none());

        world.delete(&world.installs(&slug), "it").await;
        assert!(api::<Secret>(&world, &namespace).get_opt(&name).await.unwrap().is_none(), "{isolation}");
        assert_eq!(services.get(&name).await.unwrap().uid(), theirs.uid());
    }
    operator.stop().await;
}

async fn make<K>(api: Api<K>, object: Value)
where
    K: Clone + DeserializeOwned + Serialize + std::fmt::Debug,
{
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

/// The rights that the chart gives with `dedicatedPlugins: false`.
async fn grant(world: &World, user: &str) {
    const WRITE: &[&str] = &["get", "list", "watch", "create", "patch", "update", "delete"];
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({ "apiGroups": [group], "resources": resources, "verbs": verbs });
    let own = |group: &str, resources: &[&str]| rule(group, resources, WRITE);
    let kinds = ["tenants", "plugins", "plugininstalls"];
    let of = |suffix: &str| kinds.map(|kind| format!("{kind}/{suffix}"));
    let (status, finalizers) = (of("status"), of("finalizers"));
    let mut named = rule("", &["secrets"], &["get", "patch", "update", "delete"]);
    named["resourceNames"] = json!(["plexica-identity", "plexica-storage"]);
    let mut of_plan = rule("", &["resourcequotas", "limitranges"], &["get", "patch", "update", "delete"]);
    of_plan["resourceNames"] = json!(["plexica-plan"]);
    let everywhere = [
        rule("plexica.io", &kinds, &["get", "list", "watch", "patch", "update"]),
        rule("plexica.io", &["plugininstalls"], &["delete"]),
        rule("plexica.io", &status.each_ref().map(String::as_str), &["get", "patch", "update"]),
        rule("plexica.io", &finalizers.each_ref().map(String::as_str), &["update"]),
        own("", &["namespaces"]),
        rule("events.k8s.io", &["events"], &["create", "patch"]),
        rule("", &["secrets"], &["create"]),
        named,
        rule("", &["resourcequotas", "limitranges"], &["create"]),
        of_plan,
    ];
    let at_home = [
        rule("coordination.k8s.io", &["leases"], &["get", "list", "watch", "create", "patch", "update"]),
        own("", &["secrets", "services"]),
        rule("", &["pods"], &["list"]),
        own("apps", &["deployments"]),
    ];
    let metadata = json!({ "name": user });
    let subjects = json!([{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user }]);
    let binding = |kind: &str| {
        let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": user });
        json!({ "metadata": metadata, "roleRef": role, "subjects": subjects })
    };
    let client = || world.client.clone();
    make::<ClusterRole>(Api::all(client()), json!({ "metadata": metadata, "rules": everywhere })).await;
    make::<ClusterRoleBinding>(Api::all(client()), binding("ClusterRole")).await;
    make::<k8s_openapi::api::core::v1::Namespace>(
        Api::all(client()),
        json!({ "metadata": { "name": world.platform() } }),
    )
    .await;
    make::<Role>(api(world, &world.platform()), json!({ "metadata": metadata, "rules": at_home })).await;
    make::<RoleBinding>(api(world, &world.platform()), binding("Role")).await;
}

#[tokio::test]
async fn without_rights_in_tenants_namespaces_installs_come_and_go() {
    let Some(world) = World::with(Need::Workloads).await else { return };
    let user = world.platform();
    grant(&world, &user).await;
    let change = |config: &mut Config| {
        deployments(config);
        config.plugins.dedicated_plugins = false;
    };
    let header: http::HeaderValue = user.parse().unwrap();
    let operator = world.operator_by(change, move |request| {
        request.headers_mut().insert("impersonate-user", header.clone());
    });
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({ "deletionPolicy": "Delete" })).await;
    comes_up(&world, &world.platform(), &format!("plugin-{id}-1-0-0")).await;
    world.install_until(&slug, "WorkloadReady", "True", "").await;

    world.install(&slug, &id, json!({ "isolation": "Dedicated", "deletionPolicy": "Delete" })).await;
    let refused = world.install_until(&slug, "Ready", "False", "InvalidSpec").await.status.unwrap();
    assert!(refused.conditions[0].message.contains("PLEXICA_DEDICATED_PLUGINS"), "{:?}", refused.conditions[0]);

    world.delete(&world.installs(&slug), "it").await;
    wait_until("its workload is gone", PATIENCE, async || {
        api::<Deployment>(&world, &world.platform()).list(&ListParams::default()).await.unwrap().items.is_empty()
    })
    .await;
    world.delete(&world.tenants(), &slug).await;
    operator.stop().await;
}
