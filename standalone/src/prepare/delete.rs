//! A deletion: at once, or marked until the finalizers are gone.

use serde_json::Value;

use super::released;
use crate::api_error::{ApiError, ApiResult};
use crate::field_error::FieldError;
use crate::object;
use crate::served::Served;

/// What happens to dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They are deleted before the owner.
    Foreground,
    /// They are deleted after the owner (the default).
    Background,
    /// They stay.
    Orphan,
}

/// The options of a deletion.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only the object with this uid.
    pub uid: Option<String>,
    /// Only the object at this resource version.
    pub resource_version: Option<String>,
    /// What happens to dependents; the finalizers that are there decide when absent.
    pub propagation: Option<Propagation>,
    /// Only say what would happen.
    pub dry_run: bool,
}

impl Options {
    /// Reads a `DeleteOptions` object.
    pub fn read(options: &Value) -> ApiResult<Self> {
        let text = |pointer: &str| {
            let value = options.pointer(pointer)?.as_str()?;
            Some(value.to_owned())
        };
        let orphan = options.get("orphanDependents").and_then(Value::as_bool);
        let propagation = match text("/propagationPolicy").as_deref() {
            Some("Foreground") => Some(Propagation::Foreground),
            Some("Background") => Some(Propagation::Background),
            Some("Orphan") => Some(Propagation::Orphan),
            Some(other) => {
                let supported = ["Foreground", "Background", "Orphan", "nil"].map(str::to_owned);
                let error = FieldError::not_supported("propagationPolicy", &other.into(), &supported);
                return Err(ApiError::invalid_options("DeleteOptions", &[error]));
            }
            None => orphan.map(|orphan| if orphan { Propagation::Orphan } else { Propagation::Background }),
        };
        let dry_run =
            options.get("dryRun").and_then(Value::as_array).is_some_and(|list| list.iter().any(|one| one == "All"));
        Ok(Self {
            uid: text("/preconditions/uid"),
            resource_version: text("/preconditions/resourceVersion"),
            propagation,
            dry_run,
        })
    }
}

/// What a deletion comes to.
#[derive(Debug)]
pub enum Deletion {
    /// The object goes at once.
    Now,
    /// It is marked, and goes when its finalizers are done.
    Mark(Value),
    /// It is marked already.
    Marked,
}

/// Decides a deletion.
pub fn delete(served: &Served, object: &Value, options: &Options) -> ApiResult<Deletion> {
    check(served, object, options)?;
    let mut next = object.clone();
    let mut finalizers = object::finalizers(object);
    if let Some(propagation) = options.propagation {
        finalizers.retain(|one| one != "orphan" && one != "foregroundDeletion");
        match propagation {
            Propagation::Foreground => finalizers.push("foregroundDeletion".into()),
            Propagation::Orphan => finalizers.push("orphan".into()),
            Propagation::Background => {}
        }
        object::set_finalizers(&mut next, &finalizers);
    }
    if released(served, &next) {
        return Ok(Deletion::Now);
    }
    if !object::deleting(object) {
        let generation = object::generation(object);
        let metadata = object::metadata(&mut next);
        metadata.insert("deletionTimestamp".into(), object::now().into());
        if served.builtin != Some(crate::builtin::Builtin::Namespace) {
            metadata.insert("deletionGracePeriodSeconds".into(), 0.into());
        }
        if generation > 0 {
            metadata.insert("generation".into(), (generation + 1).into());
        }
        if served.builtin == Some(crate::builtin::Builtin::Namespace) {
            object::field(&mut next, "status").insert("phase".into(), "Terminating".into());
        }
    }
    if next == *object { Ok(Deletion::Marked) } else { Ok(Deletion::Mark(next)) }
}

fn check(served: &Served, object: &Value, options: &Options) -> ApiResult<()> {
    let refuse = |what: &str, wanted: &str, found: &str, hint: &str| {
        let kind = &served.kind;
        let message = format!(
            "Operation cannot be fulfilled on {} {:?}: the {what} in the precondition ({wanted}) does not match the {what} in record ({found}). The object might have been {hint}",
            kind.group_kind(),
            object::name(object),
        );
        Err(ApiError::new(409, "Conflict", message).about(&kind.group, &kind.kind, object::name(object)))
    };
    let found = object::text(object, "uid");
    if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != found) {
        return refuse("UID", uid, found, "deleted and then recreated");
    }
    let found = object::text(object, "resourceVersion");
    if let Some(version) = options.resource_version.as_deref().filter(|one| *one != found) {
        return refuse("ResourceVersion", version, found, "modified");
    }
    Ok(())
}
