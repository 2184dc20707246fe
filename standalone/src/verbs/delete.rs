//! DELETE of one object.

use serde_json::{Value, json};

use super::{Call, output};
use crate::api_error::{ApiError, ApiResult};
use crate::http::body;
use crate::http::reply::Reply;
use crate::object;
use crate::prepare::{self, DeleteOptions, Deletion};
use crate::served::Served;
use crate::state::State;
use crate::storage::Outcome;

const TRIES: usize = 16;

/// Deletes the object, or marks it until its finalizers are done.
pub async fn delete(state: &State, call: &Call) -> ApiResult<Reply> {
    let options = options(call)?;
    let served = &call.served;
    let removed = remove(state, served, &call.namespace, &call.name, &options).await?;
    let object = match removed {
        Removed::Marked(object) => return Ok(Reply::ok(output::one(call, object))),
        Removed::Gone(object) => object,
    };
    if served.builtin.is_some_and(crate::builtin::Builtin::returns_deleted) {
        return Ok(Reply::ok(output::one(call, object)));
    }
    let mut details = json!({
        "name": call.name,
        "kind": served.kind.plural,
        "uid": object::text(&object, "uid"),
    });
    if !served.kind.group.is_empty()
        && let Some(map) = details.as_object_mut()
    {
        map.insert("group".into(), served.kind.group.clone().into());
    }
    Ok(Reply::ok(json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    })))
}

/// What became of an object that was to be deleted.
pub(crate) enum Removed {
    /// It is not there any more; this was its last state.
    Gone(Value),
    /// It waits for its finalizers.
    Marked(Value),
}

/// Deletes or marks.
pub(crate) async fn remove(
    state: &State,
    served: &Served,
    namespace: &str,
    name: &str,
    options: &DeleteOptions,
) -> ApiResult<Removed> {
    let slot = served.slot(namespace, name);
    for _ in 0..TRIES {
        let Some(stored) = state.store.get(&slot.resource, &slot.key()).await? else {
            return Err(ApiError::not_found(&served.kind, name));
        };
        let object = served.view(&stored.object);
        let outcome = match prepare::delete(served, &object, options)? {
            Deletion::Marked => return Ok(Removed::Marked(object)),
            Deletion::Mark(next) if options.dry_run => return Ok(Removed::Marked(next)),
            Deletion::Now if options.dry_run => return Ok(Removed::Gone(object)),
            Deletion::Mark(next) => {
                let body = served.stored(next);
                match state.store.update(&slot, stored.revision, body).await? {
                    Outcome::Done(marked) => {
                        return Ok(Removed::Marked(served.view(&marked.object)));
                    }
                    other => other,
                }
            }
            Deletion::Now => {
                let body = served.stored(object.clone());
                match state.store.delete(&slot, stored.revision, body).await? {
                    Outcome::Done(last) => return Ok(Removed::Gone(served.view(&last.object))),
                    other => other,
                }
            }
        };
        if matches!(outcome, Outcome::Gone) {
            return Err(ApiError::not_found(&served.kind, name));
        }
    }
    Err(ApiError::modified(&served.kind, name))
}

/// The options in the body, or in the query when there is no body.
pub(super) fn options(call: &Call) -> ApiResult<DeleteOptions> {
    if !call.body.is_empty() {
        let sent = body::parse(&call.body, &call.content_type, "DeleteOptions")?;
        let mut options = DeleteOptions::read(&sent)?;
        options.dry_run |= call.params.dry_run("DeleteOptions")?;
        return Ok(options);
    }
    let sent = json!({
        "propagationPolicy": call.params.get("propagationPolicy"),
        "orphanDependents": call.params.flag("orphanDependents"),
    });
    let mut options = DeleteOptions::read(&sent)?;
    options.dry_run = call.params.dry_run("DeleteOptions")?;
    Ok(options)
}
