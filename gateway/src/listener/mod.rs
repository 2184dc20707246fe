//! Taking connections.

mod connection;
mod patience;
mod tls;

use std::{net::SocketAddr, sync::Arc};

use hyper_util::server::graceful::GracefulShutdown;
use plexica_service::Tasks;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::timeout,
};

pub use tls::Certificate;

use crate::{error::StartError, proxy::State};

/// How long to wait after an accept that failed for want of file handles.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// Binds the socket and serves it as one of the service's tasks.
pub async fn serve(
    tasks: &Tasks,
    addr: SocketAddr,
    certificate: Option<Arc<Certificate>>,
    state: Arc<State>,
) -> Result<SocketAddr, StartError> {
    let failed = |source| StartError::Listen { addr, source };
    let listener = TcpListener::bind(addr).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let shutdown = tasks.shutdown();
    tasks.spawn("the gateway's listener", async move {
        let server = Server { state, certificate, graceful: GracefulShutdown::new() };
        let told = async {
            shutdown.cancelled().await;
            tokio::time::sleep(server.state.limits.shutdown_delay).await;
        };
        let mut connections = JoinSet::new();
        tokio::select! {
            () = accept(&listener, &server, &mut connections) => {}
            () = told => {}
        }
        drop(listener);
        drain(server, connections).await;
    });
    Ok(bound)
}

struct Server {
    state: Arc<State>,
    certificate: Option<Arc<Certificate>>,
    graceful: GracefulShutdown,
}

async fn accept(listener: &TcpListener, server: &Server, connections: &mut JoinSet<()>) {
    let places = Arc::new(Semaphore::new(server.state.limits.max_connections));
    // The semaphore is never closed, so the loop ends by cancellation alone.
    while let Ok(place) = places.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((stream, peer)) => {
                connections.spawn(one(server, stream, peer, place));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

fn one(
    server: &Server,
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
) -> impl Future<Output = ()> + Send + 'static {
    let state = server.state.clone();
    let certificate = server.certificate.clone();
    let watcher = server.graceful.watcher();
    async move {
        let _place = place;
        state.metrics.connections.inc();
        connection::serve(&state, stream, peer, certificate.as_deref(), watcher).await;
        state.metrics.connections.dec();
    }
}

/// Requests under way end; idle connections are closed at once.
async fn drain(server: Server, mut connections: JoinSet<()>) {
    let Server { state, certificate: _, graceful } = server;
    let all = async {
        graceful.shutdown().await;
        while connections.join_next().await.is_some() {}
    };
    if timeout(state.limits.drain_timeout, all).await.is_err() {
        tracing::warn!("requests were still under way when the time to end them was over");
    }
}
