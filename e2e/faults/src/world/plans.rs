//! The plans that tenants of a run may have.

use serde_json::{Value, json};

/// The one that says what its tenants may have of everything.
pub const NAME: &str = "p";

/// What it limits.
const LIMITED: &str = "{ features: [export], rateLimits: { requestsPerSecond: 100 }, resources: {
    requests: { cpu: 2 }, limits: { memory: 2Gi }, container: { requests: { cpu: 50m, memory: 64Mi } } } }";

/// All of them, as a file.
pub fn all() -> String {
    let longest = NAME.repeat(63);
    format!("standard: {{}}\n{NAME}: {LIMITED}\n{longest}: {{}}\n")
}

/// What stands in the namespace of a tenant that has that plan: `hard` of the `ResourceQuota`, and the first of the
/// limits of the `LimitRange`.
pub fn limits(plan: &str) -> (Value, Value) {
    if plan != NAME {
        return (Value::Null, Value::Null);
    }
    let requests = json!({ "cpu": "50m", "memory": "64Mi" });
    let defaults = json!({ "type": "Container", "default": { "memory": "512Mi" }, "defaultRequest": requests });
    (json!({ "requests.cpu": "2", "limits.memory": "2Gi" }), defaults)
}
