//! A project of Compose, from a copy of `compose/` with a name, ports and images of its own.

use std::{fs, net::TcpListener, os::unix::fs::symlink, path::PathBuf};

use plexica_e2e::{
    built,
    kubectl::{self, Kubectl, root},
    page::Shell,
    scenario::Place,
};
use plexica_testkit::{Missing, docker::Engine, part, unique};
use tempfile::TempDir;
use tokio::process::Command;

/// Stands in for the public images.
const STAND_IN: &str = "localhost/plexica-stand-in";
/// What is Plexica's own.
const OURS: [&str; 4] = ["standalone", "operator", "core-api", "gateway"];

/// A project.
pub struct Project {
    name: String,
    engine: Engine,
    engine_pid: PathBuf,
    compose: PathBuf,
    folder: TempDir,
    files: Vec<&'static str>,
    kubectl: Kubectl,
    gateway: u16,
    keycloak: u16,
    variables: Vec<(&'static str, String)>,
}

impl Project {
    /// Not started yet.
    pub fn new(engine: Engine) -> Result<Self, Missing> {
        let compose = part::variable("docker", "DOCKER_COMPOSE")?.into();
        let engine_pid = part::variable("docker", "DOCKER_PID_FILE")?.into();
        let program = part::variable("docker", "DOCKER_KUBECTL")?;
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("compose")).unwrap();
        for entry in fs::read_dir(root().join("compose")).unwrap().map(Result::unwrap) {
            fs::copy(entry.path(), folder.path().join("compose").join(entry.file_name())).unwrap();
        }
        symlink(root().join("examples"), folder.path().join("examples")).unwrap();
        let name = unique("compose");
        let [gateway, api, keycloak] = ports();
        let images = ["POSTGRES_IMAGE", "KEYCLOAK_IMAGE", "S3_IMAGE", "SOCKET_PROXY_IMAGE"];
        let mut variables: Vec<_> = images.map(|variable| (variable, STAND_IN.to_owned())).into();
        variables.extend([
            ("COMPOSE_PROJECT_NAME", name.clone()),
            ("PLEXICA_INSTALLATION", name.clone()),
            ("PLEXICA_PORT", gateway.to_string()),
            ("PLEXICA_API_PORT", api.to_string()),
            ("KEYCLOAK_PORT", keycloak.to_string()),
            ("KEYCLOAK_PUBLIC_URL", format!("http://127.0.0.1:{keycloak}")),
            ("DOCKER_HOST", engine.host.clone()),
            ("DOCKER_SOCKET", engine.host.trim_start_matches("unix://").to_owned()),
        ]);
        let kubectl = Kubectl::new(program, folder.path().join("compose/kubeconfig"));
        Ok(Self {
            name,
            engine,
            engine_pid,
            compose,
            folder,
            files: vec!["compose.yaml"],
            kubectl,
            gateway,
            keycloak,
            variables,
        })
    }

    /// Its name, which no other one on the engine has.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A shell in a folder like this repository's, in which `docker compose` works on this project.
    pub fn shell(&self) -> Shell {
        let plugins = self.folder.path().join(".docker/cli-plugins");
        fs::create_dir_all(&plugins).unwrap();
        symlink(&self.compose, plugins.join("docker-compose")).unwrap();
        let plexica = built("plexica");
        let shell = Shell::new(self.folder.path(), [self.kubectl.program(), &plexica]);
        let shell = shell.with("HOME", self.folder.path());
        self.variables.iter().fold(shell, |shell, (name, value)| shell.with(name, value))
    }

    /// The engine, as `DOCKER_HOST` has it.
    pub fn engine_host(&self) -> &str {
        &self.engine.host
    }

    /// What `docker` says.
    pub fn docker(&self, arguments: &[&str]) -> String {
        self.engine.docker(arguments)
    }

    /// Adds a file to the first, for the next `up`.
    pub fn add(&mut self, file: &'static str) {
        self.files.push(file);
    }

    /// The gateway's URL.
    pub fn gateway(&self) -> String {
        format!("http://127.0.0.1:{}", self.gateway)
    }

    /// Keycloak's URL.
    pub fn keycloak(&self) -> String {
        format!("http://127.0.0.1:{}", self.keycloak)
    }

    /// `docker compose up --wait`.
    pub async fn up(&self) {
        self.compose(&["up", "--wait", "--wait-timeout", "300"]).await;
    }

    /// What `docker compose` prints.
    pub async fn compose(&self, arguments: &[&str]) -> String {
        self.try_compose(arguments).await.unwrap()
    }

