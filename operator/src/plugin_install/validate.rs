//! Whether an install can be, and what exactly it is then. Pure.

use std::{cmp::Ordering, sync::Arc};

use plexica_backends::workloads::Needs;
use plexica_contract::{
    manifest::{Manifest, Runtime},
    name::{PluginId, PluginVersion, Slug},
};
use plexica_crds::{
    ConditionType, Plugin, PluginInstall, PluginInstallSpec, Reason, Tenant, TenantStatus,
    plugin_install::{Isolation, PluginReference, TenantReference},
    tenant::{AdoptionPolicy, DriftPolicy},
};
use serde_json::Value;

use super::resolve::{requirement, resolve};
use crate::{plugin, problem::Problem, rotation::Policy, settings::Settings};

/// The database that `Shared` workloads serve.
const SHARED_PLACEMENT: &str = "default";

/// What the install refers to, as it was seen.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// Its tenant.
    pub tenant: Option<Arc<Tenant>>,
    /// All catalogue entries of its plugin.
    pub catalogue: Vec<Arc<Plugin>>,
    /// All other installs that name its tenant.
    pub siblings: Vec<Arc<PluginInstall>>,
}

/// An install that can be.
#[derive(Clone, Debug)]
pub struct Valid {
    /// Its tenant.
    pub slug: Slug,
    /// The named database of the tenant.
    pub placement: String,
    /// Whether retained data is taken back, as the tenant says.
    pub adoption: AdoptionPolicy,
    /// What becomes of what others change: as the install says, or else the tenant.
    pub drift: DriftPolicy,
    /// When what it signs in with is replaced.
    pub rotation: Policy,
    /// The version it is to be at.
    pub manifest: Manifest,
    /// Uid of that version's catalogue entry.
    pub plugin_uid: String,
    /// Permissions in force.
    pub permissions: Vec<String>,
    /// Its configuration, checked.
    pub config: Value,
    /// Whether it is to be routed.
    pub enabled: bool,
    /// Whether it is not to be, because its tenant is suspended.
    pub suspended: bool,
    /// Who shares its workload.
    pub isolation: Isolation,
    /// The version whose migrations ran last.
    pub migrated: Option<PluginVersion>,
    /// Uid of the install.
    pub uid: String,
}

/// What the install is to be.
///
/// # Errors
/// The first thing that stands in its way.
pub fn validate(install: &PluginInstall, references: &References, settings: &Settings) -> Result<Valid, Problem> {
    let References { tenant, catalogue, siblings } = references;
    let PluginInstallSpec {
        tenant_ref: TenantReference { name: tenant_name },
        plugin: reference,
        enabled,
        config,
        isolation,
        granted_permissions,
        deletion_policy: _, // matters when it goes
        drift_policy,
    } = &install.spec;

    let slug: Slug = tenant_name
        .parse()
        .map_err(|error| Problem::new(Reason::InvalidSpec, format!("spec.tenantRef.name {error}.")))?;
    let id: PluginId =
        reference.id.parse().map_err(|error| Problem::new(Reason::InvalidSpec, format!("spec.plugin.id {error}.")))?;
    allowed(install, &slug, settings)?;
    let tenant = ready(&slug, tenant.as_deref())?;
    oldest(install, &slug, siblings, settings)?;
    let plugin = resolve(reference, catalogue.iter().map(AsRef::as_ref))?;
    let manifest = plugin::validate(&plugin.spec)?;
    runnable(&manifest.runtime, settings.needs)?;
    let migrated = forward(install, reference, &manifest.version)?;
    configured(&manifest, config)?;
    let permissions = granted(&manifest, granted_permissions.as_deref())?;
    let runs = *enabled && !tenant.spec.suspend;
    // What does not run needs no other, and none of a suspended tenant's is routed.
    if runs {
        required(&manifest, siblings)?;
    }
    let placement = placed(tenant, *isolation, settings)?;

    debug_assert_eq!(id, manifest.id, "resolved by id");
    Ok(Valid {
        slug,
        placement,
        adoption: tenant.spec.adoption_policy,
        drift: drift_policy.unwrap_or(tenant.spec.drift_policy),
        rotation: match isolation {
            Isolation::Shared => Policy::of_plugin(catalogue.iter().map(AsRef::as_ref), settings),
            // The tenant itself says what of its spec cannot be; until it is corrected nothing is replaced.
            Isolation::Dedicated => Policy::of_tenant(tenant, settings).unwrap_or_default(),
        },
        plugin_uid: plugin.metadata.uid.clone().unwrap_or_default(),
        manifest,
        permissions,
        config: config.clone(),
        enabled: runs,
        suspended: tenant.spec.suspend,
        isolation: *isolation,
        migrated,
        uid: install.metadata.uid.clone().unwrap_or_default(),
    })
}

