//! Running a plugin.

use std::{future::Future, io, sync::Arc, sync::atomic::Ordering, time::Duration};

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    Plugin, PluginError,
    database::DatabaseUrlError,
    environment::{Environment, EnvironmentError},
    host::{self, Host},
    lifecycle, log,
};

/// How often the platform's keys are asked for without a reason, so that a withdrawn one goes.
const KEYS_EVERY: Duration = Duration::from_mins(5);
/// How long connections to the database may take to close once no more requests are answered.
const CLOSE: Duration = Duration::from_secs(3);
/// More would be memory for a process that mostly waits.
const MOST_WORKERS: usize = 4;

/// Why a plugin does not run. `fn main() -> Result<(), RunError>` prints the sentence.
#[derive(thiserror::Error)]
pub enum RunError {
    /// The program's own mistake.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// It was not started by a platform, or by one that means another plugin.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The database's URL.
    #[error(transparent)]
    Database(#[from] DatabaseUrlError),
    /// The platform's URL or CA bundle.
    #[error("the platform cannot be used: {0}")]
    Platform(String),
    /// Its address is taken, or not this machine's.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The operating system.
    #[error("cannot run: {0}")]
    Io(#[from] io::Error),
}

// What a `main` that returns an error prints is its Debug: people should read the sentence.
impl std::fmt::Debug for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Plugin {
    /// Runs the plugin until it is told to stop (SIGTERM or Ctrl-C), as the platform's environment
    /// variables say. Call it from a plain `fn main`: it brings a small runtime of its own.
    ///
    /// # Errors
    /// [`RunError`] when it cannot start.
    pub fn run(self) -> Result<(), RunError> {
        let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_WORKERS));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .thread_name("plugin")
            .enable_all()
            .build()?;
        runtime.block_on(self.serve())
    }

    /// As [`run`](Self::run), in a runtime that is there already.
    ///
    /// # Errors
    /// [`RunError`] when it cannot start.
    pub async fn serve(self) -> Result<(), RunError> {
        log::init();
        // It fails when a provider is there already, and any will do.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let parts = self.parts()?;
        let (id, version) = (&parts.manifest.id, &parts.manifest.version);
        let environment = Environment::read(id, version, |name| std::env::var(name).ok())?;
        let address = environment.listen;
        let (host, app) = host::assemble(parts, &environment)?;
        let listener = TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })?;
        tracing::info!(%address, plugin = %host.id, version = %host.version, "listening");
        serve(listener, host, app, told_to_stop()?).await
    }
}

/// Serves until `stop`, and a while longer for who has not heard of it (health says 503 already); then
/// lets what is being answered finish. All of it takes no longer than the limit, and [`CLOSE`].
pub(crate) async fn serve(
    listener: TcpListener,
    host: Arc<Host>,
    app: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    let stopping = CancellationToken::new();
    let background = tokio::spawn(background(host.clone(), stopping.clone()));
    let drain = host.limits.drain.saturating_sub(host.shutdown_delay);
    let server = axum::serve(listener, app).with_graceful_shutdown({
        let (host, stopping) = (host.clone(), stopping.clone());
        async move {
            stop.await;
            tracing::info!("stopping");
            host.draining.store(true, Ordering::Relaxed);
            tokio::time::sleep(host.shutdown_delay).await;
            stopping.cancel();
        }
    });
    let out_of_time = async {
        stopping.cancelled().await;
        tokio::time::sleep(drain).await;
    };
    tokio::select! {
        served = server => served?,
        () = out_of_time => tracing::warn!("some requests were still being answered when the time was up"),
    }
    // Cancelled by now; it fails only if it panicked, which its own log tells.
    let _ = background.await;
    // It waits for every connection, and a request that was not answered in time still has one.
    if tokio::time::timeout(CLOSE, host.database.close()).await.is_err() {
        tracing::warn!("some of the database's connections were still in use when the time was up");
    }
    Ok(())
}

/// Keeps tenants and keys up to date.
async fn background(host: Arc<Host>, stop: CancellationToken) {
    let keys = async {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(KEYS_EVERY) => host.keys.refresh().await,
            }
        }
    };
    let take = |previous, new| {
        let host = host.clone();
        async move { lifecycle::take(&host, previous, new).await }
    };
    tokio::join!(host.tenants.watch(stop.clone(), take), keys);
}

/// SIGTERM or Ctrl-C.
fn told_to_stop() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
