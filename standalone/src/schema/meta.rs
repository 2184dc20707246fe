//! The metadata every object has: read as an `ObjectMeta`, and validated as one.

mod coerce;

use serde_json::Value;

use super::names;
use super::node::{child, index};
use super::text::{go_json, go_quote};
use crate::field_error::{Cause, FieldError};
use crate::kind::Kind;
pub(crate) use coerce::coerce;

/// All annotations together may have this many bytes.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or("")
}

/// Checks that an object is of the kind its place says.
pub(crate) fn validate_type(kind: &Kind, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (field, expected) in [("kind", kind.kind.clone()), ("apiVersion", kind.api_version())] {
        let found = object[field].as_str().unwrap_or("");
        if found != expected {
            let detail = format!("must be {expected}");
            errors.push(FieldError::invalid(field, &found.into(), detail));
        }
    }
    errors
}

/// Checks the metadata of a new object.
pub(crate) fn validate_create(kind: &Kind, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let form = |value: &str| match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Namespace") => names::label(value),
        _ => names::subdomain(value),
    };
    let generate = text(object, "generateName");
    if !generate.is_empty() {
        for wrong in form(&names::mask_trailing_dash(generate)) {
            errors.push(FieldError::invalid("metadata.generateName", &generate.into(), wrong));
        }
    }
    let name = text(object, "name");
    if name.is_empty() {
        let detail = "name or generateName is required";
        errors.push(FieldError::required("metadata.name", detail));
    } else {
        for wrong in form(name) {
            errors.push(FieldError::invalid("metadata.name", &name.into(), wrong));
        }
    }
    let namespace = text(object, "namespace");
    if kind.namespaced {
        if namespace.is_empty() {
            errors.push(FieldError::required("metadata.namespace", ""));
        } else {
            for wrong in names::label(namespace) {
                errors.push(FieldError::invalid("metadata.namespace", &namespace.into(), wrong));
            }
        }
    } else if !namespace.is_empty() {
        let detail = "not allowed on this type";
        errors.push(FieldError::forbidden("metadata.namespace", detail));
    }
    errors.extend(validate_always(object));
    errors
}

/// Checks the part of the metadata that is checked whatever happens to the object.
pub(crate) fn validate_always(object: &Value) -> Vec<FieldError> {
    [common(object), finalizers(object)].concat()
}

/// Checks the metadata of a changed object.
pub(crate) fn validate_update(object: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (new_meta, old_meta) = (&object["metadata"], &old["metadata"]);
    if !old_meta["deletionTimestamp"].is_null() {
        errors.extend(no_new_finalizers(new_meta, old_meta));
    }
    if text(object, "resourceVersion").is_empty() {
        let detail = "must be specified for an update";
        errors.push(FieldError::invalid("metadata.resourceVersion", &"".into(), detail));
    }
    let generation = |meta: &Value| meta["generation"].as_i64().unwrap_or(0);
    if generation(new_meta) < generation(old_meta) {
        let shown = generation(new_meta).into();
        let detail = "must not be decremented";
        errors.push(FieldError::invalid("metadata.generation", &shown, detail));
    }
    for field in ["name", "namespace", "uid"] {
        let (new, old) = (text(object, field), text(old, field));
        if new != old {
            let field = child("metadata", field);
            errors.push(FieldError::invalid(field, &new.into(), "field is immutable"));
        }
    }
    for field in ["creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        if new_meta[field] != old_meta[field] {
            let shown = &new_meta[field];
            let field = child("metadata", field);
            errors.push(FieldError::invalid(field, shown, "field is immutable"));
        }
    }
    errors.extend(common(object));
    errors
}

fn no_new_finalizers(new: &Value, old: &Value) -> Option<FieldError> {
    let list = |meta: &Value| -> Vec<String> {
        let items = meta["finalizers"].as_array().into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let before = list(old);
    let mut added: Vec<String> = list(new)
        .into_iter()
        .filter(|finalizer| !before.contains(finalizer))
        .map(|finalizer| go_quote(&finalizer))
        .collect();
    added.sort();
    added.dedup();
    (!added.is_empty()).then(|| {
        FieldError::forbidden(
            "metadata.finalizers",
            &format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                added.join(", ")
            ),
        )
    })
}