/// In a tenant's namespace only that tenant may be named; in the platform's, any.
pub fn allowed(install: &PluginInstall, slug: &Slug, settings: &Settings) -> Result<(), Problem> {
    let namespace = install.metadata.namespace.as_deref().unwrap_or_default();
    let own = settings.prefixes.namespace(slug);
    if namespace == own || namespace == settings.namespace {
        return Ok(());
    }
    Err(Problem::new(
        Reason::TenantNotAllowed,
        format!(
            "an install in {namespace} may not name the tenant {slug}: move it to {own} or to {}.",
            settings.namespace
        ),
    ))
}

fn ready<'a>(slug: &Slug, tenant: Option<&'a Tenant>) -> Result<&'a Tenant, Problem> {
    let Some(tenant) = tenant else {
        return Err(Problem::new(Reason::TenantNotFound, format!("there is no tenant {slug}: apply it.")));
    };
    if tenant.metadata.deletion_timestamp.is_some() {
        return Err(Problem::new(Reason::TenantNotReady, format!("the tenant {slug} is being removed.")));
    }
    let conditions = tenant.status.as_ref().map_or(&[][..], |TenantStatus { conditions, .. }| conditions);
    // What a plugin stands on; it need not wait for realm and bucket.
    for needed in [ConditionType::DatabaseReady, ConditionType::NamespaceReady] {
        if !conditions.iter().any(|condition| condition.type_ == needed.as_str() && condition.status == "True") {
            return Err(Problem::new(Reason::TenantNotReady, format!("the tenant {slug} is not {needed} yet.")));
        }
    }
    Ok(tenant)
}

/// Of several installs of one plugin for one tenant the oldest is in force, even while it goes.
fn oldest(
    install: &PluginInstall,
    slug: &Slug,
    siblings: &[Arc<PluginInstall>],
    settings: &Settings,
) -> Result<(), Problem> {
    let rival = siblings.iter().find(|other| {
        other.spec.plugin.id == install.spec.plugin.id
            && allowed(other, slug, settings).is_ok()
            && seniority(other, install) == Ordering::Less
    });
    rival.map_or(Ok(()), |rival| {
        let (namespace, name) = (rival.metadata.namespace.as_deref(), rival.metadata.name.as_deref());
        Err(Problem::new(
            Reason::DuplicateInstall,
            format!(
                "{}/{} already installs {} for the tenant {slug}, and the older one is in force: delete one of the two.",
                namespace.unwrap_or_default(),
                name.unwrap_or_default(),
                install.spec.plugin.id
            ),
        ))
    })
}

fn seniority(one: &PluginInstall, other: &PluginInstall) -> Ordering {
    let key = |install: &PluginInstall| {
        let metadata = &install.metadata;
        (metadata.creation_timestamp.clone(), metadata.namespace.clone(), metadata.name.clone())
    };
    key(one).cmp(&key(other))
}

fn runnable(runtime: &Runtime, needs: Needs) -> Result<(), Problem> {
    let missing = match needs {
        Needs::Image if runtime.image.is_none() => "spec.runtime.image, and workloads run as containers here",
        Needs::Command if runtime.command.is_empty() => "spec.runtime.command, and workloads run as processes here",
        Needs::Image | Needs::Command => return Ok(()),
    };
    Err(Problem::new(Reason::WorkloadUnsupported, format!("the Plugin has no {missing}: add it.")))
}

/// Migrations go forward only.
fn forward(
    install: &PluginInstall,
    reference: &PluginReference,
    version: &PluginVersion,
) -> Result<Option<PluginVersion>, Problem> {
    let status = install.status.as_ref();
    let migrated = status.and_then(|status| status.migrated_version.as_deref()?.parse::<PluginVersion>().ok());
    match migrated {
        Some(migrated) if migrated > *version => Err(Problem::new(
            Reason::InvalidSpec,
            format!(
                "spec.plugin.version {:?} leads to {version}, but the data is at {migrated} already and migrations do not go back: ask for {migrated} or a newer version.",
                reference.version
            ),
        )),
        migrated => Ok(migrated),
    }
}

