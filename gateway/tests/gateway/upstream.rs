//! A real HTTP server in a plugin's or the core API's place. It says what it was sent.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Json, Router, body::Body, body::Bytes, extract::Request, response::IntoResponse, routing::any};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};

#[derive(Clone, Default)]
pub struct Upstream {
    pub requests: Arc<AtomicUsize>,
    pub cancelled: Arc<AtomicUsize>,
    pub release: Arc<Notify>,
    addr: Option<SocketAddr>,
}

impl Upstream {
    pub async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub fn on(listener: TcpListener) -> Self {
        let upstream = Self { addr: Some(listener.local_addr().unwrap()), ..Self::default() };
        let (hanging, streaming, counting) = (upstream.clone(), upstream.clone(), upstream.clone());
        let flooding = upstream.clone();
        let app = Router::new()
            .route("/hang", any(async move || hanging.hang().await))
            .route("/stream", any(async move || streaming.stream()))
            .route("/flood", any(async move || flooding.flood()))
            .route("/echo", any(async |body: Bytes| body))
            .route("/rude", any(async || ([("set-cookie", "a=b"), ("access-control-allow-origin", "*")], "rude")))
            .fallback(seen)
            .layer(axum::middleware::from_fn(move |request: Request, next: axum::middleware::Next| {
                counting.requests.fetch_add(1, Ordering::SeqCst);
                next.run(request)
            }));
        tokio::spawn(async move { axum::serve(listener, app).await });
        upstream
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr.unwrap())
    }

    pub fn count(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Answers when released; says when the request was cancelled.
    async fn hang(&self) -> &'static str {
        let mut guard = Cancelled(Some(self.cancelled.clone()));
        self.release.notified().await;
        guard.0 = None;
        "released"
    }

    /// Sends without end; says when nobody takes it any more.
    fn flood(&self) -> impl IntoResponse + use<> {
        let guard = Cancelled(Some(self.cancelled.clone()));
        Body::from_stream(futures::stream::repeat_with(move || {
            let _held = &guard;
            Ok::<_, Infallible>(Bytes::from_static(&[0; 16384]))
        }))
    }

    /// Sends a first piece at once and a second when released.
    fn stream(&self) -> impl IntoResponse + use<> {
        let release = self.release.clone();
        let first = futures::stream::iter([Ok::<_, Infallible>("first")]);
        let second = futures::stream::once(async move {
            release.notified().await;
            Ok::<_, Infallible>("second")
        });
        Body::from_stream(first.chain(second))
    }
}

/// Counts when it is dropped, unless it was disarmed.
struct Cancelled(Option<Arc<AtomicUsize>>);

impl Drop for Cancelled {
    fn drop(&mut self) {
        if let Some(count) = &self.0 {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn seen(request: Request) -> Json<Value> {
    let headers: BTreeMap<String, Vec<String>> =
        request.headers().keys().map(|name| (name.to_string(), values(&request, name.as_str()))).collect();
    Json(json!({ "method": request.method().as_str(), "uri": request.uri().to_string(), "headers": headers }))
}

fn values(request: &Request, name: &str) -> Vec<String> {
    request.headers().get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}
