//! The definitions this server was started with, as objects to read.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Value, json};

use crate::api_error::ApiResult;
use crate::object;
use crate::served::Served;
use crate::storage::{Outcome, Store};

/// Writes the definitions that are new or have changed, with the status of established ones.
pub(crate) async fn publish(store: &Store, served: &Served, crds: &[CustomResourceDefinition]) -> ApiResult<()> {
    for crd in crds {
        let name = crd.metadata.name.clone().unwrap_or_default();
        let slot = served.slot("", &name);
        // Another process may be starting with the same definitions.
        loop {
            let found = store.get(&slot.resource, &slot.key()).await?;
            let next = definition(crd, found.as_ref().map(|stored| &*stored.object));
            let outcome = match &found {
                None => store.create(&slot, next).await?,
                Some(stored) if same(&stored.object, &next) => break,
                Some(stored) => store.update(&slot, stored.revision, next).await?,
            };
            if matches!(outcome, Outcome::Done(_)) {
                break;
            }
        }
    }
    Ok(())
}

fn definition(crd: &CustomResourceDefinition, old: Option<&Value>) -> Value {
    let mut next = serde_json::to_value(crd).unwrap_or_else(|_| json!({}));
    add_defaults(&mut next);
    let now = object::now();
    let metadata = object::metadata(&mut next);
    let kept = |field: &str| old.map(|old| object::text(old, field).to_owned());
    metadata.insert("uid".into(), kept("uid").unwrap_or_else(|| uuid::Uuid::new_v4().to_string()).into());
    metadata.insert("creationTimestamp".into(), kept("creationTimestamp").unwrap_or_else(|| now.clone()).into());
    let changed = old.is_some_and(|old| old.get("spec") != next.get("spec"));
    let generation = old.map_or(1, |old| object::generation(old) + i64::from(changed));
    object::metadata(&mut next).insert("generation".into(), generation.into());
    let names = next.pointer("/spec/names").cloned().unwrap_or_default();
    let stored: Vec<&str> =
        crd.spec.versions.iter().filter(|version| version.storage).map(|version| version.name.as_str()).collect();
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({"type": kind, "status": "True", "reason": reason, "message": message,
               "lastTransitionTime": now})
    };
    next["status"] = json!({
        "acceptedNames": names,
        "storedVersions": stored,
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
    });
    next
}

/// What the real server fills in.
fn add_defaults(definition: &mut Value) {
    let spec = object::field(definition, "spec");
    spec.entry("conversion").or_insert_with(|| json!({"strategy": "None"}));
    if let Some(names) = spec.get_mut("names").and_then(Value::as_object_mut) {
        let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        names.entry("singular").or_insert_with(|| kind.to_lowercase().into());
        names.entry("listKind").or_insert_with(|| format!("{kind}List").into());
    }
}

/// Whether nothing but times would change.
fn same(old: &Value, next: &Value) -> bool {
    let labels = |object: &Value| {
        let part = |field: &str| object.get("metadata")?.get(field).cloned();
        (part("labels"), part("annotations"))
    };
    old.get("spec") == next.get("spec") && labels(old) == labels(next)
}
