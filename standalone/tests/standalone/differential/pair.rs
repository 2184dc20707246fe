//! The two servers, with the same definition in both.

use std::path::PathBuf;
use std::time::Duration;

use http::{Method, Request};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::client::Body;
use kube::{Api, Client};
use plexica_testkit::kubernetes::Cluster;
use plexica_testkit::postgres::{Database, Server as Postgres};
use plexica_testkit::{require, unique, wait_until};
use serde_json::Value;

use crate::common::{Running, widgets};

/// Both servers.
pub struct Pair {
    /// The real one.
    pub real: Client,
    /// Ours.
    pub ours: Client,
    /// Group of the widgets, one of its own for each test.
    pub group: String,
    /// A namespace that both have.
    pub namespace: String,
    /// The real kubectl.
    pub kubectl: PathBuf,
    /// Of the real one and of ours.
    pub kubeconfigs: [PathBuf; 2],
    running: Running,
    _database: Database,
}

/// An answer: status code, warnings, body.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub code: u16,
    pub warnings: Vec<String>,
    pub body: Value,
}

impl Pair {
    /// Both servers, or `None` when a part does not run.
    pub async fn start() -> Option<Self> {
        let postgres: Postgres = require!(postgres17)?;
        let cluster: Cluster = require!(kubernetes)?;
        let database = postgres.database().await;
        let name = unique("diff");
        let group = format!("{name}.test");
        let crd = widgets(&group);
        let running = Running::start(&database, vec![crd.clone()], vec![]).await;
        let real = cluster.client().await;
        let definitions: Api<CustomResourceDefinition> = Api::all(real.clone());
        let crd_name = format!("widgets.{group}");
        let apply = PatchParams::apply("differential");
        definitions.patch(&crd_name, &apply, &Patch::Apply(&crd)).await.expect("a definition");
        let pair = Self {
            ours: running.client().await,
            kubectl: cluster.kubectl.clone(),
            kubeconfigs: [cluster.kubeconfig.clone(), running.kubeconfig()],
            namespace: name,
            real,
            group,
            running,
            _database: database,
        };
        // The real server serves a definition a moment after it took it, its OpenAPI later still.
        wait_until("the definition is served", Duration::from_secs(30), async || {
            let list = format!("/apis/{}/v1/widgets", pair.group);
            let document = format!("/openapi/v3/apis/{}/v1", pair.group);
            let get = |path: String| Call::get(&path);
            let listed = pair.real_answer(&get(list)).await.code == 200;
            listed && pair.real_answer(&get(document)).await.code == 200
        })
        .await;
        let namespace =
            serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": pair.namespace}});
        pair.both(&Call::post("/api/v1/namespaces", namespace)).await;
        Some(pair)
    }

    /// Asks both.
    pub async fn both(&self, call: &Call) -> [Answer; 2] {
        [self.real_answer(call).await, answer(&self.ours, call).await]
    }

    async fn real_answer(&self, call: &Call) -> Answer {
        answer(&self.real, call).await
    }

    /// Removes what the test made on the real server, and stops ours.
    pub async fn stop(self) {
        let definitions: Api<CustomResourceDefinition> = Api::all(self.real.clone());
        let name = format!("widgets.{}", self.group);
        let _gone = definitions.delete(&name, &DeleteParams::default()).await;
        self.running.stop().await;
    }
}

/// A request.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    pub path: String,
    pub content_type: &'static str,
    pub accept: &'static str,
    pub body: Vec<u8>,
}

impl Call {
    pub fn new(method: Method, path: &str, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { method, path: path.to_owned(), content_type, accept: "application/json", body: body.into() }
    }

    pub fn get(path: &str) -> Self {
        Self::new(Method::GET, path, "", "")
    }

    #[allow(clippy::needless_pass_by_value)]
    pub fn post(path: &str, body: Value) -> Self {
        Self::new(Method::POST, path, "application/json", body.to_string())
    }
}

async fn answer(client: &Client, call: &Call) -> Answer {
    let mut request = Request::builder().method(call.method.clone()).uri(&call.path).header("accept", call.accept);
    if !call.content_type.is_empty() {
        request = request.header("content-type", call.content_type);
    }
    let request =
        request.header("user-agent", "differential/1.0").body(Body::from(call.body.clone())).expect("a request");
    let asked = async {
        let (parts, body) = client.send(request).await.expect("an answer").into_parts();
        (parts, body.collect_bytes().await.expect("a body"))
    };
    let limit = Duration::from_secs(20);
    let (parts, bytes) =
        tokio::time::timeout(limit, asked).await.unwrap_or_else(|_| panic!("{} does not end", call.path));
    let warnings = parts.headers.get_all("warning").iter().map(|one| one.to_str().unwrap_or_default().to_owned());
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // A watch is several documents; anything that is no JSON is kept as text.
    let documents: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&text).into_iter().collect();
    let body = match documents {
        Ok(mut documents) if documents.len() == 1 => documents.remove(0),
        Ok(documents) => Value::Array(documents),
        Err(_) => Value::String(text.trim().to_owned()),
    };
    Answer { code: parts.status.as_u16(), warnings: warnings.collect(), body }
}
