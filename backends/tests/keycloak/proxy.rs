//! Counts what is written through it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use tokio_util::sync::CancellationToken;
use url::Url;

/// A proxy in front of an issuer.
pub struct Proxy {
    pub url: Url,
    writes: Arc<Mutex<Vec<String>>>,
    made: Arc<Mutex<Vec<String>>>,
    last: Arc<Mutex<Bytes>>,
    failing: Arc<AtomicUsize>,
    bare: Arc<AtomicUsize>,
}

#[derive(Clone)]
struct Inner {
    target: String,
    http: reqwest::Client,
    writes: Arc<Mutex<Vec<String>>>,
    made: Arc<Mutex<Vec<String>>>,
    last: Arc<Mutex<Bytes>>,
    failing: Arc<AtomicUsize>,
    bare: Arc<AtomicUsize>,
}

impl Proxy {
    pub async fn start(target: &str, shutdown: CancellationToken) -> Self {
        let writes = Arc::<Mutex<Vec<String>>>::default();
        let made = Arc::<Mutex<Vec<String>>>::default();
        let last = Arc::<Mutex<Bytes>>::default();
        let failing = Arc::<AtomicUsize>::default();
        let bare = Arc::<AtomicUsize>::default();
        let target = target.trim_end_matches('/').to_owned();
        let inner = Inner {
            target,
            http: reqwest::Client::new(),
            writes: writes.clone(),
            made: made.clone(),
            last: last.clone(),
            failing: failing.clone(),
            bare: bare.clone(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let router = axum::Router::new().fallback(forward).with_state(inner);
        tokio::spawn(axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).into_future());
        Self { url, writes, made, last, failing, bare }
    }

    /// Answers that many calls of the admin API with 500, as Keycloak does while a realm goes.
    pub fn fail(&self, calls: usize) {
        self.failing.store(calls, Ordering::SeqCst);
    }

    /// Calls that are still to fail.
    pub fn failing(&self) -> usize {
        self.failing.load(Ordering::SeqCst)
    }

    /// Shows that many times only the name of a realm, as Keycloak does until our rights to it are in force.
    pub fn hide(&self, times: usize) {
        self.bare.store(times, Ordering::SeqCst);
    }

    /// Times that only a name is still to be shown.
    pub fn hiding(&self) -> usize {
        self.bare.load(Ordering::SeqCst)
    }

    /// Realms that came into being through it.
    pub fn made(&self) -> Vec<String> {
        std::mem::take(&mut self.made.lock().unwrap())
    }

    /// The last body that was written.
    pub fn last_body(&self) -> serde_json::Value {
        serde_json::from_slice(&self.last.lock().unwrap()).unwrap()
    }

    /// What was written to the admin API since the last call.
    pub fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.writes.lock().unwrap())
    }
}

async fn forward(State(inner): State<Inner>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let admin = path.starts_with("/admin/");
    let less = |left: usize| left.checked_sub(1);
    if admin && inner.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
        return Response::builder().status(500).body(Body::empty()).unwrap();
    }
    let name = path.strip_prefix("/admin/realms/").filter(|rest| !rest.contains(['/', '?']));
    if let (&Method::GET, Some(name)) = (&parts.method, name)
        && inner.bare.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    {
        let body = serde_json::json!({ "realm": name }).to_string();
        return Response::builder().header("content-type", "application/json").body(Body::from(body)).unwrap();
    }
    let write = (admin && parts.method != Method::GET).then(|| format!("{} {path}", parts.method));
    let body = to_bytes(body, 1 << 20).await.unwrap();
    if write.is_some() {
        *inner.last.lock().unwrap() = body.clone();
    }
    let mut headers = HeaderMap::new();
    for name in ["authorization", "content-type", "accept"] {
        if let Some(value) = parts.headers.get(name) {
            headers.insert(name, value.clone());
        }
    }
    let sent = inner.http.request(parts.method, format!("{}{path}", inner.target)).headers(headers).body(body);
    let answer = sent.send().await.unwrap();
    // What Keycloak stumbled over is asked again, and is no second write.
    inner.writes.lock().unwrap().extend(write.filter(|_| !answer.status().is_server_error()));
    if path == "/admin/realms" && answer.status() == 201 {
        let place = answer.headers()["location"].to_str().unwrap();
        inner.made.lock().unwrap().extend(place.rsplit('/').next().map(str::to_owned));
    }
    let mut response = Response::builder().status(answer.status());
    for name in ["content-type", "location"] {
        if let Some(value) = answer.headers().get(name) {
            response = response.header(name, value);
        }
    }
    response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}
