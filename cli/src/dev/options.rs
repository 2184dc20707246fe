//! What `plexica dev` can be told.

use std::path::PathBuf;

use clap::ValueEnum;

use super::installation::{self, Installation};
use crate::{cluster::DATA_DIR, watch::How};

/// Run the whole platform on this machine.
///
/// Everything that is not given by a URL is brought along: Postgres, an OpenID issuer, an object store and a
/// Kubernetes API.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Folder that holds all data, keys and the kubeconfig.
    #[arg(long, default_value = DATA_DIR)]
    pub data_dir: PathBuf,
    /// Port of the gateway on loopback; the others are picked free.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Use a temporary data folder and keep nothing.
    #[arg(long, conflicts_with_all = ["reset", "data_dir"])]
    pub ephemeral: bool,
    /// Remove all data of the folder first.
    #[arg(long)]
    pub reset: bool,
    /// What is printed when everything is ready.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// File with a plugin that is built anew whenever its source changes; what was built takes the place of what runs.
    #[arg(long, value_name = "FILE")]
    pub watch: Option<PathBuf>,
    #[command(flatten)]
    pub how: How,

    /// Stands in the mark of everything that is made outside, and in names of realms and buckets: another one
    /// for each that shares a Keycloak or an object store. A Postgres server has room for one.
    #[arg(long, env = "PLEXICA_INSTALLATION", default_value = installation::DEFAULT)]
    pub installation: Installation,
    /// Clusters of data folders that are gone for good, as messages name them: what they had outside is taken over.
    #[arg(long = "former-cluster", env = "PLEXICA_FORMER_CLUSTERS", value_delimiter = ',')]
    pub former_clusters: Vec<String>,
    /// PEM file of CAs to trust besides the system's.
    #[arg(long, env = "PLEXICA_CA_BUNDLE")]
    pub ca_bundle: Option<PathBuf>,
    /// Postgres to use, as a superuser; without it one is brought along.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Keycloak to use; without it an embedded issuer serves.
    #[arg(long, env = "KEYCLOAK_URL", requires = "keycloak_client_secret")]
    pub keycloak_url: Option<String>,
    /// Keycloak's address for browsers, if it differs.
    #[arg(long, env = "KEYCLOAK_PUBLIC_URL")]
    pub keycloak_public_url: Option<String>,
    /// The operator's service account in realm master.
    #[arg(long, env = "KEYCLOAK_CLIENT_ID", default_value = "plexica-operator")]
    pub keycloak_client_id: String,
    /// Its secret.
    #[arg(long, env = "KEYCLOAK_CLIENT_SECRET", hide_env_values = true)]
    pub keycloak_client_secret: Option<String>,
    /// S3 to use; without it an embedded one serves.
    #[arg(long, env = "S3_ENDPOINT", requires = "s3_access_key_id", requires = "s3_secret_access_key")]
    pub s3_endpoint: Option<String>,
    /// Access key of the object store.
    #[arg(long, env = "S3_ACCESS_KEY_ID")]
    pub s3_access_key_id: Option<String>,
    /// Its secret.
    #[arg(long, env = "S3_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub s3_secret_access_key: Option<String>,
}

/// What is printed when everything is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// One line of JSON.
    Json,
}
