//! A runner under test, and what is done to its workloads by other hands.

use std::{path::PathBuf, sync::Arc, time::Duration};

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Namespace, Pod, Service},
};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, ObjectMeta, PostParams},
};
use plexica_backends::{
    Changes,
    ownership::Mark,
    workloads::{
        State, Workload, Workloads,
        docker::{self, Reach},
        kubernetes::{self, Cluster},
        process::{self, Processes},
    },
};
use plexica_testkit::{docker::Engine, require, unique, wait_for};
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

/// The program that they run, as an image.
pub const IMAGE: &str = "plexica/subject:0.1.0";
/// A CA for plugins to trust, as far as this goes.
pub const AUTHORITIES: &str = "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n";
/// How long what is started may take.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// A runner, in a namespace of its own.
pub struct Subject {
    pub workloads: Arc<dyn Workloads>,
    pub kind: Kind,
    pub namespace: String,
    pub installation: String,
    program: PathBuf,
    http: reqwest::Client,
    _folder: TempDir,
}

/// Which one.
pub enum Kind {
    Process,
    Docker(Engine),
    Kubernetes(Client),
}

impl Subject {
    #[expect(clippy::unused_async, reason = "all are made in the same way")]
    pub async fn process() -> Option<Self> {
        let engine = require!(docker)?;
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        let settings = process::Settings { logs, aliases: [].into(), ca_bundle: None };
        let workloads = Arc::new(Processes::new(settings).unwrap());
        Some(Self::new(workloads, Kind::Process, unique("runners"), &engine, folder))
    }

    pub async fn docker() -> Option<Self> {
        Self::docker_by(Reach::Loopback, &[]).await
    }

    /// Where the platform is in containers, too. Plugins are reached from those alone.
    pub async fn docker_in_networks() -> Option<Self> {
        Self::docker_by(Reach::Network, &[]).await
    }

    /// With Secrets of these names for pulls.
    pub async fn docker_with(secrets: &[&str]) -> Option<Self> {
        Self::docker_by(Reach::Loopback, secrets).await
    }

    async fn docker_by(reach: Reach, secrets: &[&str]) -> Option<Self> {
        let engine = require!(docker)?;
        let installation = unique("runners");
        let settings = docker::Settings {
            installation: installation.as_str().into(),
            host: engine.host.clone(),
            reach,
            ca_bundle: Some(AUTHORITIES.into()),
            pull_secrets: secrets.iter().map(ToString::to_string).collect(),
        };
        let workloads = Arc::new(docker::Engine::new(settings, client().await?).unwrap());
        let folder = tempfile::tempdir().unwrap();
        Some(Self::new(workloads, Kind::Docker(engine.clone()), installation, &engine, folder))
    }

    pub async fn kubernetes() -> Option<Self> {
        Self::kubernetes_with(&[]).await
    }

    /// With Secrets of these names for pulls.
    pub async fn kubernetes_with(secrets: &[&str]) -> Option<Self> {
        let engine = require!(docker)?;
        let client = client().await?;
        let pull_secrets = secrets.iter().map(ToString::to_string).collect();
        let pods = kubernetes::Pods { ca_bundle: Some(AUTHORITIES.into()), pull_secrets };
        let installation = unique("runners");
        let workloads = Arc::new(Cluster::new(client.clone(), &installation).giving(pods));
        let folder = tempfile::tempdir().unwrap();
        let subject = Self::new(workloads, Kind::Kubernetes(client.clone()), installation, &engine, folder);
        subject.create_namespace(client).await;
        Some(subject)
    }

