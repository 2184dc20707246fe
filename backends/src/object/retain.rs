//! Marking an object as retained, and taking it back.

use std::fmt::Debug;

use jiff::Timestamp;
use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use plexica_crds::{label::RETAINED_AT, tenant::AdoptionPolicy};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{failed, found, may_take};
use crate::{
    Result,
    ownership::{Mark, Parting, judge_retired},
};

/// Marks what is the owner's with the time, unless it was before. Whether it is the owner's.
pub async fn retain<K>(api: &Api<K>, seen: &K, owner: &Mark, now: Timestamp) -> Result<bool>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    match judge_retired(&found(Some(seen)), owner) {
        Parting::Gone | Parting::Leave => Ok(false),
        Parting::Retained => Ok(true),
        Parting::Part => write(api, seen, Some(now)).await.map(|()| true),
    }
}

/// Removes the time from what may be taken back. Whether there was one: nobody owns that field but
/// whoever retained it, so applying without it would keep it.
pub async fn take_back<K>(api: &Api<K>, seen: &K, owner: &Mark, adoption: AdoptionPolicy) -> Result<bool>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    if !seen.annotations().contains_key(RETAINED_AT) {
        return Ok(false);
    }
    may_take(seen, owner, adoption)?;
    write(api, seen, None).await.map(|()| true)
}

async fn write<K>(api: &Api<K>, seen: &K, at: Option<Timestamp>) -> Result<()>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let patch = json!({ "metadata": {
        "resourceVersion": seen.resource_version(),
        "annotations": { RETAINED_AT: at.map(|at| at.to_string()) },
    }});
    api.patch(&seen.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await.map_err(failed)?;
    Ok(())
}
