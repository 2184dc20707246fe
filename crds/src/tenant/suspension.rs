//! Whether a tenant is suspended.

use super::Tenant;
use crate::{
    ConditionType, OperationKind, Reason,
    label::{DRY_RUN, is_set},
};

impl Tenant {
    /// Whether nobody is let in and no plugin runs: what the spec says, and while the annotation
    /// `plexica.io/dry-run` is there, what it said before.
    pub fn is_suspended(&self) -> bool {
        if !is_set(self, DRY_RUN) {
            return self.spec.suspend;
        }
        let Some(status) = &self.status else { return false };
        // Its condition tells of a problem instead while there is one.
        let operation = status.operation.as_ref().is_some_and(|operation| operation.kind == OperationKind::Suspend);
        let told = status.conditions.iter().any(|condition| {
            condition.type_ == ConditionType::Ready.as_str() && condition.reason == Reason::Suspended.as_str()
        });
        operation || told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_rehearsal_changes_nothing() {
        let ready = |reason: &str| json!({ "conditions": [{ "type": "Ready", "status": "True", "reason": reason, "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z" }] });
        let begun = json!({ "operation": { "id": "1", "kind": "Suspend", "phase": "Running", "startedAt": "2026-01-01T00:00:00Z" } });
        for (annotation, suspend, status, expected) in [
            (None, true, ready("Provisioned"), true),
            (None, false, ready("Suspended"), false),
            (Some("false"), true, ready("Provisioned"), true),
            (Some("true"), true, ready("Provisioned"), false),
            (Some("true"), false, ready("Suspended"), true),
            (Some("true"), false, begun, true),
            (Some("true"), true, json!({}), false),
        ] {
            let mut tenant: Tenant = serde_json::from_value(json!({
                "apiVersion": "plexica.io/v1alpha1", "kind": "Tenant", "metadata": { "name": "acme" },
                "spec": { "displayName": "Acme", "suspend": suspend }, "status": status,
            }))
            .unwrap();
            let annotations = annotation.map(|value| [(DRY_RUN.to_owned(), value.to_owned())].into());
            tenant.metadata.annotations = annotations;
            assert_eq!(tenant.is_suspended(), expected, "{annotation:?} {suspend} {status}");
        }
    }
}