    async fn try_compose(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(&self.compose);
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        for file in &self.files {
            command.arg("--file").arg(self.folder.path().join("compose").join(file));
        }
        kubectl::run(command.args(["--progress", "plain"]).args(arguments), "").await
    }

    /// The container of a service.
    pub fn container(&self, service: &str) -> String {
        let project = format!("label=com.docker.compose.project={}", self.name);
        let service = format!("label=com.docker.compose.service={service}");
        self.engine.docker(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &project, "--filter", &service])
    }

    /// The engine's process.
    pub fn engine_process(&self) -> i32 {
        let read = || fs::read_to_string(&self.engine_pid).ok()?.trim().parse().ok();
        read().unwrap_or_default()
    }

    /// The process of a container, if it runs.
    pub fn process(&self, container: &str) -> Option<i32> {
        self.engine.docker(&["inspect", "--format", "{{.State.Pid}}", container]).parse().ok().filter(|pid| *pid != 0)
    }

    /// No secret is seen by who may look at the platform's containers, nor said in what they log.
    pub fn keeps_its_secrets(&self) {
        let volume = format!("{}_secrets:/secrets:ro", self.name);
        let read = ["run", "--rm", "--network=none", "--volume", &volume, STAND_IN, "bash", "-c"];
        let all = self.engine.docker(&[&read[..], &["for file in /secrets/*; do cat $file; echo; done"]].concat());
        let secrets: Vec<&str> = all.lines().filter(|line| line.len() >= 12 && !line.starts_with("-----")).collect();
        assert!(secrets.len() > 12, "{} secrets", secrets.len());
        for service in OURS.iter().chain(&["postgres", "keycloak", "s3"]) {
            let container = self.container(service);
            let told = self.engine.docker(&["inspect", &container]) + &self.engine.docker(&["logs", &container]);
            assert!(!secrets.iter().any(|secret| told.contains(secret)), "a secret of {service} is told");
        }
    }

    /// A call that the operator has no need of is refused.
    pub fn proxy_lets_through_nothing_else(&self) {
        let network = format!("{}_docker", self.name);
        for (call, expected) in [
            ("/containers/json", "200"),
            ("/images/json", "403"),
            ("/volumes", "403"),
            ("/containers/x/logs", "403"),
            ("/secrets", "403"),
        ] {
            let ask =
                format!("exec 3<>/dev/tcp/docker/2375; printf 'GET {call} HTTP/1.0\\r\\n\\r\\n' >&3; head -n 1 <&3");
            let network = format!("--network={network}");
            let said = self.engine.docker(&["run", "--rm", &network, STAND_IN, "bash", "-c", &ask]);
            assert!(said.contains(expected), "{call}: {said}");
        }
    }

    /// How everything is, and what it said last, for a failure.
    pub async fn report(&self) -> String {
        let mut report = Vec::new();
        for look in [&["ps", "--all"][..], &["logs", "--no-color", "--tail=200"]] {
            let found = self.try_compose(look).await.unwrap_or_else(|error| error);
            report.push(format!("--- docker compose {}\n{found}\n", look.join(" ")));
        }
        let resources = ["get", "tenants,plugins,plugininstalls", "--all-namespaces", "--output=yaml"];
        report.push(self.kubectl.run(&resources, "").await.unwrap_or_else(|error| error));
        report.concat()
    }

    /// Removes everything, plugins' containers too.
    pub async fn clear(&self) {
        let _down = self.try_compose(&["down", "--volumes", "--timeout", "5"]).await;
        let ours = format!("label=plexica.io/installation={}", self.name);
        let docker = |arguments: &[&str]| self.engine.docker(arguments);
        for container in docker(&["ps", "--all", "--quiet", "--filter", &ours]).split_whitespace() {
            docker(&["rm", "--force", "--volumes", container]);
        }
        for network in docker(&["network", "ls", "--quiet", "--filter", &ours]).split_whitespace() {
            docker(&["network", "rm", network]);
        }
    }
}

impl Place for Project {
    fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    async fn running(&self, namespace: &str, plugin: &str) -> Vec<String> {
        let labels = [("installation", self.name.as_str()), ("plugin", plugin), ("namespace", namespace)];
        let filters = labels.map(|(label, value)| format!("label=plexica.io/{label}={value}"));
        let filters = filters.iter().flat_map(|filter| ["--filter", filter]);
        let list: Vec<&str> = ["ps", "--quiet", "--no-trunc"].into_iter().chain(filters).collect();
        let mut ids: Vec<String> = self.engine.docker(&list).lines().map(str::to_owned).collect();
        ids.sort_unstable();
        ids
    }
}

/// Three that nobody has.
fn ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
