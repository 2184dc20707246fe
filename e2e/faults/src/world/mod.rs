//! The parts of one run: real systems behind proxies, and names that nobody else has.

mod apply;
mod core_api;
mod issuer;
mod node;
mod operator;
mod plans;
mod platform;
mod told;
mod wait;

pub use apply::{Case, READ, WRITE, selector};
pub use issuer::Issuer;
pub use operator::Operator;
pub use plans::{NAME as LIMITED_PLAN, limits};
pub use platform::{Platform, Runner};
pub use wait::{Violation, fails};

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use plexica_backends::postgres::bootstrap;
use plexica_contract::{
    name::{PluginId, Prefixes, Slug},
    tenancy::environment,
};
use plexica_testkit::{
    Missing,
    api_server::ApiServer,
    keycloak::{Administrator, Keycloak},
    postgres::{Database, PgVersion, Server},
    s3::ObjectStore,
    unique,
};
use tempfile::TempDir;

use core_api::CoreApi;
use issuer::Reached;
use node::Node;
use told::Told;

use crate::{
    check,
    proxy::{Http, Postgres, Script, System, Upstream},
};

/// Password of the operator's login.
const PASSWORD: &str = "operator-of-a-fault-run";

/// As operators have it in production: nothing that is tried may wait for it, since nobody waits so long for that.
const RESYNC: u64 = 300;

/// The parts of one run.
pub struct World {
    /// Installation id, and the start of all shared names.
    pub name: String,
    /// What becomes of calls.
    pub script: Script,
    /// The API server, past the proxy.
    pub client: Client,
    /// The database, past the proxy.
    pub database: Database,
    /// Keycloak, past the proxy.
    pub administrator: Administrator,
    /// Its realms that the operator made, past the proxy.
    pub account: Administrator,
    /// The issuer, past the proxy.
    pub issuer: Reached,
    /// The object store, past the proxy.
    pub store: aws_sdk_s3::Client,
    /// What runs plugins.
    pub runner: Runner,
    /// Values that no log may hold.
    secrets: Mutex<BTreeSet<String>>,
    /// All whose names were given out.
    cases: Mutex<Vec<Case>>,
    /// Whether several operators ever worked on the same at once.
    rivals: AtomicBool,
    /// Plugins that were told to be a program that there is not.
    broken: Mutex<BTreeSet<PluginId>>,
    /// What a tenant would be called to which all of that belonged that somebody else has here.
    pub neighbour: Slug,
    /// What that is, as it was at first.
    pub neighbours: Vec<String>,
    /// What statuses have told of operations.
    pub told: Told,
    folder: TempDir,
    flags: Vec<(&'static str, String)>,
    node: Option<Node>,
    // Dropped, they would stop.
    core_api: Option<CoreApi>,
    _running: (Postgres, [Http; 3], ApiServer),
}

impl World {
    /// On the parts that run, and that platform.
    ///
    /// # Errors
    /// The part that does not.
    ///
    /// # Panics
    /// If one of them is not as documented.
    pub async fn new(platform: Platform) -> Result<Self, Missing> {
        Self::with(platform, Issuer::Keycloak).await
    }

