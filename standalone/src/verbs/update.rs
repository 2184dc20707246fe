//! PUT, and the loop that every change of an existing object goes through.

use serde_json::Value;

use super::{Call, create, output};
use crate::api_error::{ApiError, ApiResult};
use crate::http::reply::Reply;
use crate::manager::Operation;
use crate::object;
use crate::prepare::{self, Updated};
use crate::schema::meta::finalizer_warnings;
use crate::served::Served;
use crate::state::State;
use crate::storage::Outcome;

/// How often a change is tried again because somebody else wrote in between.
const TRIES: usize = 16;

/// Replaces the object (or its status) by the one in the body.
pub async fn update(state: &State, call: &Call) -> ApiResult<Reply> {
    let served = &call.served;
    if call.name.is_empty() {
        return Err(ApiError::bad_request("name must be provided"));
    }
    let dry_run = call.params.dry_run("UpdateOptions")?;
    let validation = call.params.field_validation("UpdateOptions")?;
    let (sent, duplicates) = call.object()?;
    let (object, mut warnings) = prepare::decode(served, sent, &duplicates)?.admit(served, validation)?;
    check_name(call, &object)?;
    let slot = served.slot(&call.namespace, &call.name);
    let missing = state.store.get(&slot.resource, &slot.key()).await?.is_none();
    if missing && served.creates_on_update() && call.subresource.is_empty() {
        let made = create::insert(state, call, &object, Operation::Update, dry_run).await?;
        return Ok(Reply::created(output::one(call, made)).warn(warnings));
    }
    let manager = call.manager(Operation::Update);
    let mut before = None;
    let changed = change(
        state,
        &Change { served, namespace: &call.namespace, name: &call.name, part: &call.subresource, dry_run },
        |old| {
            prepare::same_uid(served, old, &object)?;
            before = Some(old.clone());
            Ok(object.clone())
        },
        |old, new| crate::apply::track_update(&served.kind, Some(old), new, &manager),
    )
    .await?;
    warnings.extend(finalizer_warnings(&changed, before.as_ref()));
    Ok(Reply::ok(output::one(call, changed)).warn(warnings))
}

/// The name in the object must be the one in the path; absent, it is taken from there.
pub(super) fn check_name(call: &Call, object: &Value) -> ApiResult<()> {
    let name = object::name(object);
    if name == call.name {
        return Ok(());
    }
    if name.is_empty() {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            call.name
        )));
    }
    Err(ApiError::bad_request(format!(
        "the name of the object ({name}) does not match the name on the URL ({})",
        call.name
    )))
}

/// Which object is changed, and how.
pub(crate) struct Change<'a> {
    /// Kind.
    pub served: &'a Served,
    /// Namespace.
    pub namespace: &'a str,
    /// Name.
    pub name: &'a str,
    /// Subresource.
    pub part: &'a str,
    /// Only say what would become of it.
    pub dry_run: bool,
}

/// Reads, changes and writes until nobody else wrote in between. A resource version in the new
/// object makes it a conflict instead.
pub(crate) async fn change(
    state: &State,
    what: &Change<'_>,
    mut make: impl FnMut(&Value) -> ApiResult<Value>,
    track: impl Fn(&Value, &mut Value),
) -> ApiResult<Value> {
    let served = what.served;
    let slot = served.slot(what.namespace, what.name);
    let missing = || ApiError::not_found(&served.kind, what.name);
    for _ in 0..TRIES {
        let found = state.store.get(&slot.resource, &slot.key()).await?;
        let stored = found.ok_or_else(missing)?;
        let old = served.view(&stored.object);
        let new = make(&old)?;
        let updated = prepare::update(served, &old, new, what.namespace, what.part, |new| {
            track(&old, new);
        })?;
        let outcome = match updated {
            Updated::Same => return Ok(old),
            Updated::Write(new) | Updated::Remove(new) if what.dry_run => return Ok(new),
            Updated::Write(new) => {
                let body = served.stored(new);
                state.store.update(&slot, stored.revision, body).await?
            }
            Updated::Remove(last) => {
                let body = served.stored(last.clone());
                match state.store.delete(&slot, stored.revision, body).await? {
                    Outcome::Done(_) | Outcome::Gone => return Ok(last),
                    other => other,
                }
            }
        };
        match outcome {
            Outcome::Done(stored) => return Ok(served.view(&stored.object)),
            Outcome::Gone => return Err(missing()),
            Outcome::NotEmpty => return Err(not_empty(served, what.name)),
            _ => {}
        }
    }
    Err(ApiError::modified(&served.kind, what.name))
}

fn not_empty(served: &Served, name: &str) -> ApiError {
    ApiError::conflict(
        &served.kind,
        name,
        "The system is ensuring all content is removed from this namespace.  Upon completion, this namespace will automatically be purged by the system.",
    )
}
