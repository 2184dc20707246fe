//! S3 with STS `AssumeRole`, in a folder and on loopback: what `plexica dev` uses without a store.
//!
//! Objects are kept by s3s-fs, which knows no tags, policies or keys per bucket: those are the layer
//! in this module. Code above speaks S3 and never learns which store answers.

mod access;
mod assume_role;
mod buckets;
mod keys;
mod settings;

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use axum::error_handling::HandleError;
use axum::http::StatusCode;
use s3s::HttpError;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::access::Access;
use self::assume_role::AssumeRole;
use self::buckets::Buckets;
use self::keys::Keys;
use self::settings::Settings;
use crate::{Error, Kind, Result, Secret, System};

/// Where it listens and keeps its data.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address; port 0 for a free one.
    pub listen: SocketAddr,
    /// Folder for everything.
    pub data: PathBuf,
    /// The root key pair, which opens everything. Tenants' keys are derived from its secret, so they
    /// survive a restart with the same one.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Secret,
}

/// A started store.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Running {
    /// The store's URL.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Returns when it has stopped.
    pub async fn stopped(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the embedded object store ended");
        }
    }
}

/// Starts it; cancelling `shutdown` stops it.
pub async fn start(config: Config, shutdown: CancellationToken) -> Result<Running> {
    let invalid = |what: &str| {
        let message = format!("the embedded object store {what}");
        Error::new(System::S3, Kind::Invalid, message, "Choose another data folder or address.")
    };
    let objects = config.data.join("buckets");
    std::fs::create_dir_all(&objects).map_err(|error| invalid("cannot create its folder").because(error))?;
    let settings = Settings::open(config.data.join("settings"))
        .map_err(|error| invalid("cannot create its folder").because(error))?;
    let files = FileSystem::new(&objects).map_err(|error| invalid(&format!("cannot use its folder: {error:?}")))?;
    let keys = Keys::new(config.access_key_id, config.secret_access_key);

    let mut builder = S3ServiceBuilder::new(Buckets::new(files, objects, settings));
    builder.set_auth(keys.clone());
    builder.set_access(Access::new(keys.clone()));
    builder.set_route(AssumeRole::new(keys));
    let service = HandleError::new(builder.build(), |error: HttpError| async move {
        tracing::error!(?error, "the embedded object store could not answer");
        StatusCode::INTERNAL_SERVER_ERROR
    });
    let listener = TcpListener::bind(config.listen).await.map_err(|error| invalid("cannot listen").because(error))?;
    let addr = listener.local_addr().map_err(|error| invalid("cannot listen").because(error))?;
    let task = tokio::spawn(async move {
        let router = Router::new().fallback_service(service);
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await {
            tracing::error!(%error, "the embedded object store ended");
        }
    });
    Ok(Running { addr, task })
}
