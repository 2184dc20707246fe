//! A tenant goes: its installs first, then each part by the deletion policy. Does not validate.

use kube::{Api, ResourceExt, api::DeleteParams};
use plexica_backends::{Retired, System, s3::bucket, workloads::Counts};
use plexica_contract::name::{Slug, postgres};
use plexica_crds::{
    PluginInstall, Reason, Tenant,
    label::{ABANDON, DRY_RUN},
    tenant::{AdoptionPolicy, DriftPolicy, FinalBackupStatus, IdentitySpec},
};

use super::{
    Part,
    backup::{self, Place},
    confirm::confirmed,
    credential::Credentials,
    desired,
    farewell::{Leaving, PartName},
    namespace,
    validate::Valid,
};
use crate::{
    context::Context,
    plugin_install::of_tenant,
    problem::Problem,
    resource::{Fate, Parted, abandoned, abandoned_by, is_paused, is_rehearsed, namespaced, uid},
    rotation::Policy,
};

/// Removes what may be removed, and says how far that came.
pub async fn cleanup(context: &Context, tenant: &Tenant) -> Leaving {
    // A name that is no slug never had parts.
    let Ok(slug) = tenant.name_any().parse::<Slug>() else {
        return Leaving::default();
    };
    let abandoned = match confirmed(tenant).and_then(|()| abandoned_parts(tenant)) {
        Ok(abandoned) => abandoned,
        Err(problem) => return Leaving::held(vec![problem]),
    };
    if let Err(problem) = backup::made(tenant, &context.settings) {
        return Leaving::held(vec![problem]);
    }
    match installs(context, &slug).await {
        Ok(holding) if holding.is_empty() => Box::pin(parts(context, tenant, slug, &abandoned)).await,
        Ok(holding) => Leaving::held(holding),
        Err(problem) => Leaving::held(vec![problem.of_part("installs")]),
    }
}

/// Makes the final backup, if it is due there.
///
/// # Errors
/// What is in the way of it.
pub async fn back_up(context: &Context, tenant: &Tenant, place: &Place) -> Result<FinalBackupStatus, Problem> {
    let slug = tenant
        .name_any()
        .parse::<Slug>()
        .map_err(|error| Problem::new(Reason::InvalidSpec, format!("metadata.name {error}.")))?;
    let abandoned = abandoned_parts(tenant)?;
    let valid = unvalidated(context, tenant, slug);
    Box::pin(backup::make(context, tenant, &valid, &abandoned, place)).await
}

/// Where a backup is to be made before anything goes; not before the deletion is what was meant.
pub fn backup_due(context: &Context, tenant: &Tenant) -> Option<Place> {
    let meant =
        tenant.name_any().parse::<Slug>().is_ok() && confirmed(tenant).is_ok() && abandoned_parts(tenant).is_ok();
    backup::due(tenant, &context.settings).filter(|_| meant)
}

/// The parts of a tenant that people have given up on.
///
/// # Errors
/// When there is no part of a name that they gave.
pub fn abandoned_parts(tenant: &Tenant) -> Result<Vec<&'static str>, Problem> {
    abandoned(tenant, &PartName::ALL.map(PartName::as_str))
}

/// Deletes the installs that name the tenant; what is left of them holds it up. Read from the API,
/// not from the cache: an install made a moment ago counts.
async fn installs(context: &Context, slug: &Slug) -> Result<Vec<Problem>, Problem> {
    let mut holding = Vec::new();
    for install in of_tenant(context, slug.as_str()).await? {
        let (namespace, name) = (install.namespace().unwrap_or_default(), install.name_any());
        if !belongs(context, slug, &namespace) {
            continue;
        }
        if is_paused(&install) {
            let message = format!("waits for the install {namespace}/{name}, which is paused.");
            holding.push(Problem::new(Reason::Paused, message));
            continue;
        }
        if is_rehearsed(&install) {
            let message = format!("waits for the install {namespace}/{name}, which has the annotation {DRY_RUN}.");
            holding.push(Problem::new(Reason::DryRun, message));
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

/// Nothing can be marked, closed or removed there, and nothing is said to be.
fn unknown_placement(placement: &str) -> Problem {
    let message = format!(
        "the database \"{placement}\", which has the tenant's schema, is not configured any more: configure it again, or \
         set the annotation {ABANDON} to database to leave the schema there as it is."
    );
    Problem::new(Reason::UnknownPlacement, message)
}

/// Installs elsewhere were never allowed to name the tenant, so they have nothing of it.
fn belongs(context: &Context, slug: &Slug, namespace: &str) -> bool {
    namespace == context.settings.namespace || namespace == context.settings.prefixes.namespace(slug)
}

async fn parts(context: &Context, tenant: &Tenant, slug: Slug, abandoned: &[&str]) -> Leaving {
    let valid = unvalidated(context, tenant, slug);
    let policy = tenant.spec.deletion_policy;
    let database = async {
        let provisioner = match context.databases.get(&valid.placement) {
            Ok(provisioner) => provisioner,
            // It never was there, or what is there stays as it is.
            Err(_) if tenant.status.as_ref().is_none_or(|status| status.database.is_none()) => {
                return Ok(Retired::Gone);
            }
            Err(_) => return Err(unknown_placement(&valid.placement)),
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
        let limited = context.settings.counts == Counts::Pods;
        let retired = namespace::retire(&context.client, &valid.namespace, &valid.mark, policy, limited);
        context.tried(System::Kubernetes, "retire", retired).await
    };
    let given_up = |part: PartName| {
        let by = abandoned_by(tenant).map(str::to_owned);
        abandoned.contains(&part.as_str()).then_some(Fate::Abandoned { by })
    };
    let (database, identity, storage, namespace) = futures::join!(
        fate(given_up(PartName::Database), database),
        fate(given_up(PartName::Identity), identity),
        fate(given_up(PartName::Storage), storage),
        fate(given_up(PartName::Namespace), namespace),
    );
    Leaving::of(vec![
        Parted {
            part: PartName::Database,
            object: format!("schema {}", postgres::tenant(&valid.slug)),
            fate: database,
        },
        Parted { part: PartName::Identity, object: format!("realm {}", valid.realm), fate: identity },
        Parted { part: PartName::Storage, object: format!("bucket {}", valid.bucket), fate: storage },
        Parted { part: PartName::Namespace, object: format!("namespace {}", valid.namespace), fate: namespace },
    ])
}

/// What was given up is not even looked at: its backend may hang.
async fn fate(given_up: Option<Fate>, retire: impl Future<Output = Part<Retired>>) -> Part<Fate> {
    match given_up {
        Some(fate) => Ok(fate),
        None => retire.await.map(Fate::Retired),
    }
}

/// Names and marks do not depend on whether the spec can be.
pub fn unvalidated(context: &Context, tenant: &Tenant, slug: Slug) -> Valid {
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
        rotation: Policy::default(),
        born: None,
        namespace: settings.prefixes.namespace(&slug),
        realm: settings.prefixes.realm(&slug),
        bucket: settings.prefixes.bucket(&slug),
        slug,
    }
}
