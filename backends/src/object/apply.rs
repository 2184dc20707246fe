//! Writing an object if it is ours and differs.

use std::fmt::Debug;

use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use plexica_crds::{label::FIELD_MANAGER, tenant::AdoptionPolicy};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{differing::differing, found, stamp};
use crate::{
    Changes, Error, Kind, Result, System,
    ownership::{Mark, Verdict, judge},
};

/// Digest of what was applied: a field that is not wanted any more shows in nothing else.
const DIGEST: &str = "plexica.io/applied-digest";

/// Marks `wanted` as the owner's and applies it, unless `seen` holds all of it already.
pub async fn apply<K>(
    api: &Api<K>,
    wanted: &K,
    seen: Option<&K>,
    owner: &Mark,
    adoption: AdoptionPolicy,
) -> Result<Changes>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug,
{
    let Plan { wanted, changes } = plan(wanted, seen, owner, adoption)?;
    if changes.is_empty() {
        return Ok(changes);
    }
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let applied = api.patch(&wanted.name_any(), &params, &Patch::Apply(&wanted)).await.map_err(failed)?;
    // The server may keep a value in another form, so that only it can say that nothing differs.
    if seen.is_some_and(|seen| seen.uid() == applied.uid() && seen.resource_version() == applied.resource_version()) {
        return Ok(Changes::none());
    }
    Ok(changes)
}

/// What [`apply`] would write; asks the server for a dry run where only it can say.
pub async fn differences<K>(
    api: &Api<K>,
    wanted: &K,
    seen: Option<&K>,
    owner: &Mark,
    adoption: AdoptionPolicy,
) -> Result<Changes>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug,
{
    let Plan { wanted, changes } = plan(wanted, seen, owner, adoption)?;
    let Some(seen) = seen.filter(|_| !changes.is_empty()) else {
        return Ok(changes);
    };
    let params = PatchParams::apply(FIELD_MANAGER).force().dry_run();
    let applied = api.patch(&wanted.name_any(), &params, &Patch::Apply(&wanted)).await.map_err(failed)?;
    Ok(if content(seen)? == content(&applied)? { Changes::none() } else { changes })
}

/// Asks the server whether it would take what [`apply`] writes.
pub async fn rehearse<K>(
    api: &Api<K>,
    wanted: &K,
    seen: Option<&K>,
    owner: &Mark,
    adoption: AdoptionPolicy,
) -> Result<()>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug,
{
    let Plan { wanted, changes: _ } = plan(wanted, seen, owner, adoption)?;
    let params = PatchParams::apply(FIELD_MANAGER).force().dry_run();
    api.patch(&wanted.name_any(), &params, &Patch::Apply(&wanted)).await.map_err(failed).map(drop)
}

/// What [`apply`] would write to an object that is there, as far as can be said without the server.
pub fn changes<K>(wanted: &K, seen: &K, owner: &Mark, adoption: AdoptionPolicy) -> Result<Changes>
where
    K: Resource<DynamicType = ()> + Clone + Serialize,
{
    Ok(plan(wanted, Some(seen), owner, adoption)?.changes)
}

/// Changes whenever what is applied for the owner does.
pub fn digest<K>(wanted: &K, owner: &Mark) -> String
where
    K: Resource<DynamicType = ()> + Clone + Serialize,
{
    let mut wanted = wanted.clone();
    stamp(wanted.meta_mut(), &owner.stamp());
    crate::digest(&wanted)
}

/// What is to be applied, and what of it differs, in words.
struct Plan<K> {
    wanted: K,
    changes: Changes,
}

fn plan<K>(wanted: &K, seen: Option<&K>, owner: &Mark, adoption: AdoptionPolicy) -> Result<Plan<K>>
where
    K: Resource<DynamicType = ()> + Clone + Serialize,
{
    if let Some(seen) = seen {
        may_take(seen, owner, adoption)?;
    }
    let object = called(wanted);
    let mut wanted = wanted.clone();
    sign(&mut wanted, owner)?;
    let Some(seen) = seen else {
        let changes = Changes::from_iter([format!("applied {object}")]);
        return Ok(Plan { wanted, changes });
    };
    let mut paths = differing(&json(seen, &object)?, &json(&wanted, &object)?);
    if paths.is_empty() {
        return Ok(Plan { wanted, changes: Changes::none() });
    }
    // It says that something differs; what does, says more.
    paths.retain(|path| !path.contains(DIGEST));
    let what = if paths.is_empty() { "other content than was applied".to_owned() } else { paths.join(", ") };
    Ok(Plan { wanted, changes: Changes::from_iter([format!("applied {object} ({what})")]) })
}

/// Marks an object as the owner's and as what was applied.
pub fn sign<K>(object: &mut K, owner: &Mark) -> Result<()>
where
    K: Resource<DynamicType = ()> + Serialize,
{
    stamp(object.meta_mut(), &owner.stamp());
    let digest = hex::encode(Sha256::digest(json(object, &called(object))?.to_string()));
    object.annotations_mut().insert(DIGEST.to_owned(), digest);
    Ok(())
}

/// All that an object says, without what the server counts.
fn content<K: Resource<DynamicType = ()> + Serialize>(object: &K) -> Result<Value> {
    let mut value = json(object, &called(object))?;
    if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
        for counted in ["managedFields", "resourceVersion", "generation"] {
            metadata.remove(counted);
        }
    }
    Ok(value)
}

/// Whether an object that is there may be written to on behalf of `owner`.
pub fn may_take<K>(seen: &K, owner: &Mark, adoption: AdoptionPolicy) -> Result<()>
where
    K: Resource<DynamicType = ()>,
{
    match judge(&found(Some(seen)), owner, adoption) {
        Verdict::Refuse(refusal) => Err(refusal.into_error(System::Kubernetes, &called(seen))),
        Verdict::Create | Verdict::Keep | Verdict::Adopt | Verdict::Complete => Ok(()),
    }
}

fn called<K: Resource<DynamicType = ()>>(object: &K) -> String {
    let (kind, name) = (K::kind(&()), object.name_any());
    match object.namespace() {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

fn json<K: Serialize>(value: &K, object: &str) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| {
        let remedy = "This is a fault of Plexica: please report it.";
        Error::new(System::Kubernetes, Kind::Invalid, format!("{object} cannot be written as JSON"), remedy)
            .because(error)
    })
}

/// The Kubernetes API's refusals, in our terms.
pub fn failed(error: kube::Error) -> Error {
    let (kind, message, remedy) = match &error {
        kube::Error::Api(status) if matches!(status.code, 401 | 403) => (
            Kind::Denied,
            format!("refused: {}", status.message),
            "Give the operator's service account the rights of the chart's Role.",
        ),
        kube::Error::Api(status) if matches!(status.code, 400 | 422) => {
            (Kind::Invalid, format!("refused: {}", status.message), "Correct the field that the message names.")
        }
        kube::Error::Api(status) => (
            Kind::Unavailable,
            format!("answered {} {}", status.code, status.reason),
            "Nothing, if it passes; it is tried again by itself.",
        ),
        _ => (
            Kind::Unavailable,
            "does not answer".to_owned(),
            "Bring the API server back; this is tried again by itself.",
        ),
    };
    Error::new(System::Kubernetes, kind, message, remedy).because(error)
}
