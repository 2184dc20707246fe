//! The real API server.

use std::time::Duration;

use http::{Request, header};
use http_body_util::BodyExt;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use kube::client::Body;
use plexica_testkit::wait_until;
use serde_json::Value;

use super::normal::normal;
use super::{Case, Resource, Step, Verb, complete};

/// For what an API server does some moments later.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers each step of a case, and removes the object after.
pub async fn answers(client: &Client, case: &Case, name: &str) -> Vec<Value> {
    let mut answers = Vec::with_capacity(case.steps.len());
    for step in &case.steps {
        answers.push(answer(client, case.resource, step, name).await);
    }
    let path = format!("{}/{name}", case.resource.names().2);
    let unlock = Request::patch(&path)
        .header(header::CONTENT_TYPE, "application/merge-patch+json")
        .body(Body::from(br#"{"metadata":{"finalizers":null}}"#.to_vec()))
        .unwrap();
    send(client, unlock).await;
    send(client, Request::delete(&path).body(Body::empty()).unwrap()).await;
    answers
}

async fn answer(client: &Client, resource: Resource, step: &Step, name: &str) -> Value {
    let (_, _, collection) = resource.names();
    let object = format!("{collection}/{name}{}", if step.status { "/status" } else { "" });
    let (method, path, media) = match step.verb {
        Verb::Create => ("POST", collection.to_owned(), "application/json"),
        Verb::Replace => ("PUT", object.clone(), "application/json"),
        Verb::Apply => ("PATCH", object.clone(), "application/apply-patch+yaml"),
        Verb::Merge => ("PATCH", object.clone(), "application/merge-patch+json"),
        Verb::Json => ("PATCH", object.clone(), "application/json-patch+json"),
        Verb::Strategic => ("PATCH", object.clone(), "application/strategic-merge-patch+json"),
    };
    let mut body = complete(resource, name, step);
    if step.verb == Verb::Replace {
        // A replacement says what it replaces.
        let get = Request::get(&object).body(Body::empty()).unwrap();
        let (_, live) = send(client, get).await;
        body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
    }
    let force = if step.verb == Verb::Apply { format!("&force={}", step.force) } else { String::new() };
    let validation = if step.strict { "Strict" } else { "Ignore" };
    let uri = format!("{path}?fieldManager={}&fieldValidation={validation}{force}", step.manager);
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header(header::CONTENT_TYPE, media)
        .body(Body::from(body.to_string().into_bytes()))
        .unwrap();
    let (code, body) = send(client, request).await;
    normal(code, &body, name)
}

async fn send(client: &Client, request: Request<Body>) -> (u16, Value) {
    let response = client.send(request).await.unwrap();
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// Makes the real server serve the golden kind.
pub async fn serve_widgets(client: &Client) {
    let crd: CustomResourceDefinition = serde_json::from_str(include_str!("../golden/widgets.crd.json")).unwrap();
    serve(client, &crd).await;
}

/// Makes the real server serve a kind.
pub async fn serve(client: &Client, crd: &CustomResourceDefinition) {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let name = crd.metadata.name.as_deref().unwrap();
    let parameters = PatchParams::apply("golden").force();
    definitions.patch(name, &parameters, &Patch::Apply(crd)).await.unwrap();
    wait_until("the kind is established", PATIENCE, async || {
        let crd = definitions.get(name).await.unwrap();
        let conditions = crd.status.and_then(|status| status.conditions).unwrap_or_default();
        conditions.iter().any(|one| one.type_ == "Established" && one.status == "True")
    })
    .await;
    // Established says that it is going to be served, some moments later.
    let (group, plural) = (&crd.spec.group, &crd.spec.names.plural);
    for version in crd.spec.versions.iter().filter(|version| version.served) {
        let path = format!("/apis/{group}/{}/{plural}", version.name);
        wait_until("the kind is served", PATIENCE, async || {
            send(client, Request::get(&path).body(Body::empty()).unwrap()).await.0 == 200
        })
        .await;
    }
}
