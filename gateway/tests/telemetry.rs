//! Traces: a request's span is exported, and whoever is called next is told of it.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "gateway/harness.rs"]
mod harness;
#[path = "gateway/resources.rs"]
mod resources;
#[path = "gateway/upstream.rs"]
mod upstream;

use std::time::Duration;

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value as Any},
    trace::v1::{Span, span::SpanKind},
};
use plexica_service::telemetry::Traces;
use plexica_testkit::{require, wait_for};
use prost::Message;
use serde_json::Value;
use tokio::{net::TcpListener, process::Command, runtime::Handle, sync::mpsc};
use tracing_subscriber::layer::SubscriberExt;

use harness::{Bench, claims};

const SOON: Duration = Duration::from_secs(20);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Takes what is exported, as a collector does.
async fn collector() -> (String, mpsc::UnboundedReceiver<(HeaderMap, Bytes)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let (sender, exported) = mpsc::unbounded_channel();
    let take = async move |headers: HeaderMap, body: Bytes| sender.send((headers, body)).unwrap();
    let app = Router::new().route("/v1/traces", post(take));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, exported)
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Any> {
    attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()
}

/// `traceparent` as the upstream was sent it: trace, span and flags.
fn sent(seen: &Value) -> (String, String, String) {
    let value = seen["headers"]["traceparent"].as_array().unwrap();
    assert_eq!(value.len(), 1, "{value:?}");
    let parts: Vec<&str> = value[0].as_str().unwrap().split('-').collect();
    assert_eq!((parts.len(), parts[0]), (4, "00"));
    (parts[1].into(), parts[2].into(), parts[3].into())
}

// More than one worker: the exporter sends on the runtime while the test waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_span_between_its_caller_and_the_plugin() {
    let (url, mut exported) = collector().await;
    let traces = Traces::to(&url, "plexica-gateway", &Handle::current()).unwrap();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(traces.layer())).unwrap();
    let bench = Bench::start().await;
    let token = bench.acme.token(&claims("tenant-acme"));
    let get = async |traceparent: &str| {
        let request = bench.http.get(bench.url("/api/plugins/crm/contacts")).bearer_auth(&token);
        let request = request.header("traceparent", traceparent).header("tracestate", "vendor=1");
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };

    let (trace, span, flags) = sent(&get(&format!("00-{TRACE}-{PARENT}-01")).await);
    assert_eq!((trace.as_str(), flags.as_str()), (TRACE, "01"));
    assert_ne!(span, PARENT, "the plugin is called by the gateway, not by its caller");
    // What names no trace begins one.
    let (own, ..) = sent(&get("00-00000000000000000000000000000000-0-01").await);
    assert!(own != TRACE && own.len() == 32, "{own}");
    let (unsampled, _, flags) = sent(&get("00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-00f067aa0ba902b7-00").await);
    assert_eq!((unsampled.as_str(), flags.as_str()), ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "00"));

    // The last are sent at the end.
    tokio::task::spawn_blocking(move || traces.end()).await.unwrap();
    let (headers, body) = wait_for("an export", SOON, async || exported.try_recv().ok()).await;
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert!(!body.windows(token.len()).any(|part| part == token.as_bytes()), "a token was exported");
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let resource = &request.resource_spans[0].resource.as_ref().unwrap().attributes;
    assert_eq!(text(resource, "service.name"), Some(&Any::StringValue("plexica-gateway".into())));
    let spans: Vec<&Span> =
        request.resource_spans.iter().flat_map(|of| &of.scope_spans).flat_map(|of| &of.spans).collect();
    let found = spans.iter().find(|span| hex(&span.trace_id) == TRACE).unwrap_or_else(|| panic!("{spans:?}"));
    assert_eq!((hex(&found.span_id), hex(&found.parent_span_id)), (span, PARENT.to_owned()));
    assert_eq!((found.name.as_str(), found.kind()), ("GET", SpanKind::Server));
    assert_eq!(text(&found.attributes, "http.response.status_code"), Some(&Any::IntValue(200)));
    assert!(spans.iter().any(|span| hex(&span.trace_id) == own));
    assert!(spans.iter().all(|span| hex(&span.trace_id) != unsampled), "its caller wanted no record of it");
}

/// The program itself: traces as its environment says, the last of them sent before it ends.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_exports_to_the_collector_of_its_environment() {
    let Some(cluster) = require!(kubernetes) else { return };
    let (url, mut exported) = collector().await;
    let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut gateway = Command::new(env!("CARGO_BIN_EXE_plexica-gateway"))
        .env_clear()
        .env("KUBECONFIG", &cluster.kubeconfig)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", url.strip_suffix("/v1/traces").unwrap())
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-scope-orgid=acme")
        .env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        // Neither logs' level nor their filter keeps traces back.
        .env("RUST_LOG", "error")
        .args(["--listen", &listen.to_string(), "--metrics-listen", "127.0.0.1:0"])
        .args(["--keycloak-url", "http://127.0.0.1:1", "--core-api-url", "http://127.0.0.1:1"])
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    // A namespace without a signing key: it never gets ready, and answers that.
    let asked =
        wait_for("it answers", SOON, async || reqwest::get(format!("http://{listen}/api/v1/me")).await.ok()).await;
    assert!(asked.status().is_client_error() || asked.status().is_server_error());

    let pid = gateway.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").arg(pid).status().unwrap().success());
    let ended = tokio::time::timeout(SOON, gateway.wait()).await.unwrap().unwrap();
    assert!(ended.success(), "{ended}");
    let (headers, body) = exported.try_recv().expect("what it did was sent before it ended");
    assert_eq!(headers["x-scope-orgid"], "acme");
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let resource = &request.resource_spans[0].resource.as_ref().unwrap().attributes;
    assert_eq!(text(resource, "service.name"), Some(&Any::StringValue("plexica-gateway".into())));
    assert_eq!(text(resource, "deployment.environment.name"), Some(&Any::StringValue("test".into())));
    assert_eq!(request.resource_spans[0].scope_spans[0].spans[0].name, "GET");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
