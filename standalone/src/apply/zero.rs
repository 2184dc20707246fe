//! What a built-in object has before anything is set: structs that are always there.

use serde_json::{Value, json};

use crate::kind::Kind;

/// The object with the structs and times that its type always has, so that they never count as
/// added. Custom objects have none.
pub(super) fn fill(kind: &Kind, object: &Value) -> Value {
    let mut filled = object.clone();
    let zero = match (kind.custom, kind.kind.as_str(), kind.group.as_str()) {
        (false, "Lease", _) => json!({"spec": {}}),
        (false, "Namespace", _) => json!({"spec": {}, "status": {}}),
        (false, "Event", "") => json!({
            "involvedObject": {}, "source": {}, "eventTime": null, "firstTimestamp": null,
            "lastTimestamp": null, "reportingComponent": "", "reportingInstance": "",
        }),
        (false, "Event", _) => json!({
            "regarding": {}, "deprecatedSource": {}, "eventTime": null,
            "deprecatedFirstTimestamp": null, "deprecatedLastTimestamp": null,
        }),
        _ => return filled,
    };
    if let (Some(map), Value::Object(zero)) = (filled.as_object_mut(), zero) {
        for (name, value) in zero {
            map.entry(name).or_insert(value);
        }
    }
    filled
}