    /// The same with another issuer.
    ///
    /// # Errors
    /// The part that does not run.
    ///
    /// # Panics
    /// If one of them is not as documented.
    pub async fn with(Platform { api, runner }: Platform, issuer: Issuer) -> Result<Self, Missing> {
        plexica_testkit::tls();
        let (keycloak, store, server) = (Keycloak::find()?, ObjectStore::minio()?, Server::find(PgVersion::V17)?);
        let pg_dump = server.bin().cloned().unwrap_or_default().join("pg_dump");
        let script = Script::default();
        let api = ApiServer::find(api, plexica_crds::all()).await?;
        let client = api.client().await;
        let administrator = Administrator::of(&keycloak);
        let issuer = issuer.reach(&keycloak, &server).await;
        let account = Administrator::account(&keycloak, &issuer.client_id);
        let database = server.database().await;
        let login = database.operator_login(bootstrap::SQL, PASSWORD).await;

        let proxy = async |system, upstream| Http::start(system, upstream, script.clone()).await.unwrap();
        let proxies = [
            proxy(System::Keycloak, Upstream::plain(authority(&issuer.url))).await,
            proxy(System::S3, Upstream::plain(authority(&store.endpoint))).await,
            proxy(System::Kubernetes, Upstream::Kubernetes(client.clone())).await,
        ];
        let url = database.url_as(&login, PASSWORD);
        let behind = (url.host_str().unwrap().to_owned(), url.port().unwrap_or(5432));
        let postgres = Postgres::start(behind, script.clone()).await.unwrap();
        let mut proxied = url.clone();
        proxied.set_port(Some(postgres.address.port())).unwrap();

        let (name, folder) = (unique("faults1"), tempfile::tempdir().unwrap());
        // As the chart makes it.
        let platform = Namespace {
            metadata: ObjectMeta { name: Some(format!("{name}-system")), ..Default::default() },
            ..Default::default()
        };
        Api::all(client.clone()).create(&PostParams::default(), &platform).await.unwrap();
        let core_api = CoreApi::start(&name, &client, &database).await;
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, kubeconfig_of(&format!("http://{}", proxies[2].address))).unwrap();
        let plans = folder.path().join("plans.yaml");
        std::fs::write(&plans, plans::all()).unwrap();
        let flags = vec![
            ("--installation", name.clone()),
            ("--namespace", format!("{name}-system")),
            ("--platform-realm", platform_realm(&name)),
            ("--realm-prefix", format!("{name}-")),
            ("--bucket-prefix", format!("{name}-")),
            ("--namespace-prefix", format!("{name}-")),
            ("--metrics-listen", "127.0.0.1:0".into()),
            ("--database-url", proxied.to_string()),
            ("--plugin-database-url", url.to_string()),
            ("--keycloak-url", format!("http://{}", proxies[0].address)),
            ("--keycloak-public-url", issuer.url.clone()),
            ("--keycloak-client-id", issuer.client_id.clone()),
            ("--keycloak-client-secret", plexica_testkit::keycloak::SECRET.into()),
            ("--s3-endpoint", format!("http://{}", proxies[1].address)),
            ("--s3-public-endpoint", store.endpoint.clone()),
            ("--s3-access-key-id", store.access_key.clone()),
            ("--s3-secret-access-key", store.secret_key.clone()),
            ("--runner", runner.to_string()),
            ("--core-api-url", core_api.url()),
            ("--plugin-logs", folder.path().join("plugins").display().to_string()),
            ("--purge-deadline", "20".into()),
            ("--plans", plans.display().to_string()),
            ("--rotation-overlap", "1".into()),
            ("--backup-bucket", backups(&name)),
            ("--pg-dump", pg_dump.display().to_string()),
            ("--selector", selector(&name)),
        ];
        std::fs::create_dir(folder.path().join("plugins")).unwrap();
        let node = (runner == Runner::Kubernetes).then(|| Node::start(client.clone(), &name, folder.path()));
        let secrets = [PASSWORD, plexica_testkit::keycloak::SECRET, store.secret_key.as_str()].map(str::to_owned);
        let mut world = Self {
            store: object_store(&store),
            neighbour: database.unique("n1").parse().unwrap(),
            told: Told::listen(&client, &selector(&name)),
            name,
            script,
            client,
            database,
            administrator,
            account,
            issuer,
            secrets: Mutex::new(secrets.into()),
            cases: Mutex::default(),
            rivals: AtomicBool::default(),
            broken: Mutex::default(),
            neighbours: Vec::new(),
            folder,
            flags,
            runner,
            node,
            core_api: Some(core_api),
            _running: (postgres, proxies, api),
        };
        check::neighbours_move_in(&world).await;
        world.neighbours = check::neighbours(&world).await.unwrap();
        Ok(world)
    }

    /// Takes all of it away, on a thread of its own: Postgres drops a database only when every connection of
    /// the server has heard of it, and those that other lanes are just making have to be driven on meanwhile.
    pub async fn close(mut self) {
        // It would complain of a database that goes.
        if let Some(core_api) = self.core_api.take() {
            core_api.stop().await;
        }
        // Each realm more makes Keycloak slower for all that come later.
        for realm in [check::neighbour_name(&self), self.platform_realm()] {
            self.administrator.remove(&realm).await;
        }
        check::remove_backups(&self).await;
        // An error is a panic, which is told by then.
        let _closed = tokio::task::spawn_blocking(move || drop(self)).await;
    }

    /// Starts an operator; its log joins those of the run.
    pub fn operator(&self) -> Operator {
        self.operator_with(RESYNC)
    }

    /// The same with so many seconds until a resource is looked at again.
    pub fn operator_with(&self, resync: u64) -> Operator {
        Operator::start(&self.flags_with(resync), self.folder.path(), false, self.hosts())
    }

    /// Several operators work on the same at once.
    pub fn let_rivals_in(&self) {
        self.rivals.store(true, Ordering::Relaxed);
    }

    /// Whether they ever did.
    pub fn has_rivals(&self) -> bool {
        self.rivals.load(Ordering::Relaxed)
    }

    /// Starts one of several that agree by a Lease on who works.
    pub fn replica(&self) -> Operator {
        Operator::start(&self.flags_with(RESYNC), self.folder.path(), true, self.hosts())
    }

    fn hosts(&self) -> Option<&Path> {
        self.node.as_ref().map(Node::hosts)
    }

