//! Why a command ended without doing what it was asked.

use std::path::PathBuf;

/// Each says what happened and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the async runtime could not start: {0}")]
    Runtime(std::io::Error),
    #[error(transparent)]
    Reason(#[from] plexica_crds::condition::UnknownReason),
    #[error("there is no first-party plugin {0:?}: try crm")]
    UnknownPlugin(String),
    #[error("the plugin ended: {0}")]
    Plugin(String),
    #[error("{0} migration(s) are refused")]
    Migrations(usize),

    #[error("no cluster is configured: start one with `plexica dev`, or name a kubeconfig with --kubeconfig")]
    NoCluster,
    #[error("{} holds no kubeconfig: start `plexica dev` with that --data-dir, or name another folder", .0.display())]
    NoDev(PathBuf),
    #[error("{} cannot be used as a kubeconfig: {reason}", path.display())]
    Kubeconfig { path: PathBuf, reason: String },
    #[error("the kubeconfig cannot be used: {0}")]
    Kubeconfigs(String),
    #[error("the cluster cannot be reached: {0}")]
    Cluster(String),
    #[error("{}", kubernetes(.0))]
    Kubernetes(#[from] kube::Error),
    #[error("watching failed: {0}")]
    Watch(String),

    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{file}: {reason}")]
    Malformed { file: String, reason: String },
    #[error("there is no resource in what was given: name files, or a folder with .yaml, .yml or .json files")]
    Empty,
    #[error("the resource has no apiVersion and kind")]
    NoType,
    #[error("the server has no resource {0:?}: try tenants, plugins, plugininstalls, namespaces, secrets or events")]
    UnknownKind(String),
    #[error("name what is meant: KIND NAME, such as tenant acme")]
    NoTarget,
    #[error("several targets must be of one kind: tenant/acme tenant/beta")]
    MixedTargets,
    #[error("no tenant has these labels, or there is none at all")]
    NoTenants,
    #[error("{0}")]
    Install(String),
    #[error("{failed} of {all} tenant(s) failed: the table says why")]
    Bulk { failed: usize, all: usize },
    #[error("{0} resource(s) would be refused or could not come up: the plan says why")]
    Refused(usize),
    #[error("{0} is not there")]
    NotThere(String),
    #[error(
        "all data of tenant {0} would go for good: say so with --confirm {0}, or set its spec.deletionPolicy to Retain"
    )]
    NotConfirmed(String),
    #[error("{target} was not {what} in time: see its conditions with `plexica get -o yaml`")]
    TimedOut { target: String, what: String },
    #[error("the answer cannot be shown: {0}")]
    Output(String),

    #[error("`{command}` failed: {status}")]
    Build { command: String, status: String },
    #[error("the plugin's spec.runtime.{0} does not say what runs")]
    Runs(&'static str),
    #[error("the plugin's source cannot be watched: {0}")]
    Source(String),
    #[error(transparent)]
    Secret(#[from] plexica_service::secret_file::Error),
    #[error("nothing to prepare: set ADMIN_DATABASE_URL or KEYCLOAK_ADMIN_PASSWORD, and what goes with it")]
    NothingToPrepare,
    #[error(transparent)]
    Backend(#[from] plexica_backends::Error),
    #[error(transparent)]
    Standalone(#[from] crate::standalone::Error),
    #[error(
        "nothing to check: set DATABASE_URL, KEYCLOAK_URL or S3_ACCESS_KEY_ID, and what goes with it, as the operator"
    )]
    NothingToCheck,
    #[error("{0} thing(s) are missing: do what is said above and run it again")]
    Preflight(usize),
    #[error("{0}")]
    Restore(String),
    #[error("{0}")]
    Token(String),
    #[error("{0}")]
    Dev(#[from] crate::dev::Error),
}

fn kubernetes(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        kube::Error::Service(_) | kube::Error::HyperError(_) => {
            format!("the API server does not answer: is `plexica dev` (or the cluster) running? ({error})")
        }
        other => other.to_string(),
    }
}
