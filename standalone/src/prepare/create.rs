//! A new object.

use serde_json::Value;

use crate::api_error::{ApiError, ApiResult};
use crate::builtin::Builtin;
use crate::object;
use crate::served::Served;

/// Makes a decoded object ready to be written: names it, places it, stamps it, validates it.
/// `random` is what a generated name ends in.
pub fn create(
    served: &Served,
    mut object: Value,
    namespace: &str,
    random: &str,
    track: impl FnOnce(&mut Value),
) -> ApiResult<Value> {
    place(&mut object, namespace)?;
    if !object::text(&object, "resourceVersion").is_empty() {
        // The real server answers this without a reason, and so do we.
        return Err(ApiError::new(500, "", "resourceVersion should not be set on objects to be created"));
    }
    let generate = object::text(&object, "generateName").to_owned();
    if object::name(&object).is_empty() && !generate.is_empty() {
        // Room for the random part in the 63 bytes of a label.
        let kept: String = generate.chars().take(58).collect();
        object::set_text(&mut object, "name", format!("{kept}{random}"));
    }
    let metadata = object::metadata(&mut object);
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        metadata.remove(field);
    }
    metadata.insert("uid".into(), uuid::Uuid::new_v4().to_string().into());
    metadata.insert("creationTimestamp".into(), object::now().into());
    if served.counts_generations() {
        metadata.insert("generation".into(), 1.into());
    }
    if served.has_status()
        && let Some(map) = object.as_object_mut()
    {
        map.remove("status");
    }
    track(&mut object);
    let mut errors = Vec::new();
    if let Some(builtin) = served.builtin {
        // What the server itself adds belongs to nobody.
        builtin.prepare_create(&mut object);
        errors.extend(builtin.validate(&object));
    }
    errors.extend(served.schema.validate_create(&object));
    if errors.is_empty() {
        Ok(object)
    } else {
        let found = kind_as_sent(&object);
        // Events are refused by the kind they are stored as.
        let group = if served.builtin == Some(Builtin::EventV1) { "" } else { served.kind.group.as_str() };
        Err(ApiError::invalid_as(group, found.as_deref().unwrap_or(&served.kind.kind), object::name(&object), &errors))
    }
}

/// Puts an object into the namespace of the request, or refuses another one.
pub(super) fn place(object: &mut Value, namespace: &str) -> ApiResult<()> {
    let given = object::namespace(object);
    if given == namespace {
        return Ok(());
    }
    if namespace.is_empty() {
        object::metadata(object).remove("namespace");
    } else if given.is_empty() {
        object::set_text(object, "namespace", namespace);
    } else {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

fn kind_as_sent(object: &Value) -> Option<String> {
    Some(object.get("kind")?.as_str()?.to_owned())
}
