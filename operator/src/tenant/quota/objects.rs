//! The objects of a plan in the tenant's namespace.

use std::fmt::Debug;

use jiff::Timestamp;
use k8s_openapi::{
    NamespaceResourceScope,
    api::core::v1::{LimitRange, ResourceQuota},
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, Preconditions},
};
use plexica_backends::{
    Changes, Result,
    object::{self, failed},
    ownership::Mark,
};
use plexica_crds::tenant::AdoptionPolicy;
use serde::{Serialize, de::DeserializeOwned};

use super::desired::NAME;
use crate::tenant::validate::Valid;

/// Both objects, as they are to be or as they are.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// What all containers together may have.
    pub quota: Option<ResourceQuota>,
    /// What holds for a container that does not say it.
    pub range: Option<LimitRange>,
}

impl Objects {
    /// Changes whenever what is applied does.
    pub fn digest(&self, owner: &Mark) -> String {
        let Self { quota, range } = self;
        let quota = quota.as_ref().map(|quota| object::digest(quota, owner));
        plexica_backends::digest(&(quota, range.as_ref().map(|range| object::digest(range, owner))))
    }

    /// Whether something of it is not there at all.
    pub fn is_missing_in(&self, seen: &Self) -> bool {
        (self.quota.is_some() && seen.quota.is_none()) || (self.range.is_some() && seen.range.is_none())
    }
}

/// Reads both.
pub async fn observe(client: &Client, namespace: &str) -> Result<Objects> {
    let quotas: Api<ResourceQuota> = Api::namespaced(client.clone(), namespace);
    let ranges: Api<LimitRange> = Api::namespaced(client.clone(), namespace);
    let (quota, range) = futures::try_join!(quotas.get_opt(NAME), ranges.get_opt(NAME)).map_err(failed)?;
    Ok(Objects { quota, range })
}

/// Writes what differs, and removes what is ours and not wanted.
pub async fn ensure(client: &Client, valid: &Valid, wanted: &Objects, seen: &Objects) -> Result<Changes> {
    let Objects { quota, range } = wanted;
    let mut changes = Changes::none();
    // What holds for who says nothing is there as long as saying nothing would be refused.
    if range.is_some() {
        changes.join(bring(client, valid, range.as_ref(), seen.range.as_ref()).await?);
    }
    changes.join(bring(client, valid, quota.as_ref(), seen.quota.as_ref()).await?);
    if range.is_none() {
        changes.join(bring(client, valid, None, seen.range.as_ref()).await?);
    }
    Ok(changes)
}

/// What [`ensure`] would write.
pub async fn differences(client: &Client, valid: &Valid, wanted: &Objects, seen: &Objects) -> Result<Changes> {
    let Objects { quota, range } = wanted;
    let mut changes = compare(client, valid, range.as_ref(), seen.range.as_ref()).await?;
    changes.join(compare(client, valid, quota.as_ref(), seen.quota.as_ref()).await?);
    Ok(changes)
}

/// What of `seen` is not as it is to be, as far as can be said without the server.
pub fn unlike(valid: &Valid, wanted: &Objects, seen: &Objects) -> Result<Changes> {
    let Objects { quota, range } = wanted;
    let mut changes = look(valid, range.as_ref(), seen.range.as_ref())?;
    changes.join(look(valid, quota.as_ref(), seen.quota.as_ref())?);
    Ok(changes)
}

/// Marks both as retained.
pub async fn retain(client: &Client, namespace: &str, owner: &Mark, now: Timestamp) -> Result<()> {
    let Objects { quota, range } = observe(client, namespace).await?;
    if let Some(quota) = &quota {
        object::retain(&Api::namespaced(client.clone(), namespace), quota, owner, now).await?;
    }
    if let Some(range) = &range {
        object::retain(&Api::namespaced(client.clone(), namespace), range, owner, now).await?;
    }
    Ok(())
}

async fn bring<K>(client: &Client, valid: &Valid, wanted: Option<&K>, seen: Option<&K>) -> Result<Changes>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug,
{
    let (owner, adoption) = (&valid.mark, valid.adoption);
    let api: Api<K> = Api::namespaced(client.clone(), &valid.namespace);
    let Some(wanted) = wanted else {
        return match seen.filter(|seen| is_ours(*seen, owner, adoption)) {
            Some(seen) => remove(&api, seen).await,
            None => Ok(Changes::none()),
        };
    };
    if let Some(seen) = seen {
        object::take_back(&api, seen, owner, adoption).await?;
    }
    object::apply(&api, wanted, seen, owner, adoption).await
}

async fn compare<K>(client: &Client, valid: &Valid, wanted: Option<&K>, seen: Option<&K>) -> Result<Changes>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug,
{
    match wanted {
        Some(wanted) => {
            let api: Api<K> = Api::namespaced(client.clone(), &valid.namespace);
            object::differences(&api, wanted, seen, &valid.mark, valid.adoption).await
        }
        None => look(valid, None, seen),
    }
}

fn look<K>(valid: &Valid, wanted: Option<&K>, seen: Option<&K>) -> Result<Changes>
where
    K: Resource<DynamicType = ()> + Clone + Serialize,
{
    match (wanted, seen) {
        (Some(wanted), Some(seen)) => object::changes(wanted, seen, &valid.mark, valid.adoption),
        (Some(_), None) => Ok(Changes::from_iter([format!("applied {} {NAME}", K::kind(&()))])),
        (None, Some(seen)) if is_ours(seen, &valid.mark, valid.adoption) => Ok(removed::<K>()),
        (None, _) => Ok(Changes::none()),
    }
}

/// What somebody else made by that name is theirs.
fn is_ours<K: Resource<DynamicType = ()>>(seen: &K, owner: &Mark, adoption: AdoptionPolicy) -> bool {
    object::may_take(seen, owner, adoption).is_ok()
}

async fn remove<K>(api: &Api<K>, seen: &K) -> Result<Changes>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let exactly = Preconditions { uid: seen.uid(), resource_version: None };
    match api.delete(NAME, &DeleteParams { preconditions: Some(exactly), ..DeleteParams::default() }).await {
        Ok(_) => Ok(removed::<K>()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Changes::none()),
        Err(error) => Err(failed(error)),
    }
}

fn removed<K: Resource<DynamicType = ()>>() -> Changes {
    Changes::from_iter([format!("removed {} {NAME}", K::kind(&()))])
}
