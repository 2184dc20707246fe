//! A namespace that is going away: its contents go first, then the namespace itself.

use serde_json::{Value, json};

use crate::api_error::ApiResult;
use crate::object;
use crate::prepare::DeleteOptions;
use crate::served::Served;
use crate::state::State;
use crate::storage::Dependent;
use crate::verbs::{Change, change, remove};

/// Deletes what is in a terminating namespace; when nothing is left, lets the namespace go.
pub(super) async fn finish(state: &State, name: &str) -> ApiResult<()> {
    let Some(stored) = state.store.get("/namespaces", name).await? else {
        return Ok(());
    };
    if !object::deleting(&stored.object) {
        return Ok(());
    }
    let Some(served) = state.catalogue.stored_in("/namespaces") else {
        return Ok(());
    };
    for content in state.store.contents(name).await? {
        delete(state, &content).await?;
    }
    let left = state.store.contents(name).await?;
    if left.is_empty() { release(state, served, name).await } else { report(state, served, name, &left).await }
}

async fn delete(state: &State, content: &Dependent) -> ApiResult<()> {
    let Some(served) = state.catalogue.stored_in(&content.resource) else {
        tracing::warn!(resource = content.resource, "a namespace holds a kind that is not served");
        return Ok(());
    };
    let (namespace, name) = content.key.split_once('/').unwrap_or_default();
    match remove(state, served, namespace, name, &DeleteOptions::default()).await {
        Err(error) if error.code() != 404 => Err(error),
        _ => Ok(()),
    }
}

/// Removes the finalizer that the server put there when the namespace was made.
async fn release(state: &State, served: &Served, name: &str) -> ApiResult<()> {
    let made = change(
        state,
        &part(served, name, "finalize"),
        |old| {
            let mut next = old.clone();
            let spec = object::field(&mut next, "spec");
            if let Some(list) = spec.get_mut("finalizers").and_then(Value::as_array_mut) {
                list.retain(|one| one != "kubernetes");
            }
            Ok(next)
        },
        |_, _| {},
    )
    .await;
    ignore_races(made.map(|_| ()))
}

/// Says in the namespace's status what it is waiting for.
async fn report(state: &State, served: &Served, name: &str, left: &[Dependent]) -> ApiResult<()> {
    let mut resources: Vec<&str> = left.iter().map(|one| one.resource.as_str()).collect();
    resources.sort_unstable();
    resources.dedup();
    let counted: Vec<String> = resources
        .iter()
        .map(|resource| {
            let count = left.iter().filter(|one| one.resource == **resource).count();
            let (group, plural) = resource.split_once('/').unwrap_or(("", resource));
            format!("{plural}.{group} has {count} resource instances")
        })
        .collect();
    let message = format!("Some resources are remaining: {}", counted.join(", "));
    let reported = change(
        state,
        &part(served, name, "status"),
        |old| {
            let mut next = old.clone();
            remaining(&mut next, &message);
            Ok(next)
        },
        |_, _| {},
    )
    .await;
    ignore_races(reported.map(|_| ()))
}

fn part<'a>(served: &'a Served, name: &'a str, part: &'a str) -> Change<'a> {
    Change { served, namespace: "", name, part, dry_run: false }
}

/// Something was created at the last moment, or another process was quicker.
fn ignore_races(result: ApiResult<()>) -> ApiResult<()> {
    match result {
        Err(error) if matches!(error.code(), 404 | 409) => Ok(()),
        other => other,
    }
}

/// Sets the condition `NamespaceContentRemaining`, unless it already says the same.
fn remaining(namespace: &mut Value, message: &str) {
    const TYPE: &str = "NamespaceContentRemaining";
    let now = object::now();
    let status = object::field(namespace, "status");
    let conditions = status.entry("conditions").or_insert_with(|| json!([]));
    let Some(list) = conditions.as_array_mut() else {
        return;
    };
    let known = list.iter().any(|one| {
        one.get("type").is_some_and(|kind| kind == TYPE) && one.get("message").is_some_and(|said| said == message)
    });
    if known {
        return;
    }
    list.retain(|one| one.get("type").is_none_or(|kind| kind != TYPE));
    list.push(json!({
        "type": TYPE,
        "status": "True",
        "reason": "SomeResourcesRemain",
        "message": message,
        "lastTransitionTime": now,
    }));
}