    /// A client that knows where a plugin's routes lead, as the gateway does.
    ///
    /// # Panics
    /// If there can be no client.
    pub fn http(&self, upstream: &str) -> reqwest::Client {
        let host = upstream.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
        let client = reqwest::Client::builder();
        match host.and_then(|host| Some((self.node.as_ref()?.address(&host)?, host))) {
            Some((address, host)) => client.resolve(&host, address),
            None => client,
        }
        .build()
        .unwrap()
    }

    fn flags_with(&self, resync: u64) -> Vec<(&'static str, String)> {
        let mut flags = self.flags.clone();
        flags.push(("--resync", resync.to_string()));
        flags
    }

    /// The realm of the platform.
    pub fn platform_realm(&self) -> String {
        platform_realm(&self.name)
    }

    /// The bucket of final backups.
    pub fn backups(&self) -> String {
        backups(&self.name)
    }

    /// The namespace of the platform.
    pub fn system(&self) -> String {
        format!("{}-system", self.name)
    }

    /// What all operators of the run have said.
    pub fn log(&self) -> String {
        text(&self.log_path())
    }

    /// What each plugin of the run has said.
    pub fn plugins_logs(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path().join("plugins")).into_iter().flatten().flatten();
        files.map(|file| text(&file.path())).collect()
    }

    /// A value that no log may hold.
    pub fn hide(&self, secret: String) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).insert(secret);
    }

    /// Passwords that the plugins of this run were started with are such values.
    pub fn hide_passwords_of_plugins(&self) {
        for (name, value) in self.processes().into_iter().flatten() {
            match name.as_str() {
                environment::CREDENTIAL_PASSWORD => self.hide(value),
                environment::DATABASE_URL => {
                    let url: Option<url::Url> = value.parse().ok();
                    if let Some(password) = url.as_ref().and_then(url::Url::password) {
                        self.hide(password.to_owned());
                    }
                }
                _ => {}
            }
        }
    }

    /// How many operators run.
    pub fn operators(&self) -> usize {
        let mine = format!("--installation\0{}\0", self.name);
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let lines = all.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        lines.filter(|line| String::from_utf8_lossy(line).contains(&mine)).count()
    }

    /// As whom each process of the plugin signs in to the database.
    pub fn logins_of_processes(&self, plugin: &PluginId) -> Vec<String> {
        let mut processes = self.processes();
        processes.retain(|variables| variables.get(environment::PLUGIN_ID).is_some_and(|id| plugin.as_str() == id));
        let url = |variables: &BTreeMap<String, String>| variables.get(environment::DATABASE_URL)?.parse().ok();
        let login = |variables| url(variables).map(|url: url::Url| url.username().to_owned());
        processes.iter().map(|variables| login(variables).unwrap_or_default()).collect()
    }

    /// The environments of all plugins of the run.
    fn processes(&self) -> Vec<BTreeMap<String, String>> {
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        // One that ends meanwhile has none any more.
        let texts = all.filter_map(|process| std::fs::read(process.path().join("environ")).ok());
        let variables = texts.map(|text| {
            let words = text.split(|byte| *byte == 0).filter_map(|one| str::from_utf8(one).ok()?.split_once('='));
            words.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>()
        });
        variables.filter(|all| all.get(environment::INSTALLATION).is_some_and(|name| *name == self.name)).collect()
    }

    /// All values that no log may hold.
    pub fn secrets(&self) -> Vec<String> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// All whose names were given out.
    pub fn cases(&self) -> Vec<Case> {
        self.cases.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join(operator::LOG)
    }

    /// How things of a tenant are called.
    pub fn prefixes(&self) -> Prefixes {
        let prefix = format!("{}-", self.name);
        Prefixes { realm: prefix.clone(), bucket: prefix.clone(), namespace: prefix }
    }

    /// Keeps the log for whoever looks into it, and tells where.
    pub fn keep_log(&self) -> Option<PathBuf> {
        let kept = std::env::temp_dir().join(format!("{}.log", self.name));
        std::fs::copy(self.log_path(), &kept).ok().map(|_| kept)
    }
}

/// What is no text in it hides nothing of the rest.
fn text(file: &Path) -> String {
    std::fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn backups(world: &str) -> String {
    format!("{world}-0-backups")
}

fn platform_realm(world: &str) -> String {
    format!("{world}-platform")
}

fn authority(url: &str) -> http::uri::Authority {
    url.parse::<http::Uri>().unwrap().authority().unwrap().clone()
}

fn object_store(store: &ObjectStore) -> aws_sdk_s3::Client {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&store.endpoint)
        .force_path_style(true)
        .credentials_provider(Credentials::new(&store.access_key, &store.secret_key, None, None, "faults"));
    aws_sdk_s3::Client::from_conf(config.build())
}

fn kubeconfig_of(server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: faults\nclusters:\n- name: faults\n  cluster: {{ server: '{server}' }}\ncontexts:\n- name: faults\n  context: {{ cluster: faults, user: faults }}\nusers:\n- name: faults\n  user: {{}}\n"
    )
}