    /// Makes the namespace, where the runner looks for Secrets.
    pub async fn create_namespace(&self, client: Client) {
        let metadata = ObjectMeta { name: Some(self.namespace.clone()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        Api::all(client).create(&PostParams::default(), &namespace).await.unwrap();
    }

    fn new(workloads: Arc<dyn Workloads>, kind: Kind, installation: String, engine: &Engine, folder: TempDir) -> Self {
        let program = folder.path().join("plexica-subject");
        // The very program that the image has.
        let container = engine.docker(&["create", IMAGE]);
        engine.docker(&["cp", &format!("{container}:/plexica-subject"), program.to_str().unwrap()]);
        engine.docker(&["rm", &container]);
        // Whoever else answered at an address before its Service did is not to be asked again.
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).pool_max_idle_per_host(0);
        let http = http.build().unwrap();
        Self { workloads, kind, namespace: unique("runners"), installation, program, http, _folder: folder }
    }

    /// What is run.
    pub fn workload(&self) -> Workload {
        let mark = Mark {
            installation: self.installation.as_str().into(),
            kind: "Plugin".into(),
            name: "subject-0.1.0".into(),
            uid: "1".into(),
        };
        Workload {
            namespace: self.namespace.clone(),
            owner: mark,
            plugin: "subject".parse().unwrap(),
            version: "0.1.0".parse().unwrap(),
            tenant: None,
            image: Some(IMAGE.into()),
            command: vec![self.program.to_str().unwrap().into()],
            port: 8080,
            replicas: 1,
            resources: None,
            environment: [("GREETING".to_owned(), "hello".to_owned())].into(),
        }
    }

    /// The network of its containers.
    pub fn network(&self) -> String {
        format!("{}.{}", self.installation, self.namespace)
    }

    /// The same, which fails in that way.
    pub fn failing(&self, manner: &str) -> Workload {
        let mut workload = self.workload();
        workload.environment.insert("SUBJECT".into(), manner.into());
        workload
    }

    pub async fn ensure(&self, workload: &Workload) -> Changes {
        let observed = self.workloads.observe(workload).await.unwrap();
        let told = self.workloads.differences(workload, &observed).await.unwrap();
        let changes = self.workloads.ensure(workload, &observed).await.unwrap();
        // A cluster answers a rehearsal in words of its own.
        assert_eq!(told.is_empty(), changes.is_empty(), "{told} {changes}");
        changes
    }

    pub async fn state(&self, workload: &Workload) -> State {
        self.workloads.observe(workload).await.unwrap().state
    }

    /// Ensures it until it is healthy, as a reconcile does, and says where it is.
    pub async fn up(&self, workload: &Workload) -> Url {
        let mut last = String::new();
        wait_for("it is up", PATIENCE, async || {
            drop(self.ensure(workload).await);
            let observed = self.state(workload).await;
            let mut now = format!("{observed:?}");
            if let State::Ready { endpoint } = observed {
                let endpoint = self.reach(workload, endpoint).await;
                match self.get(&endpoint, "/environment").await {
                    Ok(_) => return Some(endpoint),
                    // A Service that was made a moment ago may lead nowhere yet; a lifecycle call is made again, too.
                    Err(error) => now = format!("{error:?}"),
                }
            }
            if now != last {
                println!("not up yet: {now}");
                last = now;
            }
            None
        })
        .await
    }

    /// As programs outside of the cluster reach it.
    async fn reach(&self, workload: &Workload, endpoint: Url) -> Url {
        let Kind::Kubernetes(client) = &self.kind else { return endpoint };
        let services: Api<Service> = Api::namespaced(client.clone(), &self.namespace);
        let service = services.get(&workload.place().name).await.unwrap();
        let mut reached = endpoint;
        reached.set_host(service.spec.unwrap().cluster_ip.as_deref()).unwrap();
        reached
    }

    /// What it answers.
    pub async fn get(&self, endpoint: &Url, path: &str) -> reqwest::Result<Value> {
        self.http.get(endpoint.join(path).unwrap()).send().await?.error_for_status()?.json().await
    }

    /// Has it end by itself, with an exit code of its own.
    pub async fn die(&self, endpoint: &Url) {
        assert!(self.get(endpoint, "/die").await.is_err(), "it answers nothing");
    }

    /// Removes it behind the runner's back; `false` where nobody can.
    pub async fn remove(&self, workload: &Workload) -> bool {
        match &self.kind {
            Kind::Process => return false,
            Kind::Docker(engine) => {
                engine.docker(&["rm", "--force", &container(engine, workload)]);
            }
            Kind::Kubernetes(client) => {
                let api: Api<Deployment> = Api::namespaced(client.clone(), &self.namespace);
                let name = workload.place().name;
                let _ = api.delete(&name, &DeleteParams::foreground()).await.unwrap();
                wait_for("its pods are gone, too", PATIENCE, async || {
                    api.get_opt(&name).await.unwrap().is_none().then_some(())
                })
                .await;
            }
        }
        true
    }

    /// Tells the namespace to go.
    pub async fn delete_namespace(&self, client: Client) {
        let _ = Api::<Namespace>::all(client).delete(&self.namespace, &DeleteParams::default()).await.unwrap();
    }

    /// Removes what is left.
    pub async fn clear(&self) {
        self.workloads.stop().await;
        if let Kind::Kubernetes(client) = &self.kind {
            self.delete_namespace(client.clone()).await;
        }
        if let Kind::Docker(engine) = &self.kind {
            let left = containers(engine, &self.namespace);
            for id in left.split_whitespace() {
                engine.docker(&["rm", "--force", "--volumes", id]);
            }
            let filter = format!("label=plexica.io/namespace={}", self.namespace);
            for id in engine.docker(&["network", "ls", "--quiet", "--filter", &filter]).split_whitespace() {
                engine.docker(&["network", "rm", id]);
            }
        }
    }
}

pub async fn client() -> Option<Client> {
    Some(require!(kubernetes_t2)?.client().await)
}

/// Ids of all containers of a namespace.
pub fn containers(engine: &Engine, namespace: &str) -> String {
    engine.docker(&["ps", "--all", "--quiet", "--filter", &format!("label=plexica.io/namespace={namespace}")])
}

/// The name of the one container of a workload.
pub fn container(engine: &Engine, workload: &Workload) -> String {
    let filter = format!("label=app.kubernetes.io/name={}", workload.place().name);
    let namespace = format!("label=plexica.io/namespace={}", workload.namespace);
    engine.docker(&["ps", "--all", "--filter", &filter, "--filter", &namespace, "--format", "{{.Names}}"])
}

/// The pods' names, for who wants to see whether they were replaced.
pub async fn pods(client: &Client, namespace: &str) -> Vec<String> {
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    api.list(&ListParams::default()).await.unwrap().into_iter().map(|pod| pod.name_any()).collect()
}
