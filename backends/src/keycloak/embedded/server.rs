//! Starting and stopping.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::password::Passwords;
use super::store::Store;
use super::throttle::Throttle;
use super::{admin, oidc};
use crate::{Error, Result, Secret, System};

/// How the embedded issuer is started.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where its schema `embedded_keycloak` lives; the login must be able to create it.
    pub pool: PgPool,
    /// Where it serves; port 0 picks a free one. Loopback: it speaks plain HTTP.
    pub listen: SocketAddr,
    /// The start of its issuers; `None`: `http://` and where it serves.
    pub public_url: Option<Url>,
    /// Id of the service account, as `KEYCLOAK_CLIENT_ID`.
    pub client_id: String,
    /// Its secret. It also opens the token exchange, so it must stay with the owner of the data.
    pub client_secret: Secret,
}

/// A started issuer: its socket is bound.
#[derive(Debug)]
pub struct Running {
    /// Where it serves.
    pub addr: SocketAddr,
    /// Its base URL: `KEYCLOAK_PUBLIC_URL` of everybody else.
    pub public_url: Url,
    task: JoinHandle<()>,
}

impl Running {
    /// Returns when it has stopped.
    pub async fn stopped(self) {
        // A panic was reported by the runtime; there is nothing left to wait for either way.
        let _ended = self.task.await;
    }
}

/// What the handlers share.
pub(super) struct Shared {
    pub store: Store,
    /// Without a slash at the end.
    pub base: String,
    pub client_id: String,
    pub client_secret: Secret,
    pub passwords: Passwords,
    pub throttle: Throttle,
}

/// As handlers get it.
pub(super) type App = Arc<Shared>;

/// Creates what is missing in the database, binds the socket and serves until `shutdown`.
///
/// # Errors
/// [`Kind::Unavailable`](crate::Kind::Unavailable) when the database or the socket cannot be had.
pub async fn start(config: Config, shutdown: CancellationToken) -> Result<Running> {
    let store = Store::open(config.pool).await.map_err(|error| unavailable("its database cannot be used", error))?;
    let listener =
        TcpListener::bind(config.listen).await.map_err(|error| unavailable("its address is not free", error))?;
    let addr = listener.local_addr().map_err(|error| unavailable("its address is not known", error))?;
    let public_url = match config.public_url {
        Some(url) => url,
        None => Url::parse(&format!("http://{addr}")).map_err(|error| unavailable("its address is no URL", error))?,
    };
    let app = Arc::new(Shared {
        store,
        base: public_url.as_str().trim_end_matches('/').to_owned(),
        client_id: config.client_id,
        client_secret: config.client_secret,
        passwords: Passwords::new().map_err(|error| unavailable("passwords cannot be hashed", error))?,
        throttle: Throttle::default(),
    });
    let router = Router::new().merge(oidc::routes()).merge(admin::routes()).with_state(app);
    let task = tokio::spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "the embedded issuer broke off");
        }
    });
    Ok(Running { addr, public_url, task })
}

fn unavailable(why: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::unavailable(System::Keycloak, format!("the embedded issuer cannot start: {why}")).because(error)
}
