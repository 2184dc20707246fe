//! Ownership after a write that is no apply.

use serde_json::{Value, json};

use super::check::check;
use super::managers::{Entry, Managers};
use super::owned::{reset, strip, take};
use super::reconcile::reconcile;
use super::set::Set;
use super::types::Type;
use super::zero;
use crate::kind::Kind;
use crate::manager::Manager;

/// Entries of updates kept at most; older ones are merged into one.
const MOST_UPDATERS: usize = 10;

/// Sets `metadata.managedFields` of `new`: what changed since `old` (everything, for a new
/// object) is owned by `manager`. A client may edit the entries, and an empty list resets them.
pub fn track_update(kind: &Kind, old: Option<&Value>, new: &mut Value, manager: &Manager) {
    let empty = json!({"metadata": {}});
    let live = old.unwrap_or(&empty);
    let managers = decode(live, new, manager.subresource.is_some());
    if let Some(metadata) = new.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    // An object nobody was tracked for stays so until it is applied.
    if managers.0.is_empty() && !live["metadata"]["uid"].is_null() {
        return;
    }
    // Who owns what cannot be said of an object that does not fit its schema.
    let at = Type::of(kind);
    if check(at, live, true).is_empty() && check(at, new, true).is_empty() {
        update(kind, live, new, managers, manager).write(new);
    }
}

/// The entries to start from: those of the request if it brings any, else those of the object.
fn decode(live: &Value, new: &Value, subresource: bool) -> Managers {
    let of_live = || Managers::read(live).unwrap_or_default();
    if subresource {
        return of_live();
    }
    let resets = match new["metadata"]["managedFields"].as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([only]) => only.as_object().is_some_and(serde_json::Map::is_empty),
        _ => false,
    };
    if resets {
        return Managers::default();
    }
    match Managers::read(new) {
        Ok(managers) if !managers.0.is_empty() => managers,
        _ => of_live(),
    }
}

/// The entries after a change of `live` to `new`.
pub(super) fn update(kind: &Kind, live: &Value, new: &Value, mut managers: Managers, manager: &Manager) -> Managers {
    let at = Type::of(kind);
    let me = Entry::of(manager);
    let reset = reset(kind, &me.subresource);
    for entry in &mut managers.0 {
        entry.fields = reconcile(at, &entry.fields);
    }
    // What is taken is taken from everyone, so that the entry's own share shows what changed.
    let nobody = Entry { manager: String::new(), subresource: "\0".to_owned(), ..me.clone() };
    let Ok(changed) = take(at, &zero::fill(kind, live), &zero::fill(kind, new), &mut managers, &nobody, &reset, true)
    else {
        return managers;
    };
    let taken = strip(&changed.modified.union(&changed.added).recursive_difference(&reset));
    if !taken.is_empty() {
        let before = managers.find(&me).map_or_else(Set::default, |entry| entry.fields.clone());
        managers.put(Entry { time: Some(manager.time.clone()), fields: taken.union(&before), ..me });
    }
    cap(&mut managers);
    managers
}

/// Merges the oldest updaters of each version into one, when there are too many.
fn cap(managers: &mut Managers) {
    let mut updaters: Vec<Entry> = managers.0.iter().filter(|entry| !entry.applied).cloned().collect();
    let mut over = updaters.len().saturating_sub(MOST_UPDATERS);
    if over == 0 {
        return;
    }
    updaters.sort_by_key(|entry| (entry.time.clone(), entry.identifier()));
    let mut firsts: Vec<Entry> = Vec::new();
    for entry in updaters {
        if over == 0 {
            break;
        }
        let Some(first) = firsts.iter().find(|first| first.api_version == entry.api_version) else {
            firsts.push(entry);
            continue;
        };
        let bucket = Entry { manager: "ancient-changes".to_owned(), subresource: String::new(), ..entry.clone() };
        let gathered = if let Some(bucket) = managers.find(&bucket) {
            bucket.fields.clone()
        } else {
            let first = first.clone();
            managers.0.retain(|known| !known.same_manager(&first));
            first.fields
        };
        managers.0.retain(|known| !known.same_manager(&entry));
        managers.put(Entry { fields: entry.fields.union(&gathered), ..bucket });
        over -= 1;
    }
}
