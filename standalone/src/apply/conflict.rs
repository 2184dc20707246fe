//! What is said about a conflict.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;

use super::managers::Entry;
use super::owned::Conflict;
use super::path::show_path;
use crate::schema::text::go_quote;

/// The message of a conflict, and a cause for each field.
pub(crate) fn explain(conflicts: &[Conflict]) -> (String, Vec<StatusCause>) {
    let causes = conflicts.iter().map(|conflict| StatusCause {
        field: Some(show_path(&conflict.path)),
        message: Some(format!("conflict with {}", owner(&conflict.owner))),
        reason: Some("FieldManagerConflict".to_owned()),
    });
    (message(conflicts), causes.collect())
}

fn message(conflicts: &[Conflict]) -> String {
    if let [only] = conflicts {
        return format!(
            "Apply failed with 1 conflict: conflict with {}: {}",
            owner(&only.owner),
            show_path(&only.path)
        );
    }
    let mut lines = Vec::new();
    let mut last: Option<&Entry> = None;
    for conflict in conflicts {
        if last.is_none_or(|last| !last.same_manager(&conflict.owner)) {
            lines.push(format!("conflicts with {}:", owner(&conflict.owner)));
            last = Some(&conflict.owner);
        }
        lines.push(format!("- {}", show_path(&conflict.path)));
    }
    let count = conflicts.len();
    format!("Apply failed with {count} conflicts: {}", lines.join("\n"))
}

/// `"kubectl" with subresource "status" using v1`.
fn owner(entry: &Entry) -> String {
    let mut out = go_quote(&entry.manager);
    if !entry.subresource.is_empty() {
        out.push_str(" with subresource ");
        out.push_str(&go_quote(&entry.subresource));
    }
    if !entry.applied {
        out.push_str(" using ");
        out.push_str(&entry.api_version);
    }
    out
}
