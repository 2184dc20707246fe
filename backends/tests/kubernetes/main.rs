//! Workloads as Deployments, at a real API server. That their pods come up is shown on a cluster
//! with nodes, end to end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Namespace, PodSpec, Secret, Service, ServicePort, ServiceSpec},
};
use kube::{
    Api, Client, ResourceExt,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use plexica_backends::{
    Changes, Kind, Retired, object,
    ownership::Mark,
    workloads::{
        Place, State, Workload, Workloads,
        kubernetes::{Cluster, Pods},
    },
};
use plexica_contract::manifest::{ResourceQuantities, Resources};
use plexica_crds::{label, tenant::AdoptionPolicy};
use plexica_testkit::{require, unique};
use serde_json::{Value, json};

struct World {
    client: Client,
    cluster: Cluster,
    workload: Workload,
}

impl World {
    /// A namespace of its own, with nothing in it.
    async fn new() -> Option<Self> {
        let client = require!(kubernetes)?.client().await;
        let namespace = unique("workloads");
        let object = Namespace { metadata: named(&namespace), ..Namespace::default() };
        Api::all(client.clone()).create(&PostParams::default(), &object).await.unwrap();
        let cluster = Cluster::new(client.clone(), "plexica");
        Some(Self { workload: workload(&namespace), cluster, client })
    }

    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.workload.namespace)
    }

    async fn ensure(&self, workload: &Workload) -> plexica_backends::Result<Changes> {
        let observed = self.cluster.observe(workload).await?;
        self.cluster.ensure(workload, &observed).await
    }

    /// Versions of the three objects.
    async fn versions(&self) -> [Option<String>; 3] {
        let name = self.workload.place().name;
        let secret = self.api::<Secret>().get(&name).await.unwrap().resource_version();
        let service = self.api::<Service>().get(&name).await.unwrap().resource_version();
        let deployment = self.api::<Deployment>().get(&name).await.unwrap().resource_version();
        [secret, service, deployment]
    }

    async fn pod(&self) -> PodSpec {
        let deployment = self.api::<Deployment>().get(&self.workload.place().name).await.unwrap();
        deployment.spec.unwrap().template.spec.unwrap()
    }
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() }
}

fn workload(namespace: &str) -> Workload {
    let mark = |uid: &str| Mark {
        installation: "plexica".into(),
        kind: "Plugin".into(),
        name: "crm-1.4.0".into(),
        uid: uid.into(),
    };
    Workload {
        namespace: namespace.into(),
        owner: mark("1"),
        plugin: "crm".parse().unwrap(),
        version: "1.4.0".parse().unwrap(),
        tenant: None,
        image: Some("plexica/crm:1.4.0".into()),
        command: Vec::new(),
        port: 8080,
        replicas: 1,
        resources: None,
        environment: BTreeMap::from([("DATABASE_URL".into(), "postgres://hunter2@db/x".into())]),
    }
}

#[tokio::test]
async fn made_once_and_then_nothing_is_written() {
    let Some(world) = World::new().await else { return };
    assert_eq!(world.cluster.observe(&world.workload).await.unwrap().state, State::Absent);
    assert!(!world.ensure(&world.workload).await.unwrap().is_empty());
    let state = world.cluster.observe(&world.workload).await.unwrap().state;
    assert!(matches!(state, State::Starting(_)), "no node runs it here: {state:?}");
    let before = world.versions().await;
    assert!(world.ensure(&world.workload).await.unwrap().is_empty());
    assert_eq!(world.versions().await, before);
    assert_eq!(
        world.cluster.list(&world.workload.namespace, &world.workload.plugin).await.unwrap(),
        [world.workload.place()]
    );

    // Another environment: the pods are made anew, for they read it only when they start.
    let mut changed = world.workload.clone();
    changed.environment.insert("PLEXICA_KEYS".into(), "new".into());
    assert!(!world.ensure(&changed).await.unwrap().is_empty());
    let after = world.versions().await;
    assert!(after[0] != before[0] && after[1] == before[1] && after[2] != before[2], "{before:?} {after:?}");
}

