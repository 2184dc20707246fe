//! A tenant goes: its installs first, then each part by the deletion policy. Does not validate.

use kube::{Api, ResourceExt, api::DeleteParams};
use plexica_backends::{Retired, System, s3::bucket};
use plexica_contract::name::Slug;
use plexica_crds::{
    PluginInstall, Reason, Tenant,
    tenant::{AdoptionPolicy, DeletionPolicy, DriftPolicy, IdentitySpec},
};

use super::{confirm::confirmed, credential::Credentials, desired, namespace, validate::Valid};
use crate::{
    context::Context,
    problem::Problem,
    resource::{is_paused, namespaced, uid},
};

/// What holds the tenant up; nothing means that it can go.
pub async fn cleanup(context: &Context, tenant: &Tenant) -> Vec<Problem> {
    // A name that is no slug never had parts.
    let Ok(slug) = tenant.name_any().parse::<Slug>() else {
        return Vec::new();
    };
    if let Err(problem) = confirmed(tenant) {
        return vec![problem];
    }
    match installs(context, &slug).await {
        Ok(holding) if holding.is_empty() => Box::pin(parts(context, tenant, slug)).await,
        Ok(holding) => holding,
        Err(problem) => vec![problem.of_part("installs")],
    }
}

/// Deletes the installs that name the tenant; what is left of them holds it up. Read from the API,
/// not from the cache: an install made a moment ago counts.
async fn installs(context: &Context, slug: &Slug) -> Result<Vec<Problem>, Problem> {
    let all = Api::<PluginInstall>::all(context.client.clone()).list(&context.selected()).await?;
    let mut holding = Vec::new();
    for install in all.into_iter().filter(|install| install.spec.tenant_ref.name == slug.as_str()) {
        let (namespace, name) = (install.namespace().unwrap_or_default(), install.name_any());
        if !belongs(context, slug, &namespace) {
            continue;
        }
        if is_paused(&install) {
            let message = format!("waits for the install {namespace}/{name}, which is paused.");
            holding.push(Problem::new(Reason::Paused, message));
            continue;
        }
        if install.metadata.deletion_timestamp.is_none() {
            let api: Api<PluginInstall> = namespaced(&context.client, &namespace);
            match api.delete(&name, &DeleteParams::default()).await {
                Ok(_) => {}
                Err(kube::Error::Api(status)) if status.code == 404 => continue,
                Err(error) => return Err(error.into()),
            }
        }
        holding.push(Problem::new(Reason::InUse, format!("waits for the install {namespace}/{name} to be removed.")));
    }
    Ok(holding)
}

/// Installs elsewhere were never allowed to name the tenant, so they have nothing of it.
fn belongs(context: &Context, slug: &Slug, namespace: &str) -> bool {
    namespace == context.settings.namespace || namespace == context.settings.prefixes.namespace(slug)
}

async fn parts(context: &Context, tenant: &Tenant, slug: Slug) -> Vec<Problem> {
    let valid = unvalidated(context, tenant, slug);
    let policy = tenant.spec.deletion_policy;
    let database = async {
        let provisioner = match context.databases.get(&valid.placement) {
            Ok(provisioner) => provisioner,
            // It never was there, or what is there stays as it is.
            Err(_) if tenant.status.as_ref().is_none_or(|status| status.database.is_none()) => {
                return Ok(Retired::Gone);
            }
            Err(_) if policy == DeletionPolicy::Retain => return Ok(Retired::Kept),
            Err(error) => return Err(Problem::from(error)),
        };
        let desired = desired::database(&valid);
        let retired = plexica_backends::postgres::tenant::retire(provisioner, &desired, policy);
        context.tried(System::Postgres, "retire", retired).await
    };
    let identity = async {
        let desired = desired::identity(&valid, &context.settings, &Credentials::default());
        let retired = context.realms.retire(&desired, policy);
        context.tried(System::Keycloak, "retire", retired).await
    };
    let storage = async {
        let desired = desired::storage(&valid);
        let retired = bucket::retire(&context.store, &context.intents, &desired, policy);
        context.tried(System::S3, "retire", retired).await
    };
    let namespace = async {
        let retired = namespace::retire(&context.client, &valid.namespace, &valid.mark, policy);
        context.tried(System::Kubernetes, "retire", retired).await
    };
    let (database, identity, storage, namespace) = futures::join!(database, identity, storage, namespace);
    let mut holding = Vec::new();
    for (part, result) in
        [("database", database), ("identity", identity), ("storage", storage), ("namespace", namespace)]
    {
        match result {
            Ok(retired) => tracing::info!(tenant = %valid.slug, part, ?retired, "retired"),
            Err(problem) => holding.push(problem.of_part(part)),
        }
    }
    holding
}

/// Names and marks do not depend on whether the spec can be.
fn unvalidated(context: &Context, tenant: &Tenant, slug: Slug) -> Valid {
    let settings = &context.settings;
    Valid {
        mark: settings.tenant_mark(&slug, &uid(tenant)),
        display_name: tenant.spec.display_name.clone(),
        admin: None,
        domains: Vec::new(),
        identity: IdentitySpec::default(),
        placement: tenant.spec.database.placement.clone(),
        adoption: AdoptionPolicy::Never,
        drift: DriftPolicy::default(),
        namespace: settings.prefixes.namespace(&slug),
        realm: settings.prefixes.realm(&slug),
        bucket: settings.prefixes.bucket(&slug),
        slug,
    }
}
