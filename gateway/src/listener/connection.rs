//! One connection.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::Watcher,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

use super::{Certificate, patience::Patient};
use crate::proxy::{Connection, State, handle};

/// The most bytes of a request's head.
const MAX_HEAD: usize = 64 * 1024;
/// The most headers of a request.
const MAX_HEADERS: usize = 100;

/// Serves a connection until it ends or the gateway stops.
pub async fn serve(
    state: &Arc<State>,
    stream: TcpStream,
    peer: SocketAddr,
    certificate: Option<&Certificate>,
    watcher: Watcher,
) {
    // Answers are written in whole pieces: waiting for more only makes them late.
    let _best_effort = stream.set_nodelay(true);
    let stream = Patient::new(stream, state.limits.body_timeout);
    let Some(certificate) = certificate else {
        return http(state, stream, Connection { peer, tls: false }, watcher).await;
    };
    match timeout(state.limits.head_timeout, certificate.acceptor().accept(stream)).await {
        Ok(Ok(stream)) => http(state, stream, Connection { peer, tls: true }, watcher).await,
        Ok(Err(error)) => tracing::debug!(%error, peer = %peer.ip(), "TLS handshake failed"),
        Err(_) => tracing::debug!(peer = %peer.ip(), "TLS handshake took too long"),
    }
}

async fn http(
    state: &Arc<State>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    connection: Connection,
    watcher: Watcher,
) {
    let service = service_fn(|request: http::Request<Incoming>| {
        let state = state.clone();
        async move { Ok::<_, Infallible>(handle(state, connection, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(state.limits.head_timeout)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!(%error, peer = %connection.peer.ip(), "the connection ended early");
    }
}
