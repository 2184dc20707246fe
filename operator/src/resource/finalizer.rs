//! The one finalizer.

use std::fmt::Debug;

use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use plexica_crds::label::FINALIZER;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Adds the finalizer unless it is there; the answer is the object as it is then.
///
/// # Errors
/// When the API refuses; 409 if the object changed meanwhile.
pub async fn add_finalizer<K>(api: &Api<K>, object: K) -> Result<K, kube::Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    if object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(object);
    }
    let finalizers: Vec<_> = object.finalizers().iter().cloned().chain([FINALIZER.to_owned()]).collect();
    patch(api, &object, &finalizers).await
}

/// Removes the finalizer, so that the object goes. One that is gone is a success.
///
/// # Errors
/// When the API refuses; 409 if the object changed meanwhile.
pub async fn remove_finalizer<K>(api: &Api<K>, object: &K) -> Result<(), kube::Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let finalizers: Vec<_> = object.finalizers().iter().filter(|finalizer| *finalizer != FINALIZER).cloned().collect();
    match patch(api, object, &finalizers).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error),
    }
}

/// A merge patch replaces the whole list, so it holds only for the object as it was read.
async fn patch<K>(api: &Api<K>, object: &K, finalizers: &[String]) -> Result<K, kube::Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let metadata = json!({ "resourceVersion": object.resource_version(), "finalizers": finalizers });
    let patch = json!({ "metadata": metadata });
    api.patch(&object.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await
}
