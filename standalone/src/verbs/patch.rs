//! PATCH: JSON patch, merge patch, strategic merge patch, server-side apply.

use serde_json::Value;

use super::update::{Change, change, check_name};
use super::{Call, create, output};
use crate::api_error::{ApiError, ApiResult};
use crate::apply;
use crate::auth::{Attributes, allowed, forbidden};
use crate::field_error::FieldError;
use crate::http::body;
use crate::http::params::FieldValidation;
use crate::http::reply::Reply;
use crate::manager::Operation;
use crate::object;
use crate::prepare;
use crate::state::State;

/// A patch, parsed.
enum Patch {
    Json(Value),
    Merge(Value),
    Strategic(Value),
}

/// Changes the object by the patch in the body.
pub async fn patch(state: &State, call: &Call) -> ApiResult<Reply> {
    let dry_run = call.params.dry_run("PatchOptions")?;
    let validation = call.params.field_validation("PatchOptions")?;
    let media = call.content_type.split(';').next().unwrap_or_default().trim();
    if media == "application/apply-patch+yaml" {
        return server_side(state, call, dry_run, validation).await;
    }
    let parsed = parse(call, media)?;
    if call.params.get("force").is_some() {
        let detail = "may not be specified for non-apply patch";
        let error = FieldError::forbidden("force", detail);
        return Err(ApiError::invalid_options("PatchOptions", &[error]));
    }
    let served = &call.served;
    let manager = call.manager(Operation::Update);
    let mut warnings = Vec::new();
    let changed = change(
        state,
        &Change { served, namespace: &call.namespace, name: &call.name, part: &call.subresource, dry_run },
        |old| {
            let patched = apply_to(call, &parsed, old)?;
            let decoded = prepare::decode(served, patched.clone(), &[])?;
            if validation == FieldValidation::Strict && !decoded.complaints.is_empty() {
                return Err(strict(&patched, &decoded.complaints));
            }
            let (object, complaints) = decoded.admit(served, validation)?;
            warnings = complaints;
            check_name(call, &object)?;
            Ok(object)
        },
        |old, new| apply::track_update(&served.kind, Some(old), new, &manager),
    )
    .await?;
    Ok(Reply::ok(output::one(call, changed)).warn(warnings))
}

fn parse(call: &Call, media: &str) -> ApiResult<Patch> {
    let wrong = |error: &serde_json::Error| {
        ApiError::bad_request(format!("error decoding patch: {}", body::go_json_error(error)))
    };
    let sent = || serde_json::from_slice(&call.body).map_err(|error| wrong(&error));
    match media {
        "application/json-patch+json" => sent().map(Patch::Json),
        "application/merge-patch+json" => sent().map(Patch::Merge),
        "application/strategic-merge-patch+json" if !call.served.kind.custom => sent().map(Patch::Strategic),
        _ => Err(ApiError::unsupported_media_type(if call.served.kind.custom {
            "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
        } else {
            "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml"
        })),
    }
}

fn apply_to(call: &Call, patch: &Patch, old: &Value) -> ApiResult<Value> {
    match patch {
        Patch::Json(patch) => apply::json_patch(old, patch).map_err(ApiError::from),
        Patch::Merge(patch) => apply::merge_patch(old, patch).map_err(ApiError::from),
        Patch::Strategic(patch) => apply::strategic_merge(&call.served.kind, old, patch).map_err(ApiError::from),
    }
}

/// The refusal of unknown fields in a patched object, which names the whole object.
fn strict(patched: &Value, complaints: &[String]) -> ApiError {
    let shown = Value::String(patched.to_string());
    let error = FieldError::invalid("patch", &shown, prepare::strict(complaints));
    ApiError::invalid_as("", "", "", &[error])
}

/// Server-side apply: creates or changes, field by field.
async fn server_side(state: &State, call: &Call, dry_run: bool, validation: FieldValidation) -> ApiResult<Reply> {
    let served = &call.served;
    if call.params.get("fieldManager").is_none() {
        let error = FieldError::required("fieldManager", "is required for apply patch");
        return Err(ApiError::invalid_options("PatchOptions", &[error]));
    }
    let sent =
        body::yaml(&call.body).map_err(|error| ApiError::bad_request(format!("error decoding YAML: {error}")))?;
    let warnings = doubled(call, validation)?;
    let manager = call.manager(Operation::Apply);
    let force = call.params.flag("force") == Some(true);
    let merge = |live: &Value| -> ApiResult<Value> {
        let merged = apply::server_side_apply(&served.kind, live, &sent, &manager, force)?;
        // What does not fit the schema was refused; only defaults are missing.
        let mut object = merged;
        served.schema.default(&mut object);
        check_name(call, &object)?;
        Ok(object)
    };
    let slot = served.slot(&call.namespace, &call.name);
    if state.store.get(&slot.resource, &slot.key()).await?.is_none() {
        if !call.subresource.is_empty() {
            return Err(ApiError::not_found(&served.kind, &call.name));
        }
        may_create(call)?;
        let object = merge(&blank(call))?;
        match create::insert(state, call, &object, Operation::Apply, dry_run).await {
            // Somebody else has created it since: then this is a change after all.
            Err(error) if error.reason() == "AlreadyExists" => {}
            made => return made.map(|made| Reply::created(output::one(call, made)).warn(warnings)),
        }
    }
    let what = Change { served, namespace: &call.namespace, name: &call.name, part: &call.subresource, dry_run };
    let changed = change(state, &what, merge, |_, _| {}).await?;
    Ok(Reply::ok(output::one(call, changed)).warn(warnings))
}

/// Keys given twice: warnings, or the refusal of strict validation. Unknown fields are refused in
/// any case when the configuration is applied.
fn doubled(call: &Call, validation: FieldValidation) -> ApiResult<Vec<String>> {
    let doubled = crate::schema::duplicate::fields(&call.body);
    let says = |path: &String| {
        let key = path.rsplit('.').next().unwrap_or(path);
        format!("line 1: key {key:?} already set in map")
    };
    let complaints: Vec<String> = doubled.iter().map(says).collect();
    match validation {
        FieldValidation::Ignore => Ok(Vec::new()),
        FieldValidation::Warn => Ok(complaints),
        FieldValidation::Strict if complaints.is_empty() => Ok(complaints),
        FieldValidation::Strict => Err(ApiError::bad_request(format!(
            "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  {}",
            complaints.join("\n  ")
        ))),
    }
}

/// An apply that creates needs the right to create, too.
fn may_create(call: &Call) -> ApiResult<()> {
    let attributes = Attributes {
        verb: "create".into(),
        group: call.served.kind.group.clone(),
        resource: call.served.kind.plural.clone(),
        namespace: call.namespace.clone(),
        name: call.name.clone(),
        ..Attributes::default()
    };
    if allowed(&call.user, &attributes) { Ok(()) } else { Err(forbidden(&call.user, &attributes)) }
}

/// What an object is before it is applied for the first time.
fn blank(call: &Call) -> Value {
    let mut blank = serde_json::json!({
        "apiVersion": call.served.kind.api_version(),
        "kind": call.served.kind.kind,
    });
    object::set_text(&mut blank, "name", call.name.clone());
    if !call.namespace.is_empty() {
        object::set_text(&mut blank, "namespace", call.namespace.clone());
    }
    blank
}
