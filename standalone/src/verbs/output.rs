//! Objects in the form the client asked for.

use serde_json::{Map, Value, json};

use super::Call;
use super::list::Listing;
use crate::http::negotiate::Form;
use crate::object;
use crate::schema::table;

/// One object.
pub(super) fn one(call: &Call, object: Value) -> Value {
    match call.wanted.form {
        Form::Object => object,
        Form::Metadata => partial(&object),
        Form::Table => {
            let revision = object::text(&object, "resourceVersion").to_owned();
            table_of(call, &[object], &json!({"resourceVersion": revision}), true)
        }
    }
}

/// A list.
pub(super) fn list(call: &Call, listing: Listing) -> Value {
    let kind = &call.served.kind;
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".into(), listing.revision.to_string().into());
    // The real server writes an empty token for custom resources only.
    let empty = kind.custom && call.wanted.form == Form::Object;
    if let Some(token) = listing.next.or_else(|| empty.then(String::new)) {
        metadata.insert("continue".into(), token.into());
    }
    if let Some(remaining) = listing.remaining.filter(|remaining| *remaining > 0) {
        metadata.insert("remainingItemCount".into(), remaining.into());
    }
    let metadata = Value::Object(metadata);
    match call.wanted.form {
        Form::Object => {
            let items = listing.items.into_iter().map(|item| bare(call, item));
            json!({
                "kind": kind.list_kind,
                "apiVersion": kind.api_version(),
                "metadata": metadata,
                "items": items.collect::<Vec<_>>(),
            })
        }
        Form::Metadata => json!({
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "items": listing.items.iter().map(partial).collect::<Vec<_>>(),
        }),
        Form::Table => table_of(call, &listing.items, &metadata, true),
    }
}

/// Items of built-in kinds do not repeat their type in a list.
fn bare(call: &Call, mut item: Value) -> Value {
    if !call.served.kind.custom
        && let Some(map) = item.as_object_mut()
    {
        map.remove("kind");
        map.remove("apiVersion");
    }
    item
}

/// The object of a watch event. Columns are described in the first event only.
pub(super) fn event(call: &Call, object: Value, first: bool) -> Value {
    match call.wanted.form {
        Form::Object => object,
        Form::Metadata => partial(&object),
        Form::Table => {
            let revision = object::text(&object, "resourceVersion").to_owned();
            table_of(call, &[object], &json!({"resourceVersion": revision}), first)
        }
    }
}

/// The metadata alone.
fn partial(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object.get("metadata").cloned().unwrap_or_else(|| json!({})),
    })
}

fn table_of(call: &Call, objects: &[Value], metadata: &Value, headed: bool) -> Value {
    let whole = call.params.get("includeObject").unwrap_or("Metadata");
    let now = jiff::Timestamp::now();

    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let inside = match whole {
                "Object" => object.clone(),
                "None" => Value::Null,
                _ => partial(object),
            };
            let mut cells = table::cells(&call.served.kind, object, now);
            // A bookmark is an object without a name, which Go writes as an empty text.
            if let Some(name) = cells.first_mut().filter(|name| name.is_null()) {
                *name = "".into();
            }
            json!({"cells": cells, "object": inside})
        })
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": headed.then(|| table::columns(&call.served.kind)),
        "rows": rows,
    })
}
