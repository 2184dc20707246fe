//! POST: a new object.

use serde_json::Value;

use super::{Call, output};
use crate::api_error::{ApiError, ApiResult};
use crate::apply;
use crate::http::reply::Reply;
use crate::manager::Operation;
use crate::object;
use crate::prepare;
use crate::schema::meta::finalizer_warnings;
use crate::served::Served;
use crate::state::State;
use crate::storage::{Outcome, Stored};

/// Characters of generated names: no vowels, so no words.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// How often a generated name is drawn anew when it is taken.
const DRAWS: usize = 8;

/// Creates the object in the body.
pub async fn create(state: &State, call: &Call) -> ApiResult<Reply> {
    let nowhere = call.namespace.is_empty() && call.served.kind.namespaced;
    if !call.name.is_empty() || nowhere {
        return Err(ApiError::method_not_allowed());
    }
    let dry_run = call.params.dry_run("CreateOptions")?;
    let validation = call.params.field_validation("CreateOptions")?;
    let (sent, duplicates) = call.object()?;
    let (object, mut warnings) = prepare::decode(&call.served, sent, &duplicates)?.admit(&call.served, validation)?;
    let made = insert(state, call, &object, Operation::Update, dry_run).await?;
    warnings.extend(finalizer_warnings(&made, None));
    Ok(Reply::created(output::one(call, made)).warn(warnings))
}

/// Writes a decoded object as a new one, and returns it as it is then.
pub(super) async fn insert(
    state: &State,
    call: &Call,
    object: &Value,
    operation: Operation,
    dry_run: bool,
) -> ApiResult<Value> {
    let served = &call.served;
    let manager = call.manager(operation);
    for draw in 0.. {
        let ready = prepare::create(served, object.clone(), &call.namespace, &random(), |new| {
            if operation == Operation::Update {
                apply::track_update(&served.kind, None, new, &manager);
            }
        })?;
        let name = object::name(&ready).to_owned();
        let generated = object::name(object).is_empty();
        if dry_run {
            let slot = served.slot(&call.namespace, &name);
            if state.store.get(&slot.resource, &slot.key()).await?.is_some() {
                return Err(ApiError::already_exists(&served.kind, &name));
            }
            return Ok(ready);
        }
        match write(state, served, &call.namespace, ready).await? {
            Outcome::Done(Stored { object, .. }) => return Ok(served.view(&object)),
            Outcome::Exists if generated && draw < DRAWS => {}
            other => return Err(refused(served, &call.namespace, &name, &other)),
        }
    }
    Err(ApiError::already_exists(&served.kind, object::name(object)))
}

async fn write(state: &State, served: &Served, namespace: &str, object: Value) -> ApiResult<Outcome> {
    let slot = served.slot(namespace, object::name(&object));
    Ok(state.store.create(&slot, served.stored(object)).await?)
}

/// Why a creation did not take place.
pub(crate) fn refused(served: &Served, namespace: &str, name: &str, outcome: &Outcome) -> ApiError {
    let kind = &served.kind;
    match outcome {
        Outcome::NoNamespace => ApiError::new(404, "NotFound", format!("namespaces {namespace:?} not found")).about(
            "",
            "namespaces",
            namespace,
        ),
        Outcome::NamespaceDeleting => namespace_terminating(served, namespace, name),
        _ => ApiError::already_exists(kind, name),
    }
}

fn namespace_terminating(served: &Served, namespace: &str, name: &str) -> ApiError {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{StatusCause, StatusDetails};
    let kind = &served.kind;
    let message = format!(
        "{} {name:?} is forbidden: unable to create new content in namespace {namespace} because it is being terminated",
        kind.resource()
    );
    ApiError::new(403, "Forbidden", message).with_details(StatusDetails {
        name: Some(name.to_owned()),
        group: (!kind.group.is_empty()).then(|| kind.group.clone()),
        kind: Some(kind.plural.clone()),
        causes: Some(vec![StatusCause {
            reason: Some("NamespaceTerminating".into()),
            message: Some(format!("namespace {namespace} is being terminated")),
            field: Some("metadata.namespace".into()),
        }]),
        ..StatusDetails::default()
    })
}

fn random() -> String {
    (0..5)
        .map(|_| {
            let index = rand::random_range(0..ALPHABET.len());
            char::from(ALPHABET.get(index).copied().unwrap_or(b'x'))
        })
        .collect()
}
