//! A changed object.

use serde_json::Value;

use super::create::place;
use crate::api_error::{ApiError, ApiResult};
use crate::field_error::FieldError;
use crate::object;
use crate::served::Served;

/// What an update comes to.
#[derive(Debug)]
pub enum Updated {
    /// Nothing changes.
    Same,
    /// This is to be written.
    Write(Value),
    /// The last finalizer is gone: the object is to be removed. This is its last state.
    Remove(Value),
}

/// Makes a changed object ready to be written. `old` and `object` are in the form of the kind;
/// `part` is the subresource, `track` records who changed which fields.
pub fn update(
    served: &Served,
    old: &Value,
    mut object: Value,
    namespace: &str,
    part: &str,
    track: impl FnOnce(&mut Value),
) -> ApiResult<Updated> {
    let kind = &served.kind;
    let name = object::name(old).to_owned();
    check_version(served, old, &mut object, &name)?;
    place(&mut object, namespace)?;
    keep_apart(served, old, &mut object, part);
    keep_system_fields(old, &mut object);
    track(&mut object);
    if part == "status" && served.builtin.is_none() {
        keep_metadata(old, &mut object);
    }
    if served.counts_generations() && desired(served, old) != desired(served, &object) {
        object::metadata(&mut object).insert("generation".into(), (object::generation(old) + 1).into());
    }
    let errors = if part == "status" {
        served.schema.validate_status(&object, old)
    } else {
        served.schema.validate_update(&object, old)
    };
    if !errors.is_empty() {
        let found = object.get("kind").and_then(Value::as_str);
        return Err(ApiError::invalid_as(&kind.group, found.unwrap_or(&kind.kind), &name, &errors));
    }
    if released(served, &object) && !released(served, old) && object::deleting(old) {
        return Ok(Updated::Remove(object));
    }
    crate::apply::settle_times(old, &mut object);
    if *old == object {
        return Ok(Updated::Same);
    }
    Ok(Updated::Write(object))
}

/// A replacement that names another uid is meant for another object.
pub fn same_uid(served: &Served, old: &Value, object: &Value) -> ApiResult<()> {
    let uid = object::text(object, "uid");
    if uid.is_empty() || uid == object::text(old, "uid") {
        return Ok(());
    }
    let row = served.slot(object::namespace(old), object::name(old));
    Err(ApiError::conflict(
        &served.kind,
        object::name(old),
        &format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{}/{}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            row.resource.trim_start_matches('/'),
            row.key(),
            object::text(old, "uid")
        ),
    ))
}

/// Whether nothing holds the object back any more.
pub fn released(served: &Served, object: &Value) -> bool {
    object::list(object, "finalizers").is_empty() && !served.builtin.is_some_and(|builtin| builtin.held(object))
}

fn check_version(served: &Served, old: &Value, object: &mut Value, name: &str) -> ApiResult<()> {
    let current = object::text(old, "resourceVersion").to_owned();
    let given = object::text(object, "resourceVersion").to_owned();
    if given.is_empty() || given == "0" {
        if served.allows_unconditional_update() {
            object::set_text(object, "resourceVersion", current);
            return Ok(());
        }
        let error = FieldError::invalid("metadata.resourceVersion", &Value::from(0), "must be specified for an update");
        return Err(ApiError::invalid_as(&served.kind.group, &served.kind.plural, name, &[error]));
    }
    if given.parse::<u64>().is_err() {
        return Err(ApiError::new(500, "", format!("strconv.ParseUint: parsing {given:?}: invalid syntax")));
    }
    if given == current { Ok(()) } else { Err(ApiError::modified(&served.kind, name)) }
}

/// Ordinary updates leave the status alone, and updates of the status everything else.
fn keep_apart(served: &Served, old: &Value, object: &mut Value, part: &str) {
    if let Some(builtin) = served.builtin {
        builtin.prepare_update(object, old, part);
    }
    if !served.has_status() || served.builtin.is_some() {
        return;
    }
    if part == "status" {
        // The metadata stays as sent until it is recorded who wanted to change it.
        let mut kept = old.clone();
        copy_field(object, &mut kept, "metadata");
        copy_field(object, &mut kept, "status");
        *object = kept;
    } else {
        copy_field(old, object, "status");
    }
}

/// Puts the metadata back, but for the record of who changed what.
fn keep_metadata(old: &Value, object: &mut Value) {
    let managers = object::metadata(object).remove("managedFields");
    copy_field(old, object, "metadata");
    let metadata = object::metadata(object);
    match managers {
        Some(managers) => metadata.insert("managedFields".into(), managers),
        None => metadata.remove("managedFields"),
    };
}

fn copy_field(from: &Value, to: &mut Value, field: &str) {
    if let Some(map) = to.as_object_mut() {
        match from.get(field) {
            Some(value) => map.insert(field.to_owned(), value.clone()),
            None => map.remove(field),
        };
    }
}

fn keep_system_fields(old: &Value, object: &mut Value) {
    let metadata = object::metadata(object);
    for field in ["uid", "creationTimestamp", "generation"] {
        // Another uid is refused as a change of it.
        if field == "uid" && metadata.get(field).and_then(Value::as_str).is_some_and(|uid| !uid.is_empty()) {
            continue;
        }
        if let Some(value) = old.get("metadata").and_then(|meta| meta.get(field)) {
            metadata.insert(field.into(), value.clone());
        } else {
            metadata.remove(field);
        }
    }
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        match old.get("metadata").and_then(|meta| meta.get(field)) {
            Some(value) => metadata.insert(field.into(), value.clone()),
            None => metadata.remove(field),
        };
    }
}

/// What a generation counts: everything but metadata, and the status if that is kept apart.
fn desired(served: &Served, object: &Value) -> Value {
    let mut desired = object.clone();
    if let Some(map) = desired.as_object_mut() {
        map.remove("metadata");
        if served.has_status() {
            map.remove("status");
        }
    }
    desired
}
