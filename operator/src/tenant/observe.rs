//! What of a tenant is there. Reads only; each part on its own.

use futures::future::join_all;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Api;
use plexica_backends::{
    System, keycloak,
    object::failed,
    ownership::Found,
    postgres::{self, Provisioner, tenant},
    s3::bucket,
};

use super::{
    Part,
    credential::{self, Credentials},
    desired, namespace, placement, quota, secret,
    validate::Valid,
};
use crate::{context::Context, problem::Problem, resource::namespaced};

/// What is there.
#[derive(Debug)]
pub struct Observed {
    /// Schema and role.
    pub database: Part<postgres::Observed>,
    /// Realm.
    pub identity: Part<keycloak::Observed>,
    /// What its settings refer to.
    pub credentials: Part<Credentials>,
    /// Bucket.
    pub storage: Part<bucket::Observed>,
    /// Namespace.
    pub namespace: Part<Option<Namespace>>,
    /// Secrets.
    pub secrets: Part<Secrets>,
    /// Its plan, and what that has to do with.
    pub quota: quota::Observed,
}

/// The tenant's Secrets.
#[derive(Debug, Default)]
pub struct Secrets {
    /// [`secret::IDENTITY`].
    pub identity: Option<Secret>,
    /// [`secret::STORAGE`].
    pub storage: Option<Secret>,
}

/// Reads all parts at once.
pub async fn observe(context: &Context, valid: &Valid, change: quota::Change) -> Observed {
    let (database, identity, credentials, storage, namespace, secrets, quota) = futures::join!(
        database(context, valid),
        identity(context, valid),
        credential::read(context, valid),
        storage(context, valid),
        async {
            let found = namespace::observe(&context.client, &valid.namespace);
            context.tried(System::Kubernetes, "observe", found).await
        },
        secrets(context, valid),
        Box::pin(quota::observe(context, valid, change)),
    );
    let mut observed = Observed { database, identity, credentials, storage, namespace, secrets, quota };
    if matches!(&observed.database, Ok(seen) if *seen.schema() == Found::Absent) {
        let elsewhere = elsewhere(context, valid).await;
        placement::settle(&mut observed, valid, elsewhere);
    }
    observed
}

/// Schema and role.
pub async fn database(context: &Context, valid: &Valid) -> Part<postgres::Observed> {
    schema(context, valid, context.databases.get(&valid.placement)?).await
}

async fn schema(context: &Context, valid: &Valid, provisioner: &Provisioner) -> Part<postgres::Observed> {
    let desired = desired::database(valid);
    context.tried(System::Postgres, "observe", tenant::observe(provisioner, &desired)).await
}

/// What stands at the schema's name in the other databases.
async fn elsewhere(context: &Context, valid: &Valid) -> Vec<(String, Part<Found>)> {
    let others = context.databases.iter().filter(|(name, _)| *name != valid.placement);
    join_all(others.map(|(name, provisioner)| async move {
        (name.to_owned(), schema(context, valid, provisioner).await.map(|seen| seen.schema().clone()))
    }))
    .await
}

/// Realm.
pub async fn identity(context: &Context, valid: &Valid) -> Part<keycloak::Observed> {
    // Looking takes no secrets.
    let desired = desired::identity(valid, &context.settings, &Credentials::default());
    let found = context.realms.observe(&desired);
    context.tried(System::Keycloak, "observe", found).await
}

/// Bucket.
pub async fn storage(context: &Context, valid: &Valid) -> Part<bucket::Observed> {
    let desired = desired::storage(valid);
    let found = bucket::observe(&context.store, &context.intents, &desired);
    context.tried(System::S3, "observe", found).await
}

async fn secrets(context: &Context, valid: &Valid) -> Part<Secrets> {
    let api: Api<Secret> = namespaced(&context.client, &valid.namespace);
    let (identity, storage) = futures::try_join!(api.get_opt(secret::IDENTITY), api.get_opt(secret::STORAGE))
        .map_err(failed)
        .map_err(Problem::from)?;
    Ok(Secrets { identity, storage })
}