fn configured(manifest: &Manifest, config: &Value) -> Result<(), Problem> {
    let Some(configuration) = &manifest.configuration else {
        let empty = config.as_object().is_none_or(serde_json::Map::is_empty);
        return if empty {
            Ok(())
        } else {
            Err(Problem::new(
                Reason::InvalidConfig,
                format!("{} {} takes no configuration: remove spec.config.", manifest.id, manifest.version),
            ))
        };
    };
    // plugin::validate has built it before; an error here is the same mistake.
    let validator = plugin::validator(&configuration.schema)
        .map_err(|error| Problem::new(Reason::InvalidManifest, format!("spec.configuration.schema: {error}.")))?;
    let mistakes: Vec<String> = validator
        .iter_errors(config)
        .take(10)
        .map(|error| format!("spec.config{} {}", error.instance_path().to_string().replace('/', "."), error.masked()))
        .collect();
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(Problem::new(Reason::InvalidConfig, format!("{}.", mistakes.join("; "))))
    }
}

fn granted(manifest: &Manifest, granted: Option<&[String]>) -> Result<Vec<String>, Problem> {
    let declared: Vec<&String> = manifest.permissions.iter().map(|permission| &permission.key).collect();
    let Some(granted) = granted else {
        return Ok(declared.into_iter().cloned().collect());
    };
    let strange: Vec<&str> = granted.iter().filter(|key| !declared.contains(key)).map(String::as_str).collect();
    if !strange.is_empty() {
        return Err(Problem::new(
            Reason::PermissionNotDeclared,
            format!(
                "spec.grantedPermissions holds {}, which {} {} does not declare: remove it.",
                strange.join(", "),
                manifest.id,
                manifest.version
            ),
        ));
    }
    // In the manifest's order, so that the order in the spec changes nothing.
    Ok(declared.into_iter().filter(|key| granted.contains(key)).cloned().collect())
}

fn required(manifest: &Manifest, siblings: &[Arc<PluginInstall>]) -> Result<(), Problem> {
    for needed in manifest.requires.iter().filter(|needed| !needed.optional) {
        let wanted = requirement(&needed.version)?;
        let met = siblings.iter().any(|sibling| {
            let serving = sibling.status.as_ref().filter(|status| status.route.is_some());
            let version = serving.and_then(|status| status.version.as_deref()?.parse::<PluginVersion>().ok());
            sibling.spec.plugin.id == needed.plugin && version.is_some_and(|version| wanted.matches(version.semver()))
        });
        if !met {
            return Err(Problem::new(
                Reason::RequirementNotMet,
                format!(
                    "{} {} needs {} {} to be installed and routed for this tenant: install that first.",
                    manifest.id, manifest.version, needed.plugin, needed.version
                ),
            ));
        }
    }
    Ok(())
}

/// The tenant's database, if workloads of that isolation may run here and serve it.
fn placed(tenant: &Tenant, isolation: Isolation, settings: &Settings) -> Result<String, Problem> {
    const NOT_HERE: &str =
        "plugins may not run in tenants' namespaces here (PLEXICA_DEDICATED_PLUGINS, the chart's dedicatedPlugins)";
    let placement = tenant.spec.database.placement.clone();
    let only_dedicated = placement != SHARED_PLACEMENT;
    let why = match (isolation, only_dedicated, settings.dedicated) {
        (Isolation::Shared, false, _) | (Isolation::Dedicated, _, true) => return Ok(placement),
        (Isolation::Dedicated, false, false) => {
            format!("spec.isolation is Dedicated and {NOT_HERE}: set it to Shared.")
        }
        (Isolation::Shared, true, true) => format!(
            "the tenant's data is in the database {placement:?} and Shared workloads serve {SHARED_PLACEMENT:?} alone: set spec.isolation to Dedicated."
        ),
        (_, true, false) => format!(
            "the tenant's data is in the database {placement:?}, which Dedicated workloads alone serve, and {NOT_HERE}: allow them, or make a tenant in {SHARED_PLACEMENT:?}."
        ),
    };
    Err(Problem::new(Reason::InvalidSpec, why))
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
