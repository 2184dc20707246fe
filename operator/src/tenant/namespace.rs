//! The tenant's namespace.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, ObjectMeta, Patch, PatchParams, Preconditions},
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
use serde_json::json;

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
    if let Some(seen) = seen.filter(|seen| retained(seen)) {
        // Nobody owns this field but whoever retained it, so applying without it would keep it.
        object::may_take(seen, owner, adoption)?;
        retained_at(&api, seen, None).await?;
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

/// Marks it as retained, or removes it with all that is in it.
pub async fn retire(client: &Client, name: &str, owner: &Mark, policy: DeletionPolicy) -> Result<Retired> {
    let api: Api<Namespace> = Api::all(client.clone());
    let seen = api.get_opt(name).await.map_err(failed)?;
    let parting = judge_retired(&object::found(seen.as_ref()), owner);
    let Some(seen) = seen else {
        return Ok(Retired::Gone);
    };
    match (parting, policy) {
        (Parting::Gone, _) => Ok(Retired::Gone),
        (Parting::Leave, _) => Ok(Retired::Foreign),
        (Parting::Retained, DeletionPolicy::Retain) => Ok(Retired::Kept),
        (Parting::Part, DeletionPolicy::Retain) => {
            retained_at(&api, &seen, Some(Timestamp::now())).await?;
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

async fn retained_at(api: &Api<Namespace>, seen: &Namespace, at: Option<Timestamp>) -> Result<()> {
    let patch = json!({ "metadata": {
        "resourceVersion": seen.resource_version(),
        "annotations": { label::RETAINED_AT: at.map(|at| at.to_string()) },
    }});
    api.patch(&seen.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await.map_err(failed)?;
    Ok(())
}
