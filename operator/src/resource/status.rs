//! Writing a status if it differs, and telling what is new in it.

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::object::HasStatus,
    runtime::events::Recorder,
};
use plexica_crds::{PluginInstallStatus, PluginStatus, TenantStatus, label::FIELD_MANAGER};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::event::{notes, publish};

/// A status with conditions.
pub trait Conditioned {
    /// Its conditions.
    fn conditions(&self) -> &[Condition];
}

impl Conditioned for TenantStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

impl Conditioned for PluginStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

impl Conditioned for PluginInstallStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

/// Applies the status of `object` unless it already is that, publishes what is new for people, and
/// gives back the object as it is then.
///
/// The resource version is part of it: two operators never write over each other, the second one
/// gets 409 and looks again.
///
/// # Errors
/// When the API refuses.
pub async fn write_status<K, S>(recorder: &Recorder, api: &Api<K>, object: K, next: &S) -> Result<K, kube::Error>
where
    K: Resource<DynamicType = ()> + HasStatus<Status = S> + Clone + DeserializeOwned + Debug,
    S: Conditioned + PartialEq + Serialize,
{
    if object.status() == Some(next) {
        return Ok(object);
    }
    let news = notes(object.status().map_or(&[], S::conditions), next.conditions());
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": { "resourceVersion": object.resource_version() },
        "status": next,
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let object = api.patch_status(&object.name_any(), &params, &Patch::Apply(&patch)).await?;
    publish(recorder, &object, news).await;
    Ok(object)
}
