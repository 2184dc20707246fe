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

use super::{covers::covers, found, stamp};
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
    if let Some(seen) = seen {
        may_take(seen, owner, adoption)?;
    }
    let object = called(wanted);
    let mut wanted = wanted.clone();
    stamp(wanted.meta_mut(), &owner.stamp());
    let digest = hex::encode(Sha256::digest(json(&wanted, &object)?.to_string()));
    wanted.annotations_mut().insert(DIGEST.to_owned(), digest);
    if let Some(seen) = seen
        && covers(&json(seen, &object)?, &json(&wanted, &object)?)
    {
        return Ok(Changes::none());
    }
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let applied = api.patch(&wanted.name_any(), &params, &Patch::Apply(&wanted)).await.map_err(failed)?;
    // The server may keep a value in another form, so that only it can say that nothing differs.
    if seen.is_some_and(|seen| seen.uid() == applied.uid() && seen.resource_version() == applied.resource_version()) {
        return Ok(Changes::none());
    }
    Ok(Changes::from_iter([format!("applied {object}")]))
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
