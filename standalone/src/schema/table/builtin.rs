//! The tables of built-in kinds.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::human;

/// The column definitions of Kubernetes 1.35, by kind.
static COLUMNS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("builtin.json")).unwrap_or_default());

pub(super) fn columns(kind: &str) -> Option<Vec<Value>> {
    COLUMNS.get(kind)?.as_array().cloned()
}

pub(super) fn cells(kind: &str, object: &Value, now: Timestamp) -> Option<Vec<Value>> {
    let name = object["metadata"]["name"].clone();
    let age = || since(&object["metadata"]["creationTimestamp"], now);
    Some(match kind {
        "Namespace" => vec![name, text(&object["status"]["phase"]), age()],
        "Secret" => {
            let count = object["data"].as_object().map_or(0, serde_json::Map::len);
            vec![name, text(&object["type"]), json!(count), age()]
        }
        "Lease" => vec![name, text(&object["spec"]["holderIdentity"]), age()],
        "CustomResourceDefinition" => {
            vec![name, object["metadata"]["creationTimestamp"].clone()]
        }
        "Event" => event(object, now),
        _ => return None,
    })
}

fn text(value: &Value) -> Value {
    value.as_str().unwrap_or("").into()
}

fn since(time: &Value, now: Timestamp) -> Value {
    match time.as_str().and_then(|time| time.parse().ok()) {
        Some(time) => human(time, now).into(),
        None => "<unknown>".into(),
    }
}

/// An Event in either of its forms.
fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    let either = |core: &str, v1: &str| object.get(core).or_else(|| object.get(v1)).cloned().unwrap_or_default();
    let (source, about) = (either("source", "deprecatedSource"), either("involvedObject", "regarding"));
    let first = match either("firstTimestamp", "deprecatedFirstTimestamp") {
        Value::Null => since(&object["eventTime"], now),
        time => since(&time, now),
    };
    let series = &object["series"];
    let last = match either("lastTimestamp", "deprecatedLastTimestamp") {
        _ if !series.is_null() => since(&series["lastObservedTime"], now),
        Value::Null => first.clone(),
        time => since(&time, now),
    };
    let count = match either("count", "deprecatedCount").as_i64() {
        _ if !series.is_null() => series["count"].as_i64().unwrap_or(0),
        None | Some(0) => 1,
        Some(count) => count,
    };
    let kind = about["kind"].as_str().unwrap_or("").to_lowercase();
    let target = match about["name"].as_str() {
        Some(name) if !name.is_empty() => format!("{kind}/{name}"),
        _ => kind,
    };
    let message = either("message", "note");
    vec![
        last,
        text(&object["type"]),
        text(&object["reason"]),
        target.into(),
        text(&about["fieldPath"]),
        reporter(object, &source, &either("reportingComponent", "reportingController")).into(),
        message.as_str().unwrap_or("").trim().into(),
        first,
        count.into(),
        object["metadata"]["name"].clone(),
    ]
}

fn reporter(object: &Value, source: &Value, controller: &Value) -> String {
    let first = |one: &Value, other: &Value| {
        let one = one.as_str().filter(|one| !one.is_empty());
        one.or(other.as_str()).unwrap_or("").to_owned()
    };
    let component = first(&source["component"], controller);
    let instance = first(&source["host"], &object["reportingInstance"]);
    if instance.is_empty() { component } else { format!("{component}, {instance}") }
}
