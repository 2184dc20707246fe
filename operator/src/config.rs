//! Flags and variables.

mod backup;
mod plans;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{ArgAction, Args, Parser, ValueEnum};
use plexica_backends::{
    Secret, keycloak,
    postgres::{Placement, Placements},
    s3,
};
use plexica_contract::name::Prefixes;
use plexica_service::Common;
use url::Url;

pub use backup::{Backup, FinalBackup};
pub use plans::Plans;

/// The operator's configuration.
#[derive(Parser, Clone, Debug)]
#[command(name = "plexica-operator", about = "Provisions what Tenant, Plugin and PluginInstall resources say", version)]
pub struct Config {
    /// What all parts have.
    #[command(flatten)]
    pub common: Common,
    /// Names shared with others.
    #[command(flatten)]
    pub names: Names,
    /// Postgres.
    #[command(flatten)]
    pub database: Database,
    /// Keycloak.
    #[command(flatten)]
    pub identity: Identity,
    /// The object store.
    #[command(flatten)]
    pub storage: Storage,
    /// Backups of tenants that go.
    #[command(flatten)]
    pub backup: Backup,
    /// The plans that tenants may have.
    #[command(flatten)]
    pub plans: Plans,
    /// What runs plugins.
    #[command(flatten)]
    pub plugins: Plugins,
    /// How it works.
    #[command(flatten)]
    pub work: Work,
}

/// Names shared with others.
#[derive(Args, Clone, Debug)]
pub struct Names {
    /// Before the slug in a realm's name.
    #[arg(long, env = "PLEXICA_REALM_PREFIX", default_value = "tenant-")]
    pub realm_prefix: String,
    /// Before the slug in a bucket's name: bucket names are global on AWS.
    #[arg(long, env = "PLEXICA_BUCKET_PREFIX", default_value = "tenant-")]
    pub bucket_prefix: String,
    /// Before the slug in a namespace's name.
    #[arg(long, env = "PLEXICA_NAMESPACE_PREFIX", default_value = "tenant-")]
    pub namespace_prefix: String,
    /// Realm of the platform's super-admins.
    #[arg(long, env = "PLEXICA_PLATFORM_REALM", default_value = "plexica")]
    pub platform_realm: String,
    /// Uids of `kube-system` of clusters that are gone for good and had this installation: what they had
    /// is taken over.
    #[arg(long = "former-cluster", env = "PLEXICA_FORMER_CLUSTERS", value_delimiter = ',')]
    pub former_clusters: Vec<String>,
}

impl Names {
    /// As the contract wants them.
    pub fn prefixes(&self) -> Prefixes {
        let Self { realm_prefix, bucket_prefix, namespace_prefix, platform_realm: _, former_clusters: _ } = self;
        Prefixes { realm: realm_prefix.clone(), bucket: bucket_prefix.clone(), namespace: namespace_prefix.clone() }
    }
}

/// Postgres.
#[derive(Args, Clone, Debug)]
pub struct Database {
    /// URL of the placement "default": a login that is a member of `plexica_provisioner`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Secret,
    /// The same database as plugins reach it; user and password are replaced.
    #[arg(long, env = "PLEXICA_PLUGIN_DATABASE_URL", hide_env_values = true)]
    pub plugin_database_url: Option<Secret>,
    /// YAML file of more placements: `name: {url, pluginUrl}`.
    #[arg(long, env = "PLEXICA_PLACEMENTS")]
    pub placements: Option<PathBuf>,
}

impl Database {
    /// As the backend wants it.
    ///
    /// # Errors
    /// For what is wrong with the URLs or the file of placements.
    pub fn backend(&self, ca_bundle: Option<&Path>) -> Result<Placements, plexica_backends::Error> {
        let Self { database_url, plugin_database_url, placements } = self;
        let default = Placement { url: database_url.clone(), plugin_url: plugin_database_url.clone() };
        let more = placements.as_deref().map(Placements::read).transpose()?.unwrap_or_default();
        Placements::new(&default, &more, ca_bundle)
    }
}

