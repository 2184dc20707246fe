//! The tenant's namespace.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, ObjectMeta, Preconditions},
};
use plexica_backends::{
    Changes, Result, Retired,
    object::{self, failed},
    ownership::{Mark, Parting, judge_retired},
};
use plexica_contract::name::Slug;
use plexica_crds::{
    label,
    tenant::{AdoptionPolicy, DeletionPolicy},
};

use super::{quota, secret};

/// What should be there. Pure.
pub fn wanted(slug: &Slug, name: &str) -> Namespace {
    let labels = [(label::TENANT.to_owned(), slug.to_string())].into();
    Namespace {
        metadata: ObjectMeta { name: Some(name.into()), labels: Some(labels), ..Default::default() },
        ..Default::default()
    }
}

/// Whether it is on its way out, so that nothing can be made in it.
pub fn terminating(namespace: &Namespace) -> bool {
    namespace.metadata.deletion_timestamp.is_some()
}

/// Reads it.
pub async fn observe(client: &Client, name: &str) -> Result<Option<Namespace>> {
    Api::<Namespace>::all(client.clone()).get_opt(name).await.map_err(failed)
}

/// Writes what differs.
pub async fn ensure(
    client: &Client,
    wanted: &Namespace,
    seen: Option<&Namespace>,
    owner: &Mark,
    adoption: AdoptionPolicy,
) -> Result<Changes> {
    let api: Api<Namespace> = Api::all(client.clone());
    let mut changes = Changes::none();
    if let Some(seen) = seen
        && object::take_back(&api, seen, owner, adoption).await?
    {
        changes.note(taken_back(seen));
    }
    changes.join(object::apply(&api, wanted, seen, owner, adoption).await?);
    Ok(changes)
}

/// What [`ensure`] would write.
pub async fn differences(
    client: &Client,
    wanted: &Namespace,
    seen: Option<&Namespace>,
    owner: &Mark,
    adoption: AdoptionPolicy,
) -> Result<Changes> {
    let api: Api<Namespace> = Api::all(client.clone());
    let differs = object::differences(&api, wanted, seen, owner, adoption).await?;
    let mut changes: Changes = seen.filter(|seen| retained(seen)).map(taken_back).into_iter().collect();
    changes.join(differs);
    Ok(changes)
}

fn retained(seen: &Namespace) -> bool {
    seen.annotations().contains_key(label::RETAINED_AT)
}

fn taken_back(seen: &Namespace) -> String {
    format!("took back namespace {}", seen.name_any())
}

/// Marks it and what is the tenant's in it as retained, or removes it with all that is in it. `limited`
/// says whether the objects of plans can be there.
pub async fn retire(
    client: &Client,
    name: &str,
    owner: &Mark,
    policy: DeletionPolicy,
    limited: bool,
) -> Result<Retired> {
    let api: Api<Namespace> = Api::all(client.clone());
    let seen = api.get_opt(name).await.map_err(failed)?;
    let parting = judge_retired(&object::found(seen.as_ref()), owner);
    let Some(seen) = seen else {
        return Ok(Retired::Gone);
    };
    match (parting, policy) {
        (Parting::Gone, _) => Ok(Retired::Gone),
        (Parting::Leave, _) => Ok(Retired::Foreign),
        (Parting::Part | Parting::Retained, DeletionPolicy::Retain) => {
            let now = Timestamp::now();
            // The namespace last: what it says holds for all that is in it.
            for secret in secrets(client, name).await? {
                object::retain(&Api::namespaced(client.clone(), name), &secret, owner, now).await?;
            }
            if limited {
                quota::retain(client, name, owner, now).await?;
            }
            object::retain(&api, &seen, owner, now).await?;
            Ok(Retired::Kept)
        }
        (Parting::Part | Parting::Retained, DeletionPolicy::Delete) if terminating(&seen) => Ok(Retired::Removed),
        (Parting::Part | Parting::Retained, DeletionPolicy::Delete) => {
            let exactly = Preconditions { uid: seen.meta().uid.clone(), resource_version: None };
            let params = DeleteParams { preconditions: Some(exactly), ..DeleteParams::background() };
            match api.delete(name, &params).await {
                Ok(_) => Ok(Retired::Removed),
                Err(kube::Error::Api(status)) if status.code == 404 => Ok(Retired::Gone),
                Err(error) => Err(failed(error)),
            }
        }
    }
}

/// The Secrets that tenants have.
async fn secrets(client: &Client, namespace: &str) -> Result<impl Iterator<Item = Secret>> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let (identity, storage) =
        futures::try_join!(api.get_opt(secret::IDENTITY), api.get_opt(secret::STORAGE)).map_err(failed)?;
    Ok(identity.into_iter().chain(storage))
}