/// Labels, annotations, owners: the same on create and update.
fn common(object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let meta = &object["metadata"];
    for (key, value) in meta["labels"].as_object().into_iter().flatten() {
        for wrong in names::qualified(key) {
            errors.push(FieldError::invalid("metadata.labels", &key.as_str().into(), wrong));
        }
        for wrong in names::label_value(value.as_str().unwrap_or("")) {
            errors.push(FieldError::invalid("metadata.labels", value, wrong));
        }
    }
    let mut size = 0;
    for (key, value) in meta["annotations"].as_object().into_iter().flatten() {
        for wrong in names::qualified(&key.to_lowercase()) {
            errors.push(FieldError::invalid("metadata.annotations", &key.as_str().into(), wrong));
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > ANNOTATIONS_LIMIT {
        errors.push(FieldError::too_long("metadata.annotations", 256 * 1024));
    }
    errors.extend(owners(&meta["ownerReferences"]));
    errors
}

fn owners(references: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut controller: Option<String> = None;
    let path = "metadata.ownerReferences";
    for reference in references.as_array().into_iter().flatten() {
        let field = |name: &str| reference[name].as_str().unwrap_or("");
        let version = field("apiVersion").rsplit('/').next().unwrap_or("");
        if version.is_empty() {
            let shown = &field("apiVersion").into();
            errors.push(FieldError::invalid(child(path, "apiVersion"), shown, "version must not be empty"));
        }
        for name in ["kind", "name", "uid"] {
            if field(name).is_empty() {
                errors.push(FieldError::invalid(child(path, name), &"".into(), "must not be empty"));
            }
        }
        if field("apiVersion") == "v1" && field("kind") == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            errors.push(FieldError::invalid(path, reference, detail));
        }
        if reference["controller"] == Value::Bool(true) {
            let this = format!("{}/{}", field("kind"), field("name"));
            match &controller {
                Some(first) => errors.push(FieldError::new(
                    Cause::Invalid,
                    path,
                    format!(
                        "Invalid value: {}: Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}",
                        listed(references)
                    ),
                )),
                None => controller = Some(this),
            }
        }
    }
    errors
}

/// Owner references as the API server prints them: the fields in the order of the type.
fn listed(references: &Value) -> String {
    const ORDER: [&str; 6] = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
    let items = references.as_array().into_iter().flatten().map(|reference| {
        let fields: Vec<String> = ORDER
            .iter()
            .filter_map(|name| Some(format!("{}:{}", go_quote(name), go_json(reference.get(*name)?))))
            .collect();
        format!("{{{}}}", fields.join(","))
    });
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn finalizers(object: &Value) -> Vec<FieldError> {
    let path = "metadata.finalizers";
    let list = &object["metadata"]["finalizers"];
    let names_of: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut errors = Vec::new();
    for finalizer in &names_of {
        for wrong in names::qualified(finalizer) {
            errors.push(FieldError::invalid(path, &(*finalizer).into(), wrong));
        }
    }
    if names_of.contains(&"orphan") && names_of.contains(&"foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(FieldError::invalid(path, list, detail));
    }
    errors
}

/// The warnings the API server gives for finalizers that may collide with others'.
pub fn finalizer_warnings(object: &Value, old: Option<&Value>) -> Vec<String> {
    let list = |object: &Value| -> Vec<String> {
        let items = object["metadata"]["finalizers"].as_array().into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let before = old.map(list).unwrap_or_default();
    let mut added: Vec<String> = list(object);
    added.retain(|finalizer| !before.contains(finalizer));
    added.sort();
    added.dedup();
    let mut warnings = Vec::new();
    for finalizer in added {
        let quoted = go_quote(&finalizer);
        for wrong in names::qualified(&finalizer) {
            warnings.push(format!("metadata.finalizers: {quoted}: {wrong}"));
        }
        let standard = ["orphan", "foregroundDeletion", "kubernetes"].contains(&finalizer.as_str());
        if !finalizer.contains('/') && !standard {
            let form = if finalizer.contains('.') {
                "prefer a domain-qualified finalizer name including a path (/)"
            } else {
                "prefer a domain-qualified finalizer name"
            };
            warnings.push(format!(
                "metadata.finalizers: {quoted}: {form} to avoid accidental conflicts with other finalizer writers"
            ));
        }
    }
    warnings
}

/// The path of one of the entries of a list in the metadata.
pub(crate) fn entry(list: &str, at: usize) -> String {
    index(&child("metadata", list), at)
}