/// Keycloak.
#[derive(Args, Clone, Debug)]
pub struct Identity {
    /// Base URL, inside.
    #[arg(long, env = "KEYCLOAK_URL")]
    pub keycloak_url: Url,
    /// Base URL as browsers reach it, the start of every issuer; the inside one if it is not given.
    #[arg(long, env = "KEYCLOAK_PUBLIC_URL")]
    pub keycloak_public_url: Option<Url>,
    /// Service account of realm master that may create realms.
    #[arg(long, env = "KEYCLOAK_CLIENT_ID", default_value = "plexica-operator")]
    pub keycloak_client_id: String,
    /// Its secret.
    #[arg(long, env = "KEYCLOAK_CLIENT_SECRET", hide_env_values = true)]
    pub keycloak_client_secret: Secret,
    /// Let tenants' client `web` take user name and password directly. For development.
    #[arg(long, env = "PLEXICA_DIRECT_GRANTS", default_value_t = false)]
    pub direct_grants: bool,
}

impl Identity {
    /// As the backend wants it.
    pub fn backend(&self, ca_bundle: Option<PathBuf>) -> keycloak::Config {
        let Self {
            keycloak_url,
            keycloak_public_url,
            keycloak_client_id,
            keycloak_client_secret,
            direct_grants: _, // each realm's business
        } = self;
        keycloak::Config {
            url: keycloak_url.clone(),
            public_url: keycloak_public_url.clone().unwrap_or_else(|| keycloak_url.clone()),
            client_id: keycloak_client_id.clone(),
            client_secret: keycloak_client_secret.clone(),
            ca_bundle,
            timeout: keycloak::Config::TIMEOUT,
        }
    }
}

/// The object store.
#[derive(Args, Clone, Debug)]
pub struct Storage {
    /// Endpoint, inside; AWS itself if it is not given.
    #[arg(long, env = "S3_ENDPOINT")]
    pub s3_endpoint: Option<Url>,
    /// Endpoint in tenants' Secrets; the inside one if it is not given.
    #[arg(long, env = "S3_PUBLIC_ENDPOINT")]
    pub s3_public_endpoint: Option<Url>,
    /// Region.
    #[arg(long, env = "S3_REGION", default_value = "us-east-1")]
    pub s3_region: String,
    /// Access key of the operator.
    #[arg(long, env = "S3_ACCESS_KEY_ID")]
    pub s3_access_key_id: String,
    /// Its secret.
    #[arg(long, env = "S3_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub s3_secret_access_key: Secret,
    /// How tenants get keys.
    #[arg(long, env = "S3_CREDENTIALS", default_value = "sts")]
    pub s3_credentials: CredentialMode,
    /// YAML file of keys by bucket, for "static".
    #[arg(long, env = "S3_CREDENTIALS_FILE", required_if_eq("s3_credentials", "static"))]
    pub s3_credentials_file: Option<PathBuf>,
    /// Endpoint of STS, if it is not the store's.
    #[arg(long, env = "S3_STS_ENDPOINT")]
    pub s3_sts_endpoint: Option<Url>,
    /// The role to assume; AWS needs one.
    #[arg(long, env = "S3_STS_ROLE_ARN")]
    pub s3_sts_role_arn: Option<String>,
}

impl Storage {
    /// The endpoint that stands in tenants' Secrets.
    pub fn tenants_endpoint(&self) -> String {
        let given = self.s3_public_endpoint.as_ref().or(self.s3_endpoint.as_ref());
        given.map_or_else(|| format!("https://s3.{}.amazonaws.com", self.s3_region), text)
    }

    /// As the backend wants it.
    pub fn backend(&self, ca_bundle: Option<PathBuf>) -> s3::Config {
        let Self {
            s3_endpoint,
            s3_public_endpoint: _,
            s3_region,
            s3_access_key_id,
            s3_secret_access_key,
            s3_credentials,
            s3_credentials_file,
            s3_sts_endpoint,
            s3_sts_role_arn,
        } = self;
        let sts = || s3::Sts {
            endpoint: s3_sts_endpoint.as_ref().map(text),
            role_arn: s3_sts_role_arn.clone(),
            ..s3::Sts::default()
        };
        s3::Config {
            endpoint: s3_endpoint.as_ref().map(text),
            region: s3_region.clone(),
            access_key_id: s3_access_key_id.clone(),
            secret_access_key: s3_secret_access_key.clone(),
            // The operator's own keys are long-lived.
            session_token: None,
            ca_bundle,
            credentials: match (s3_credentials, s3_credentials_file) {
                (CredentialMode::Static, Some(file)) => s3::Mode::Static(file.clone()),
                // The command line does not let "static" through without a file.
                (CredentialMode::Static | CredentialMode::Sts, _) => s3::Mode::Sts(sts()),
            },
        }
    }
}

