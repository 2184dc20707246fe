//! Server-side apply.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;
use serde_json::{Value, json};

use super::compare::equal;
use super::managers::{Entry, Managers};
use super::owned::{Conflict, reset, strip, take};
use super::reconcile::reconcile;
use super::remove::remove;
use super::set::Set;
use super::types::Type;
use super::{check, conflict, fields, last_applied, merge, update};
use crate::kind::Kind;
use crate::manager::{Manager, Operation};
use crate::schema::meta;

/// Why an apply is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ApplyError {
    /// 409 `Conflict`: others own fields that the configuration changes. Nothing was changed;
    /// repeat with force to take the fields.
    #[error("{message}")]
    Conflict {
        /// The message of the answer.
        message: String,
        /// A cause for each field.
        causes: Vec<StatusCause>,
    },
    /// 400 `BadRequest`: the configuration cannot be applied.
    #[error("{0}")]
    BadRequest(String),
    /// 500: the configuration does not fit the schema (the API server answers so, too).
    #[error("{0}")]
    Schema(String),
}

/// Applies a configuration: merges it into `live`, removes what the manager applied before and
/// no longer does (unless others own it), and records who owns what. `live` is the identity
/// alone (`apiVersion`, `kind`, name and namespace) when the object does not exist yet. The
/// result still has to be defaulted and validated (not pruned: as on the API server, a container
/// that lost its last field is null); an apply that changes nothing gives back `live` as it is.
pub fn server_side_apply(
    kind: &Kind,
    live: &Value,
    applied: &Value,
    manager: &Manager,
    force: bool,
) -> Result<Value, ApplyError> {
    precheck(kind, applied)?;
    let managers = Managers::read(live)
        .map_err(|error| ApplyError::Schema(format!("failed to decode managed fields: {error}")))?;
    let managers = before_first_apply(kind, live, managers, manager);
    let at = Type::of(kind);
    let errors = check::check(at, applied, false);
    if !errors.is_empty() {
        return Err(ApplyError::Schema(format!(
            "failed to create typed patch object ({}): {}",
            identity(kind, applied),
            check::message(&errors)
        )));
    }
    let outcome = match apply(kind, live, applied, managers.clone(), manager, force) {
        Err(Refused::Conflicts(conflicts)) if manager.name == "kubectl" => {
            // What kubectl applied on the client side before is its own.
            let own = last_applied::owned(at, kind, live);
            let left: Vec<Conflict> = conflicts
                .into_iter()
                .filter(|conflict| !own.as_ref().is_some_and(|own| own.has(&conflict.path)))
                .collect();
            if left.is_empty() {
                apply(kind, live, applied, managers, manager, true)
            } else {
                Err(Refused::Conflicts(left))
            }
        }
        outcome => outcome,
    };
    let mut object = outcome.map_err(|refused| match refused {
        Refused::Conflicts(conflicts) => {
            let (message, causes) = conflict::explain(&conflicts);
            ApplyError::Conflict { message, causes }
        }
        Refused::Merge(error) => ApplyError::Schema(format!("failed to merge config: {error}")),
    })?;
    if manager.name == "kubectl" {
        last_applied::refresh(&mut object, applied);
    }
    meta::coerce(&mut object).map_err(ApplyError::BadRequest)?;
    Ok(object)
}

enum Refused {
    Conflicts(Vec<Conflict>),
    Merge(String),
}

fn precheck(kind: &Kind, applied: &Value) -> Result<(), ApplyError> {
    let found = |field: &str| applied[field].as_str().unwrap_or("");
    if found("apiVersion") != kind.api_version() || found("kind") != kind.kind {
        return Err(ApplyError::BadRequest(format!(
            "invalid object type: {}, Kind={}",
            found("apiVersion"),
            found("kind")
        )));
    }
    if !applied["metadata"]["managedFields"].is_null() {
        return Err(ApplyError::BadRequest("metadata.managedFields must be nil".to_owned()));
    }
    Ok(())
}

/// `default/crm; plexica.io/v1alpha1, Kind=Tenant`.
fn identity(kind: &Kind, object: &Value) -> String {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or("");
    format!(
        "{}/{}; {}, Kind={}",
        text("namespace"),
        text("name"),
        if kind.group.is_empty() { format!("/{}", kind.version) } else { kind.api_version() },
        kind.kind
    )
}

/// What an object that was never tracked has belongs to a manager of its own.
fn before_first_apply(kind: &Kind, live: &Value, managers: Managers, by: &Manager) -> Managers {
    if !managers.0.is_empty() {
        return managers;
    }
    let nothing = json!({
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": {},
    });
    let first = Manager { name: "before-first-apply".to_owned(), operation: Operation::Update, ..by.clone() };
    update::update(kind, &nothing, live, managers, &first)
}

fn apply(
    kind: &Kind,
    live: &Value,
    applied: &Value,
    mut managers: Managers,
    manager: &Manager,
    force: bool,
) -> Result<Value, Refused> {
    let at = Type::of(kind);
    let reset = reset(kind, manager.subresource.as_deref().unwrap_or(""));
    for entry in &mut managers.0 {
        entry.fields = reconcile(at, &entry.fields);
    }
    let merged = merge::merge(at, live, applied).map_err(Refused::Merge)?;
    let me = Entry::of(manager);
    let last = managers.find(&me).cloned();
    let mine = Entry {
        time: last.as_ref().and_then(|last| last.time.clone()),
        fields: fields::of(at, applied).recursive_difference(&reset),
        ..me
    };
    managers.0.retain(|entry| !entry.same_manager(&mine));
    managers.0.push(mine.clone());
    let pruned = match last.filter(|last| !last.fields.is_empty()) {
        Some(last) => prune(at, &merged, &managers, &last.fields),
        None => merged,
    };
    take(at, live, &pruned, &mut managers, &mine, &reset, force).map_err(Refused::Conflicts)?;
    let changed = !equal(live, &pruned);
    managers.put(Entry {
        time: if changed { Some(manager.time.clone()) } else { mine.time.clone() },
        fields: strip(&mine.fields),
        ..mine
    });
    let mut object = if changed { pruned } else { live.clone() };
    managers.write(&mut object);
    Ok(object)
}

/// Removes what was applied last time and is owned by nobody now.
fn prune(at: Type<'_>, merged: &Value, managers: &Managers, last: &Set) -> Value {
    let last = last.with_named_fields(at);
    let pruned = remove(at, merged, &last);
    let owned = managers.0.iter().fold(Set::default(), |all, entry| all.union(&entry.fields)).with_named_fields(at);
    let all = fields::of(at, merged).with_named_fields(at);
    let kept = fields::of(at, &pruned).with_named_fields(at);
    let pruned = remove(at, merged, &all.difference(&kept.union(&owned)));
    // What somebody set without being tracked stays as well.
    let kept = fields::of(at, &pruned).with_named_fields(at);
    remove(at, merged, &all.difference(&kept).intersection(&last))
}

/// Gives a write that changes nothing the times of before, so that it is no write at all.
pub fn settle_times(old: &Value, new: &mut Value) {
    let timeless = |object: &Value| {
        let mut object = object.clone();
        let entries = object["metadata"]["managedFields"].as_array_mut();
        for entry in entries.into_iter().flatten() {
            if let Some(entry) = entry.as_object_mut() {
                entry.remove("time");
            }
        }
        object
    };
    let (before, after) = (&old["metadata"]["managedFields"], &new["metadata"]["managedFields"]);
    if before != after && !after.is_null() && equal(&timeless(old), &timeless(new)) {
        new["metadata"]["managedFields"] = before.clone();
    }
}
