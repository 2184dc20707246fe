//! The pure core answers as the real API server did when `tests/standalone/golden` was recorded, and the
//! real one, where it runs, still answers so. `PLEXICA_GOLDEN=record` records anew.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::pure::{self, Case, Resource};
use crate::{cases, common};
use plexica_standalone::schema::CompiledSchema;
use plexica_testkit::{require, unique, wait_for};
use serde_json::Value;

type Answers = BTreeMap<String, Vec<Value>>;

fn file(topic: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/standalone/golden").join(format!("{topic}.json"))
}

fn recorded(topic: &str) -> Answers {
    serde_json::from_slice(&std::fs::read(file(topic)).unwrap()).unwrap()
}

fn topics() -> [(&'static str, Vec<Case>); 3] {
    [
        ("validation", cases::validation::cases()),
        ("ownership", cases::ownership::cases()),
        ("patches", cases::patches::cases()),
    ]
}

fn compare(topic: &str, name: &str, wanted: &[Value], found: &[Value]) -> Option<String> {
    (wanted != found).then(|| {
        let (wanted, found) = (pretty(wanted), pretty(found));
        format!("{topic}: {name}\n--- real\n{wanted}\n--- ours\n{found}\n")
    })
}

fn pretty(answers: &[Value]) -> String {
    answers.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_core_answers_as_recorded() {
    let schemas: Vec<(Resource, CompiledSchema)> = pure::core::kinds()
        .into_iter()
        .map(|(resource, kind)| (resource, CompiledSchema::compile(&kind).unwrap()))
        .collect();
    let mut differences = Vec::new();
    let mut compared = 0;
    for (topic, cases) in topics() {
        let wanted = recorded(topic);
        for case in &cases {
            let Some((_, schema)) = schemas.iter().find(|(resource, _)| *resource == case.resource) else {
                continue;
            };
            let found = pure::core::answers(schema, case, "golden-case");
            compared += 1;
            differences.extend(compare(topic, &case.name, &wanted[&case.name], &found));
        }
    }
    assert!(compared > 300, "only {compared} cases");
    assert!(differences.is_empty(), "{} of {compared} differ:\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
async fn the_real_server_answers_as_recorded() {
    let Some(cluster) = require!(kubernetes) else { return };
    let client = cluster.client().await;
    pure::live::serve_widgets(&client).await;
    let record = std::env::var("PLEXICA_GOLDEN").is_ok_and(|value| value == "record");
    let mut differences = Vec::new();
    for (topic, cases) in topics() {
        let mut answers = Answers::new();
        for case in &cases {
            let found = pure::live::answers(&client, case, &unique("golden")).await;
            assert!(answers.insert(case.name.clone(), found).is_none(), "{} twice", case.name);
        }
        if record {
            let entry = |(name, steps): (&String, &Vec<Value>)| {
                let steps: Vec<String> = steps.iter().map(|step| format!("  {step}")).collect();
                format!("{}: [\n{}\n]", Value::from(name.as_str()), steps.join(",\n"))
            };
            let entries: Vec<String> = answers.iter().map(entry).collect();
            std::fs::write(file(topic), format!("{{\n{}\n}}\n", entries.join(",\n"))).unwrap();
            continue;
        }
        let wanted = recorded(topic);
        for (name, found) in &answers {
            differences.extend(compare(topic, name, &wanted[name], found));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[tokio::test]
async fn the_standalone_server_answers_as_recorded() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let crd = serde_json::from_str(include_str!("golden/widgets.crd.json")).unwrap();
    let running = common::Running::start(&database, vec![crd], vec![]).await;
    let client = running.client().await;
    let mut differences = Vec::new();
    for (topic, cases) in topics() {
        let wanted = recorded(topic);
        for case in &cases {
            let found = pure::live::answers(&client, case, &unique("golden")).await;
            differences.extend(compare(topic, &case.name, &wanted[&case.name], &found));
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    running.stop().await;
}

/// The documents that `kubectl explain` reads, of the golden kind and of Plexica's own.
#[tokio::test]
async fn openapi_documents_are_those_of_the_real_server() {
    let Some(cluster) = require!(kubernetes) else { return };
    let client = cluster.client().await;
    pure::live::serve_widgets(&client).await;
    // A kind is established before its document is published.
    let real: Value = wait_for("the document is published", Duration::from_secs(30), async || {
        let request = http::Request::get("/openapi/v3/apis/golden.plexica.io/v1").body(Vec::new()).unwrap();
        client.request(request).await.ok()
    })
    .await;
    let ours = plexica_standalone::schema::openapi::document(&[&pure::core::widget()]);
    for path in ["/paths", "/info", "/openapi", "/components/schemas"] {
        let (real, ours) = (real.pointer(path).unwrap(), ours.pointer(path).unwrap());
        if let (Some(real), Some(ours)) = (real.as_object(), ours.as_object()) {
            for (name, value) in real {
                assert_eq!(Some(value), ours.get(name), "{path} {name}");
            }
            assert_eq!(real.len(), ours.len(), "{path}");
        }
        assert_eq!(real, ours, "{path}");
    }
}
