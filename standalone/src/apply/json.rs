//! JSON patches and JSON merge patches, with the leniency and the words of the API server.

use json_patch::{AddOperation, Patch, PatchOperation};
use serde_json::{Map, Value};

/// Operations a JSON patch may have at most.
const MOST_OPERATIONS: usize = 10_000;

/// Why a patch is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// 400 `BadRequest`: it is no patch.
    #[error("{0}")]
    BadRequest(String),
    /// 422 `Invalid`, without details: it does not fit the object. The API server says no more;
    /// why it does not is for the log.
    #[error("the server rejected our request due to an error in our request")]
    Unprocessable(String),
    /// 500: the API server does not foresee such a patch.
    #[error("{0}")]
    Failed(String),
    /// 413 `RequestEntityTooLarge`: it has too many operations.
    #[error("The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {0}")]
    TooLarge(usize),
}

/// Applies a JSON patch (RFC 6902). As on the API server, `replace` adds what is not there, and
/// `copy` of what is not there gives null.
pub fn json_patch(object: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Array(operations) = patch else {
        return Err(not_a("[]handlers.jsonPatchOp", patch));
    };
    if operations.len() > MOST_OPERATIONS {
        return Err(PatchError::TooLarge(operations.len()));
    }
    let Patch(operations) =
        serde_json::from_value(patch.clone()).map_err(|error| PatchError::Unprocessable(error.to_string()))?;
    let mut patched = object.clone();
    for operation in operations {
        let operation = lenient(&patched, operation);
        json_patch::patch(&mut patched, &[operation]).map_err(|error| PatchError::Unprocessable(error.to_string()))?;
    }
    Ok(patched)
}

/// The operation the API server makes of one that names a missing key of a map.
fn lenient(object: &Value, operation: PatchOperation) -> PatchOperation {
    let missing = |path: &str| {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        object.pointer(path).is_none() && object.pointer(parent).is_some_and(Value::is_object)
    };
    match operation {
        PatchOperation::Replace(of) if missing(of.path.as_str()) => {
            PatchOperation::Add(AddOperation { path: of.path, value: of.value })
        }
        PatchOperation::Copy(of) if missing(of.from.as_str()) => {
            PatchOperation::Add(AddOperation { path: of.path, value: Value::Null })
        }
        other => other,
    }
}

/// Applies a JSON merge patch (RFC 7386). Nulls in what is new mean nothing, in lists too.
pub fn merge_patch(object: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Object(patch) = patch else {
        return Err(not_a("map[string]interface {}", patch));
    };
    let mut patched = object.as_object().cloned().unwrap_or_default();
    merge(&mut patched, patch);
    Ok(Value::Object(patched))
}

fn merge(object: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match (object.get_mut(name), value) {
            (_, Value::Null) => {
                object.remove(name);
            }
            (Some(Value::Object(before)), Value::Object(value)) => merge(before, value),
            (_, value) => {
                object.insert(name.clone(), without_nulls(value));
            }
        }
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, member)| !member.is_null());
            Value::Object(kept.map(|(name, member)| (name.clone(), without_nulls(member))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

fn not_a(expected: &str, found: &Value) -> PatchError {
    let found = match found {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Null => "null",
    };
    PatchError::BadRequest(format!(
        "error decoding patch: json: cannot unmarshal {found} into Go value of type {expected}"
    ))
}
