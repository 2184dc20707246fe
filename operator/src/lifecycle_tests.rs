use super::*;
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use axum::{
    Json, Router,
    body::Body,
    extract::ConnectInfo,
    response::IntoResponse,
    routing::{get, post},
};
use futures::stream;
use plexica_contract::token::SigningKey;
use serde_json::json;

fn lifecycle() -> Lifecycle {
    let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
    Lifecycle::new(Minter::new("plexica", SigningKey::from_pkcs8_pem(&pem).unwrap()))
}

async fn call(lifecycle: &Lifecycle, endpoint: &Url) -> Result<(), Problem> {
    let request = json!({
        "action": "install", "tenant": "acme", "toVersion": "1.0.0",
        "parameters": { "tenant": "acme", "schema": "s", "role": "s", "config": {}, "enabled": true },
    });
    let request = serde_json::from_value(request).unwrap();
    lifecycle.call(endpoint, &"crm".parse().unwrap(), &request).await
}

/// A server that answers so, and where it is.
async fn served(app: Router) -> (Url, tokio::task::JoinHandle<std::io::Result<()>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    (endpoint, tokio::spawn(async move { axum::serve(listener, app).await }))
}

/// What a plugin's answer comes to.
async fn answered(status: StatusCode, body: impl Fn() -> Body + Clone + Send + Sync + 'static) -> Result<(), Problem> {
    let (endpoint, plugin) = served(Router::new().route(LIFECYCLE, post(async move || (status, body())))).await;
    let result = call(&lifecycle(), &endpoint).await;
    plugin.abort();
    result
}

#[tokio::test]
async fn polls_go_where_the_call_went() {
    // Of several processes one alone knows of a call.
    let caller = Arc::new(OnceLock::new());
    let asked = caller.clone();
    let call_with = async move |ConnectInfo(from): ConnectInfo<SocketAddr>| {
        let _ = asked.set(from);
        (StatusCode::ACCEPTED, Json(json!({ "status": "pending", "poll": format!("{LIFECYCLE}/1") })))
    };
    let poll = async move |ConnectInfo(from): ConnectInfo<SocketAddr>| {
        if caller.get() == Some(&from) {
            Json(json!({ "status": "done" })).into_response()
        } else {
            StatusCode::NOT_FOUND.into_response()
        }
    };
    let app = Router::new().route(LIFECYCLE, post(call_with)).route(&format!("{LIFECYCLE}/1"), get(poll));
    let (endpoint, plugin) = served(app).await;
    assert_eq!(call(&lifecycle(), &endpoint).await, Ok(()));
    plugin.abort();
}

#[tokio::test]
async fn no_call_goes_where_an_earlier_one_was_led() {
    // As where a cluster did not know the Service yet, and does now: old connections stay where they are.
    let first = Arc::new(OnceLock::new());
    let app = async move |ConnectInfo(from): ConnectInfo<SocketAddr>| {
        if *first.get_or_init(|| from) == from {
            StatusCode::NOT_FOUND.into_response()
        } else {
            Json(json!({ "status": "done" })).into_response()
        }
    };
    let (endpoint, plugin) = served(Router::new().route(LIFECYCLE, post(app))).await;
    let lifecycle = lifecycle();
    assert_eq!(call(&lifecycle, &endpoint).await.unwrap_err().reason, Reason::Pending);
    assert_eq!(call(&lifecycle, &endpoint).await, Ok(()));
    plugin.abort();
}

fn endless() -> Body {
    Body::from_stream(stream::repeat_with(|| Ok::<_, std::convert::Infallible>(vec![b' '; 1024])))
}

#[tokio::test]
async fn a_body_without_end_is_not_waited_for() {
    let began = std::time::Instant::now();
    let problem = answered(StatusCode::OK, endless).await.unwrap_err();
    assert!(problem.message.ends_with("its answer was no lifecycle response."), "{problem}");
    let problem = answered(StatusCode::CONFLICT, endless).await.unwrap_err();
    assert!(problem.message.ends_with("it answered 409: no message."), "{problem}");
    assert!(began.elapsed() < CALL, "it was not read until the call's end");
}

#[tokio::test]
async fn a_poll_that_finds_nothing_is_a_call_to_be_made_anew() {
    // The process that answered 202 is gone, and the next one knows nothing of the call.
    let pending = || Body::from(json!({ "status": "pending", "poll": format!("{LIFECYCLE}/1") }).to_string());
    let problem = answered(StatusCode::ACCEPTED, pending).await.unwrap_err();
    assert_eq!(problem.reason, Reason::Progressing, "{problem}");
    let unknown = || {
        Body::from(
            json!({ "error": { "code": "NOT_FOUND", "message": "Not here.", "correlationId": "c" } }).to_string(),
        )
    };
    let problem = answered(StatusCode::NOT_FOUND, unknown).await.unwrap_err();
    assert_eq!(problem.reason, Reason::MigrationFailed, "the call itself finds nothing: {problem}");
    assert!(problem.message.ends_with("it answered 404: Not here."), "{problem}");
}

#[tokio::test]
async fn what_a_proxy_answers_is_not_the_plugins_word() {
    let empty = |status| answered(status, Body::empty);
    for status in [StatusCode::NOT_FOUND, StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT] {
        let problem = empty(status).await.unwrap_err();
        assert_eq!(problem.reason, Reason::Pending, "{problem}");
    }
    let page = || Body::from("<html>no such host</html>");
    assert_eq!(answered(StatusCode::NOT_FOUND, page).await.unwrap_err().reason, Reason::Pending);
    let pending = || Body::from(json!({ "status": "pending", "poll": format!("{LIFECYCLE}/1") }).to_string());
    let gone = Router::new()
        .route(LIFECYCLE, post(async move || (StatusCode::ACCEPTED, pending())))
        .route(&format!("{LIFECYCLE}/1"), get(async || StatusCode::BAD_GATEWAY));
    let (endpoint, plugin) = served(gone).await;
    let problem = call(&lifecycle(), &endpoint).await.unwrap_err();
    assert_eq!(problem.reason, Reason::Pending, "of a poll: {problem}");
    plugin.abort();
    let problem = empty(StatusCode::INTERNAL_SERVER_ERROR).await.unwrap_err();
    assert_eq!(problem.reason, Reason::MigrationFailed, "a plugin may fail without a word: {problem}");
}

#[tokio::test]
async fn a_long_body_is_read_up_to_the_limit() {
    let done = |spaces: usize| format!("{}{}", " ".repeat(spaces), json!({ "status": "done" }));
    let rest = done(0).len();
    let longest = done(LONGEST - rest);
    assert_eq!(answered(StatusCode::OK, move || longest.clone().into()).await, Ok(()));
    let longer = done(LONGEST - rest + 1);
    assert!(answered(StatusCode::OK, move || longer.clone().into()).await.is_err());
}
