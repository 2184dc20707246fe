//! How a change of an object moves ownership of its fields.

use std::sync::LazyLock;

use serde_json::Value;

use super::compare::{Comparison, compare};
use super::managers::{Entry, Managers};
use super::path::Path;
use super::set::Set;
use super::types::Type;
use crate::kind::Kind;

/// A field that a manager may not take without force.
#[derive(Debug, Clone)]
pub(crate) struct Conflict {
    pub(crate) owner: Entry,
    pub(crate) path: Path,
}

/// Fields nobody owns: what the server sets, and what names the object.
static NEVER_OWNED: LazyLock<Set> = LazyLock::new(|| {
    Set::of_fields(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
});

/// Fields a request cannot change, so that it does not come to own them: the status on the main
/// endpoint, the specification on that of the status.
pub(crate) fn reset(kind: &Kind, subresource: &str) -> Set {
    match subresource {
        "status" => Set::of_fields(&[&["spec"]]),
        "" if kind.status_subresource => Set::of_fields(&[&["status"]]),
        _ => Set::default(),
    }
}

/// The set without what nobody owns.
pub(crate) fn strip(fields: &Set) -> Set {
    fields.difference(&NEVER_OWNED)
}

/// Takes from the other managers what changed; without `force` that is a conflict, and nothing
/// is taken. What was removed belongs to nobody any more.
pub(crate) fn take(
    at: Type<'_>,
    old: &Value,
    new: &Value,
    managers: &mut Managers,
    by: &Entry,
    reset: &Set,
    force: bool,
) -> Result<Comparison, Vec<Conflict>> {
    let changed = compare(at, old, new).without(reset);
    let taken = changed.modified.union(&changed.added);
    let mut conflicts = Vec::new();
    for entry in managers.0.iter().filter(|entry| !entry.same_manager(by)) {
        let paths = entry.fields.intersection(&taken).paths();
        conflicts.extend(paths.into_iter().map(|path| Conflict { owner: entry.clone(), path }));
    }
    if !force && !conflicts.is_empty() {
        conflicts.sort_by_key(|conflict| conflict.owner.identifier());
        return Err(conflicts);
    }
    for entry in managers.0.iter_mut().filter(|entry| !entry.same_manager(by)) {
        let lost = entry.fields.intersection(&taken);
        entry.fields = entry.fields.difference(&lost).difference(&changed.removed);
    }
    managers.drop_empty();
    Ok(changed)
}
