//! Starting and stopping.

use std::net::SocketAddr;
use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Token;
use crate::builtin::{self, Builtin};
use crate::discovery::Documents;
use crate::kind::Kind;
use crate::object;
use crate::served::{Catalogue, Served};
use crate::state::State;
use crate::storage::{EncryptionKey, Outcome, StorageError, Store};
use crate::tls::{Tls, TlsError};
use crate::{definitions, garbage, http, kubeconfig};

/// Namespaces that are always there.
const NAMESPACES: [&str; 2] = ["default", "kube-system"];

/// What a server needs.
pub struct Config {
    /// The database; everything is in its schema `standalone`. One connection is kept for
    /// notifications, so allow two at least.
    pub pool: sqlx::PgPool,
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Certificates.
    pub tls: Tls,
    /// The kinds to serve besides the built-in ones.
    pub crds: Vec<CustomResourceDefinition>,
    /// Who may come in, and what for.
    pub tokens: Vec<Token>,
    /// What Secrets are encrypted with at rest.
    pub encryption_key: EncryptionKey,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address.
    #[error("cannot listen on {address}: {source}; choose another address or stop what uses it")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A definition whose schema is not structural.
    #[error("the definition of {kind} cannot be served: {reason}")]
    Definition {
        /// The kind.
        kind: String,
        /// What is wrong.
        reason: String,
    },
    /// The first objects could not be written.
    #[error("the server's first objects could not be written: {0}")]
    Prepare(String),
}

/// A running server.
pub struct Server {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The authority that clients have to trust.
    pub ca_pem: String,
    /// Ends when the server has stopped.
    pub join: tokio::task::JoinHandle<()>,
}

impl Server {
    /// A kubeconfig (YAML) for the token of this name.
    pub fn kubeconfig(&self, token_name: &str, secret: &str) -> String {
        let server = format!("https://{}", self.addr);
        kubeconfig::kubeconfig(&server, &self.ca_pem, token_name, secret)
    }
}

/// Starts a server; it listens when this returns, and stops when `shutdown` is cancelled.
pub async fn serve(config: Config, shutdown: CancellationToken) -> Result<Server, Error> {
    let Config { pool, listen, tls, crds, tokens, encryption_key } = config;
    let server_config = tls.server_config()?;
    let catalogue = catalogue(&crds)?;
    let store = Store::open(pool, &encryption_key).await?;
    prepare(&store, &catalogue, &crds).await?;
    let refused = |source| Error::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let addr = listener.local_addr().map_err(refused)?;
    let state = Arc::new(State {
        documents: Documents::new(&catalogue),
        store: store.clone(),
        catalogue,
        tokens,
        address: addr,
        stop: shutdown.clone(),
    });
    let tasks = TaskTracker::new();
    tasks.spawn(store.follow(shutdown.clone()));
    tasks.spawn(garbage::run(state.clone()));
    tasks.spawn(garbage::housekeeping(state.clone()));
    tasks.spawn(http::listen(listener, server_config, state, shutdown));
    tasks.close();
    let join = tokio::spawn(async move { tasks.wait().await });
    Ok(Server { addr, ca_pem: tls.ca_pem, join })
}

fn catalogue(crds: &[CustomResourceDefinition]) -> Result<Catalogue, Error> {
    let wrong = |kind: &str, reason: String| Error::Definition { kind: kind.to_owned(), reason };
    let mut served = builtin::kinds().map_err(|error| wrong("a built-in kind", error.to_string()))?;
    for crd in crds {
        for kind in Kind::from_crd(crd) {
            let name = kind.group_kind();
            served.push(Served::custom(kind).map_err(|error| wrong(&name, error.to_string()))?);
        }
    }
    Ok(Catalogue::new(served))
}

/// Writes what has to be there from the start.
async fn prepare(store: &Store, catalogue: &Catalogue, crds: &[CustomResourceDefinition]) -> Result<(), Error> {
    let failed = |error: crate::api_error::ApiError| {
        let status = error.to_value();
        let message = status.get("message").and_then(Value::as_str);
        Error::Prepare(message.unwrap_or_default().to_owned())
    };
    for served in catalogue.iter() {
        if served.builtin == Some(Builtin::Definition) {
            definitions::publish(store, served, crds).await.map_err(failed)?;
        }
        if served.builtin != Some(Builtin::Namespace) {
            continue;
        }
        for name in NAMESPACES {
            let new = builtin::new_namespace(name);
            let ready = crate::prepare::create(served, new, "", "", |_| {}).map_err(failed)?;
            let slot = served.slot("", object::name(&ready));
            match store.create(&slot, ready).await? {
                Outcome::Done(_) | Outcome::Exists => {}
                other => return Err(Error::Prepare(format!("namespace {name}: {other:?}"))),
            }
        }
    }
    Ok(())
}
