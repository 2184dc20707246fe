//! Events have two forms over one store: core/v1, which is the stored one, and events.k8s.io/v1.

use serde_json::{Map, Value, json};

/// Names that differ: events.k8s.io/v1 first, core/v1 second.
const NAMES: [(&str, &str); 7] = [
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("reportingController", "reportingComponent"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

pub(super) const FIELDS: &[(&str, &str)] = &[
    ("involvedObject.kind", "/involvedObject/kind"),
    ("involvedObject.namespace", "/involvedObject/namespace"),
    ("involvedObject.name", "/involvedObject/name"),
    ("involvedObject.uid", "/involvedObject/uid"),
    ("involvedObject.apiVersion", "/involvedObject/apiVersion"),
    ("involvedObject.resourceVersion", "/involvedObject/resourceVersion"),
    ("involvedObject.fieldPath", "/involvedObject/fieldPath"),
    ("reason", "/reason"),
    ("reportingComponent", "/reportingComponent"),
    ("source", "/source/component"),
    ("type", "/type"),
];

pub(super) const FIELDS_V1: &[(&str, &str)] = &[
    ("regarding.kind", "/regarding/kind"),
    ("regarding.namespace", "/regarding/namespace"),
    ("regarding.name", "/regarding/name"),
    ("regarding.uid", "/regarding/uid"),
    ("regarding.apiVersion", "/regarding/apiVersion"),
    ("regarding.resourceVersion", "/regarding/resourceVersion"),
    ("regarding.fieldPath", "/regarding/fieldPath"),
    ("reason", "/reason"),
    ("reportingController", "/reportingController"),
    ("type", "/type"),
];

/// The events.k8s.io/v1 form.
pub(super) fn to_v1(event: Value) -> Value {
    let mut event =
        rename(event, "events.k8s.io/v1", |name| NAMES.iter().find_map(|(v1, core)| (*core == name).then_some(*v1)));
    fill(&mut event, &["deprecatedFirstTimestamp", "deprecatedLastTimestamp", "eventTime"]);
    objects(&mut event, &["deprecatedSource", "regarding"]);
    if let Some(map) = event.as_object_mut() {
        map.retain(|name, value| !(name.starts_with("reporting") && value == ""));
    }
    event
}

/// The core/v1 form.
pub(super) fn from_v1(event: Value) -> Value {
    whole(rename(event, "v1", |name| NAMES.iter().find_map(|(v1, core)| (*v1 == name).then_some(*core))))
}

/// Fields that core/v1 always shows are there, empty.
pub(super) fn whole(mut event: Value) -> Value {
    fill(&mut event, &["firstTimestamp", "lastTimestamp", "eventTime"]);
    objects(&mut event, &["source", "involvedObject"]);
    for name in ["reportingComponent", "reportingInstance"] {
        if let Some(map) = event.as_object_mut() {
            map.entry(name).or_insert_with(|| "".into());
        }
    }
    event
}

fn rename(event: Value, version: &str, name_of: impl Fn(&str) -> Option<&'static str>) -> Value {
    let Value::Object(map) = event else {
        return event;
    };
    let mut renamed: Map<String, Value> = map
        .into_iter()
        .map(|(name, value)| match name_of(&name) {
            Some(other) => (other.to_owned(), value),
            None => (name, value),
        })
        .collect();
    renamed.insert("apiVersion".into(), version.into());
    Value::Object(renamed)
}

fn fill(event: &mut Value, names: &[&str]) {
    if let Some(map) = event.as_object_mut() {
        for name in names {
            map.entry(*name).or_insert(Value::Null);
        }
    }
}

fn objects(event: &mut Value, names: &[&str]) {
    if let Some(map) = event.as_object_mut() {
        for name in names {
            map.entry(*name).or_insert_with(|| json!({}));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_two_forms() {
        let v1 = json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event",
            "metadata": {"name": "e", "namespace": "d"},
            "regarding": {"kind": "Tenant", "name": "acme"}, "note": "hello", "reason": "Made",
            "type": "Normal", "eventTime": "2026-01-01T00:00:00.000000Z", "action": "Create",
            "reportingController": "op", "reportingInstance": "op-1",
            "deprecatedSource": {}, "deprecatedFirstTimestamp": null, "deprecatedLastTimestamp": null,
        });
        let core = from_v1(v1.clone());
        assert_eq!(core["involvedObject"]["name"], "acme");
        assert_eq!(core["message"], "hello");
        assert_eq!(core["reportingComponent"], "op");
        assert_eq!(core["apiVersion"], "v1");
        assert_eq!(to_v1(core), v1);
    }
}