/// A URL without the slash that parsing adds.
fn text(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// How tenants get keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CredentialMode {
    /// Short-lived, by `AssumeRole` with a policy for the one bucket.
    Sts,
    /// From a file that a person keeps, a pair per bucket.
    Static,
}

/// What runs plugins.
#[derive(Args, Clone, Debug)]
pub struct Plugins {
    /// Where plugins run.
    #[arg(long, env = "PLEXICA_RUNNER", default_value = "kubernetes")]
    pub runner: Runner,
    /// Whether plugins may run in tenants' namespaces (`isolation: Dedicated`). Without, the operator
    /// needs no rights on workloads there; remove such installs before it is turned off.
    #[arg(long, env = "PLEXICA_DEDICATED_PLUGINS", default_value_t = true, action = ArgAction::Set)]
    pub dedicated_plugins: bool,
    /// Secrets that plugins' images are pulled with, in the namespaces that they run in; for the runners
    /// "kubernetes" and "docker".
    #[arg(long, env = "PLEXICA_IMAGE_PULL_SECRETS", value_delimiter = ',')]
    pub image_pull_secrets: Vec<String>,
    /// The core API, as plugins reach it.
    #[arg(long, env = "PLEXICA_CORE_API_URL")]
    pub core_api_url: Url,
    /// The Docker engine, for the runner "docker": its socket, or a proxy of it at `tcp://host:port`.
    #[arg(long, env = "DOCKER_HOST", default_value = "unix:///var/run/docker.sock")]
    pub docker_host: String,
    /// How the platform reaches plugins of the runner "docker".
    #[arg(long, env = "PLEXICA_DOCKER_REACH", default_value = "network")]
    pub docker_reach: DockerReach,
    /// Folder of plugins' logs, for the runner "process".
    #[arg(long, env = "PLEXICA_PLUGIN_LOGS", default_value = "plugin-logs")]
    pub plugin_logs: PathBuf,
    /// Seconds after which a plugin's own purge is not waited for any more.
    #[arg(long, env = "PLEXICA_PURGE_DEADLINE", default_value_t = 60)]
    pub purge_deadline: u64,
    /// Programs by the name that `runtime.command` calls them, for the runner "process".
    #[arg(skip)]
    pub aliases: BTreeMap<String, PathBuf>,
}

/// Where plugins run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Runner {
    /// As Deployments of the cluster.
    Kubernetes,
    /// As containers of a Docker engine.
    Docker,
    /// As child processes on loopback.
    Process,
}

/// How the platform reaches plugins of the runner "docker".
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DockerReach {
    /// By name, in networks that the platform's own containers are put into.
    Network,
    /// On ports of this machine's loopback, for a platform that runs outside of containers.
    Loopback,
}

/// How it works.
#[derive(Args, Clone, Debug)]
pub struct Work {
    /// Resources of one kind that are worked on at the same time.
    #[arg(long, env = "PLEXICA_CONCURRENCY", default_value_t = 16)]
    pub concurrency: u16,
    /// Seconds after which a resource that is as it should be is looked at again.
    #[arg(long, env = "PLEXICA_RESYNC", default_value_t = 300)]
    pub resync: u64,
    /// Seconds for which credentials work on beside those that replaced them, where no spec says
    /// otherwise; longer than it takes to roll out a plugin.
    #[arg(long, env = "PLEXICA_ROTATION_OVERLAP", default_value_t = 3600, value_parser = clap::value_parser!(u32).range(1..))]
    pub rotation_overlap: u32,
    /// Seconds after which the credentials of Shared plugins are replaced by themselves; longer than the
    /// overlap. Left out: only when somebody asks. Tenants' own specs say it of everything else.
    #[arg(long, env = "PLEXICA_ROTATION_INTERVAL", value_parser = clap::value_parser!(u32).range(1..))]
    pub rotation_interval: Option<u32>,
    /// Work only while holding a Lease, so that replicas do not do the same twice. They would do no
    /// harm.
    #[arg(long, env = "PLEXICA_LEADER_ELECTION", default_value_t = false)]
    pub leader_election: bool,
    /// Label selector: only resources with these labels are seen at all.
    #[arg(long, env = "PLEXICA_SELECTOR")]
    pub selector: Option<String>,
}

impl Work {
    /// The resync period.
    pub const fn resync(&self) -> Duration {
        Duration::from_secs(self.resync)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn flags_are_consistent() {
        Config::command().debug_assert();
    }
}
