//! Owner references: dependents go with their owners, or before them, or are let go.

use serde_json::{Map, Value};

use super::decide::{Action, Owner, decide};
use crate::api_error::ApiResult;
use crate::object;
use crate::prepare::DeleteOptions;
use crate::served::Served;
use crate::state::State;
use crate::storage::Dependent;
use crate::verbs::{Change, change, remove};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// Does what is to be done about one object: as a dependent, and as an owner.
pub(super) async fn visit(state: &State, place: &Dependent) -> ApiResult<()> {
    let (Some(served), Some(stored)) =
        (state.catalogue.stored_in(&place.resource), state.store.get(&place.resource, &place.key).await?)
    else {
        return Ok(());
    };
    let object = &stored.object;
    let finalizers = object::finalizers(object);
    if object::deleting(object) {
        if finalizers.iter().any(|one| one == ORPHAN) {
            return let_go(state, served, object).await;
        }
        if finalizers.iter().any(|one| one == FOREGROUND) {
            return wait_for_dependents(state, served, object).await;
        }
        return Ok(());
    }
    let owners = owners(state, object).await?;
    let uid = object::text(object, "uid");
    let dependents = !state.store.dependents(uid).await?.is_empty();
    let states: Vec<Owner> = owners.iter().map(|(_, owner)| *owner).collect();
    let gone = |uid: &str| {
        let mut all = owners.iter();
        all.any(|(one, state)| one == uid && *state != Owner::Solid)
    };
    match decide(&states, &finalizers, dependents) {
        Action::Keep => Ok(()),
        Action::Detach => detach(state, served, object, gone).await,
        Action::Delete(propagation) => {
            let options =
                DeleteOptions { uid: Some(uid.to_owned()), propagation: Some(propagation), ..DeleteOptions::default() };
            let (namespace, name) = (object::namespace(object), object::name(object));
            let removed = remove(state, served, namespace, name, &options).await;
            ignore_races(removed.map(|_| ()))
        }
    }
}

/// The owners of an object and how they are.
async fn owners(state: &State, object: &Value) -> ApiResult<Vec<(String, Owner)>> {
    let mut owners = Vec::new();
    for reference in object::list(object, "ownerReferences") {
        let text = |field: &str| {
            let value = reference.get(field).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let uid = text("uid");
        let blocks = reference.get("blockOwnerDeletion") == Some(&Value::Bool(true));
        let found = match state.store.with_uid(&uid).await? {
            Some(place) => state.store.get(&place.resource, &place.key).await?,
            None => None,
        };
        let known = state.catalogue.of_kind(&text("apiVersion"), &text("kind"));
        let owner = match found {
            // A kind of somewhere else: whether it exists cannot be told here.
            None if known.is_none() => Owner::Solid,
            None => Owner::Absent,
            Some(owner) => {
                let finalizers = object::finalizers(&owner.object);
                let waits = finalizers.iter().any(|one| one == FOREGROUND);
                if blocks && waits && object::deleting(&owner.object) { Owner::Waiting } else { Owner::Solid }
            }
        };
        owners.push((uid, owner));
    }
    Ok(owners)
}

/// Orphans the dependents, then lets the owner go.
async fn let_go(state: &State, served: &Served, owner: &Value) -> ApiResult<()> {
    let uid = object::text(owner, "uid");
    for place in state.store.dependents(uid).await? {
        let (Some(kind), Some(stored)) =
            (state.catalogue.stored_in(&place.resource), state.store.get(&place.resource, &place.key).await?)
        else {
            continue;
        };
        detach(state, kind, &stored.object, |one| one == uid).await?;
    }
    drop_finalizer(state, served, owner, ORPHAN).await
}

/// Deletes the dependents; the owner goes when none is left that blocks it.
async fn wait_for_dependents(state: &State, served: &Served, owner: &Value) -> ApiResult<()> {
    let uid = object::text(owner, "uid");
    let mut blocked = false;
    for place in state.store.dependents(uid).await? {
        // Boxed: a dependent may have dependents of its own.
        Box::pin(visit(state, &place)).await?;
        if let Some(stored) = state.store.get(&place.resource, &place.key).await? {
            let mut references = object::list(&stored.object, "ownerReferences").iter();
            blocked |= references.any(|reference| {
                reference.get("uid").is_some_and(|one| one == uid)
                    && reference.get("blockOwnerDeletion") == Some(&Value::Bool(true))
            });
        }
    }
    if blocked {
        return Ok(());
    }
    drop_finalizer(state, served, owner, FOREGROUND).await
}

async fn detach(state: &State, served: &Served, object: &Value, gone: impl Fn(&str) -> bool) -> ApiResult<()> {
    edit(state, served, object, |metadata| {
        let list = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut);
        if let Some(list) = list {
            list.retain(|one| !one.get("uid").and_then(Value::as_str).is_some_and(&gone));
        }
    })
    .await
}

async fn drop_finalizer(state: &State, served: &Served, object: &Value, finalizer: &str) -> ApiResult<()> {
    edit(state, served, object, |metadata| {
        let list = metadata.get_mut("finalizers").and_then(Value::as_array_mut);
        if let Some(list) = list {
            list.retain(|one| one != finalizer);
        }
    })
    .await
}

/// Changes the metadata of exactly this object, not of a later one of the same name.
async fn edit(state: &State, served: &Served, object: &Value, how: impl Fn(&mut Map<String, Value>)) -> ApiResult<()> {
    let uid = object::text(object, "uid");
    let what =
        Change { served, namespace: object::namespace(object), name: object::name(object), part: "", dry_run: false };
    let edited = change(
        state,
        &what,
        |old| {
            let mut next = old.clone();
            if object::text(old, "uid") == uid {
                let metadata = object::metadata(&mut next);
                how(metadata);
                for list in ["ownerReferences", "finalizers"] {
                    if metadata.get(list).is_some_and(|list| list == &Value::Array(vec![])) {
                        metadata.remove(list);
                    }
                }
            }
            Ok(next)
        },
        |_, _| {},
    )
    .await;
    ignore_races(edited.map(|_| ()))
}

/// Somebody else was quicker: that is what was wanted, or it will be seen as a change of its own.
fn ignore_races(result: ApiResult<()>) -> ApiResult<()> {
    match result {
        Err(error) if matches!(error.code(), 404 | 409) => Ok(()),
        other => other,
    }
}