/// The API server keeps an amount in a form of its own.
#[tokio::test]
async fn amounts_in_any_form_are_written_once() {
    let Some(mut world) = World::new().await else { return };
    let amounts = |cpu: &str, memory: &str| ResourceQuantities { cpu: Some(cpu.into()), memory: Some(memory.into()) };
    world.workload.resources =
        Some(Resources { requests: Some(amounts("0.5", "0.5Gi")), limits: Some(amounts("1000m", "1024Mi")) });
    assert!(!world.ensure(&world.workload).await.unwrap().is_empty());
    let kept = world.pod().await.containers.remove(0).resources.unwrap().limits.unwrap();
    assert_eq!((kept["cpu"].0.as_str(), kept["memory"].0.as_str()), ("1", "1Gi"));
    let before = world.versions().await;
    assert!(world.ensure(&world.workload).await.unwrap().is_empty());
    assert_eq!(world.versions().await, before);
}

#[tokio::test]
async fn a_write_that_changes_nothing_is_no_change() {
    let Some(world) = World::new().await else { return };
    let name = world.workload.place().name;
    let wanted = Service {
        metadata: named(&name),
        spec: Some(ServiceSpec {
            ports: Some(vec![ServicePort { port: 80, protocol: Some("TCP".into()), ..ServicePort::default() }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    };
    let (api, adoption) = (world.api::<Service>(), AdoptionPolicy::IfRetained);
    assert!(!object::apply(&api, &wanted, None, &world.workload.owner, adoption).await.unwrap().is_empty());
    let mut seen = api.get(&name).await.unwrap();
    // As if the server had written a value of ours in another form.
    seen.spec.as_mut().unwrap().ports.as_mut().unwrap()[0].protocol = None;
    assert!(object::apply(&api, &wanted, Some(&seen), &world.workload.owner, adoption).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_pod_has_no_rights_and_no_secret_in_its_spec() {
    let Some(world) = World::new().await else { return };
    let _made = world.ensure(&world.workload).await.unwrap();
    let pod = world.pod().await;
    assert_eq!((pod.automount_service_account_token, pod.enable_service_links), (Some(false), Some(false)));
    assert!(pod.host_network.is_none() && pod.host_pid.is_none() && pod.host_ipc.is_none());
    let of_pod = pod.security_context.as_ref().unwrap();
    assert_eq!(of_pod.run_as_non_root, Some(true));
    assert_eq!(of_pod.seccomp_profile.as_ref().unwrap().type_, "RuntimeDefault");
    assert!(pod.volumes.iter().flatten().all(|volume| volume.empty_dir.is_some()), "{:?}", pod.volumes);
    for container in &pod.containers {
        let security = container.security_context.as_ref().unwrap();
        assert_eq!(security.allow_privilege_escalation, Some(false));
        assert_eq!(security.read_only_root_filesystem, Some(true));
        assert_eq!(security.capabilities.as_ref().unwrap().drop.as_deref(), Some(&["ALL".to_owned()][..]));
        assert!(container.liveness_probe.is_some() && container.readiness_probe.is_some());
        let set: Vec<&str> = container.env.iter().flatten().map(|variable| variable.name.as_str()).collect();
        assert_eq!(set, ["PLEXICA_LISTEN", "PLEXICA_SHUTDOWN_DELAY"]);
    }
    assert!(!serde_json::to_string(&pod).unwrap().contains("hunter2"));
    assert!(!format!("{:?}", world.workload).contains("hunter2"), "nor in a log");
    let secret = world.api::<Secret>().get(&world.workload.place().name).await.unwrap();
    assert_eq!(secret.data.unwrap()["DATABASE_URL"].0, b"postgres://hunter2@db/x");
}

#[tokio::test]
async fn pods_get_the_cas_as_a_file_and_the_names_of_pull_secrets() {
    let Some(mut world) = World::new().await else { return };
    let giving = |pem: &str| Pods { ca_bundle: Some(pem.into()), pull_secrets: vec!["registry".into()] };
    world.cluster = Cluster::new(world.client.clone(), "plexica").giving(giving("first"));
    let _made = world.ensure(&world.workload).await.unwrap();
    assert!(world.ensure(&world.workload).await.unwrap().is_empty(), "written once");
    let pod = world.pod().await;
    assert_eq!(pod.image_pull_secrets.unwrap()[0].name, "registry");
    let container = &pod.containers[0];
    let set = container.env.iter().flatten().find(|variable| variable.name == "PLEXICA_CA_BUNDLE").unwrap();
    let path = set.value.as_deref().unwrap();
    let mount = container.volume_mounts.iter().flatten().find(|mount| path.starts_with(&mount.mount_path)).unwrap();
    let volume = pod.volumes.iter().flatten().find(|volume| volume.name == mount.name).unwrap();
    let source = volume.secret.as_ref().unwrap();
    let item = &source.items.as_ref().unwrap()[0];
    assert_eq!(format!("{}/{}", mount.mount_path, item.path), path);
    let secret = world.api::<Secret>().get(source.secret_name.as_deref().unwrap()).await.unwrap();
    assert_eq!(secret.data.unwrap()[&item.key].0, b"first");

    let before = world.versions().await;
    world.cluster = Cluster::new(world.client.clone(), "plexica").giving(giving("second"));
    let _changed = world.ensure(&world.workload).await.unwrap();
    let after = world.versions().await;
    assert!(after[0] != before[0] && after[1] == before[1] && after[2] != before[2], "other CAs start other pods");
}

#[tokio::test]
async fn what_others_own_is_refused_and_never_touched() {
    let Some(world) = World::new().await else { return };
    let Place { name, .. } = world.workload.place();
    let theirs = Secret {
        metadata: named(&name),
        string_data: Some(BTreeMap::from([("theirs".into(), "1".into())])),
        ..Secret::default()
    };
    let theirs = world.api::<Secret>().create(&PostParams::default(), &theirs).await.unwrap();
    let error = world.ensure(&world.workload).await.unwrap_err();
    assert_eq!(error.kind, Kind::Conflict, "{error}");
    assert!(error.to_string().contains(&name), "{error}");
    assert!(world.api::<Deployment>().get_opt(&name).await.unwrap().is_none(), "nothing runs half made");
    let _nothing_of_ours = world.cluster.retire(&world.workload.place()).await.unwrap();
    let kept = world.api::<Secret>().get(&name).await.unwrap();
    assert_eq!((kept.uid(), kept.resource_version()), (theirs.uid(), theirs.resource_version()));

    // Another installation's is as foreign as one without a mark.
    world.api::<Secret>().delete(&name, &kube::api::DeleteParams::default()).await.unwrap();
    let mut elsewhere = world.workload.clone();
    elsewhere.owner.installation = "another".into();
    let other = Cluster::new(world.client.clone(), "another");
    let seen = other.observe(&elsewhere).await.unwrap();
    // Its label says whose it is, for who looks for its own.
    let _made = other.ensure(&elsewhere, &seen).await.unwrap();
    let before = world.versions().await;
    assert_eq!(world.ensure(&world.workload).await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(world.cluster.retire(&world.workload.place()).await.unwrap(), Retired::Foreign);
    assert!(world.cluster.list(&world.workload.namespace, &world.workload.plugin).await.unwrap().is_empty());
    assert_eq!(world.versions().await, before);
    let label = world.api::<Deployment>().get(&name).await.unwrap().labels()[label::INSTALLATION].clone();
    assert_eq!(label, "another");
}

#[tokio::test]
async fn it_goes_with_all_that_it_has_and_twice_is_no_fault() {
    let Some(world) = World::new().await else { return };
    let place = world.workload.place();
    let _made = world.ensure(&world.workload).await.unwrap();
    // Taken over by the same Plugin, applied anew.
    let mut again = world.workload.clone();
    again.owner.uid = "2".into();
    assert!(!world.ensure(&again).await.unwrap().is_empty());

    assert_eq!(world.cluster.retire(&place).await.unwrap(), Retired::Removed);
    assert_eq!(world.cluster.retire(&place).await.unwrap(), Retired::Gone);
    assert!(world.api::<Secret>().get_opt(&place.name).await.unwrap().is_none());
    assert!(world.api::<Service>().get_opt(&place.name).await.unwrap().is_none());
    assert!(world.api::<Deployment>().get_opt(&place.name).await.unwrap().is_none());
    assert!(world.cluster.list(&place.namespace, &world.workload.plugin).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_somebody_changed_is_named_in_the_words_of_what_is_written() {
    let Some(world) = World::new().await else { return };
    let (name, namespace) = (world.workload.place().name, &world.workload.namespace);
    let differs = async || {
        let observed = world.cluster.observe(&world.workload).await.unwrap();
        world.cluster.differences(&world.workload, &observed).await.unwrap()
    };
    let missing = ["Secret", "Service", "Deployment"].map(|kind| format!("applied {kind} {namespace}/{name}"));
    assert_eq!(differs().await.iter().collect::<Vec<_>>(), missing);
    assert_eq!(world.ensure(&world.workload).await.unwrap().iter().collect::<Vec<_>>(), missing);
    assert!(differs().await.is_empty());

    let change = async |patch: Value| {
        let patch = Patch::Merge(patch);
        world.api::<Deployment>().patch(&name, &PatchParams::default(), &patch).await.unwrap();
    };
    change(json!({ "metadata": { "labels": { "plexica.io/plugin": null } }, "spec": { "replicas": 3 } })).await;
    let before = world.versions().await;
    let told = format!("applied Deployment {namespace}/{name} (metadata.labels[plexica.io/plugin], spec.replicas)");
    assert_eq!(differs().await.to_string(), told);
    assert_eq!(world.versions().await, before, "to say so changes nothing");
    assert_eq!(world.ensure(&world.workload).await.unwrap().to_string(), told);
    // What others add is theirs.
    change(json!({ "metadata": { "labels": { "team": "theirs" }, "annotations": { "note": "theirs" } } })).await;
    assert!(differs().await.is_empty());

    let digest = |workload: &Workload| world.cluster.digest(workload).unwrap();
    let other = Workload { replicas: 2, ..world.workload.clone() };
    assert_eq!(digest(&world.workload), digest(&world.workload.clone()));
    assert_ne!(digest(&world.workload), digest(&other));
}

/// A value that the server keeps in another form is no difference: only the server can say so.
#[tokio::test]
async fn a_dry_run_tells_form_from_content() {
    let Some(world) = World::new().await else { return };
    let name = world.workload.place().name;
    let wanted = Service {
        metadata: named(&name),
        spec: Some(ServiceSpec {
            selector: Some(BTreeMap::from([("a".into(), "b".into())])),
            ports: Some(vec![ServicePort { port: 80, ..ServicePort::default() }]),
            // The server leaves a zero out.
            session_affinity: Some("None".into()),
            publish_not_ready_addresses: Some(false),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    };
    let (api, owner) = (world.api::<Service>(), &world.workload.owner);
    let adoption = AdoptionPolicy::IfRetained;
    let _applied = object::apply(&api, &wanted, None, owner, adoption).await.unwrap();
    let seen = api.get(&name).await.unwrap();
    assert!(!object::changes(&wanted, &seen, owner, adoption).unwrap().is_empty(), "by itself it seems to differ");
    assert!(object::differences(&api, &wanted, Some(&seen), owner, adoption).await.unwrap().is_empty());
    let mut changed = wanted.clone();
    changed.spec.as_mut().unwrap().ports.as_mut().unwrap()[0].port = 81;
    assert!(!object::differences(&api, &changed, Some(&seen), owner, adoption).await.unwrap().is_empty());
    assert_eq!(api.get(&name).await.unwrap().resource_version(), seen.resource_version());
}
