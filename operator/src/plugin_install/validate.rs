//! Whether an install can be, and what exactly it is then. Pure.

use std::sync::Arc;

use plexica_backends::workloads::Needs;
use plexica_contract::{
    manifest::{Manifest, Runtime},
    name::{PluginId, PluginVersion, Slug},
};
use plexica_crds::{
    ConditionType, Plugin, PluginInstall, PluginInstallSpec, Reason, Tenant, TenantStatus,
    dependency::{Catalogue, Present},
    plugin::Rollout,
    plugin_install::{Isolation, PluginReference, TenantReference},
    tenant::{AdoptionPolicy, DriftPolicy},
};
use serde_json::Value;

use super::{
    quota,
    resolve::required,
    upgrade::{self, Consent, Held, Target, consent, target},
};
use crate::{plugin, problem::Problem, rotation::Policy, settings::Settings};

/// The database that `Shared` workloads serve.
const SHARED_PLACEMENT: &str = "default";

/// What the install refers to, as it was seen.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// Its tenant.
    pub tenant: Option<Arc<Tenant>>,
    /// All catalogue entries of its plugin and of its siblings'.
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
    /// How tenants are brought to that version.
    pub rollout: Rollout,
    /// The problem that the version it wants has already made here.
    pub taken_back: Option<Problem>,
    /// The version that it is to be at and that goes to others first.
    pub waits_for: Option<String>,
    /// The version before, with the uid of its entry, if it is in the catalogue to go back to.
    pub before: Option<(Manifest, String)>,
    /// Whether the version has contract steps that have not run for this tenant.
    pub contracts: bool,
    /// What of its permissions and events is in force.
    pub consent: Consent,
    /// Its configuration, checked.
    pub config: Value,
    /// Words in the plan of its tenant that plugins switch something on by.
    pub features: Vec<String>,
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
    /// What is to be said of the version, though it may be.
    pub notice: Option<Problem>,
}

impl Valid {
    /// Its version for people, and what is to be said of it.
    pub fn resolved(&self) -> (Reason, String) {
        let Manifest { id, version, .. } = &self.manifest;
        match &self.notice {
            None => (Reason::Provisioned, format!("{id} {version}")),
            Some(Problem { reason, message, .. }) => (*reason, format!("{id} {version}; {message}")),
        }
    }
}

/// What the install is to be.
///
/// # Errors
/// The first thing that stands in its way.
pub fn validate(install: &PluginInstall, references: &References, settings: &Settings) -> Result<Valid, Problem> {
    let References { tenant, catalogue: entries, siblings } = references;
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
    let tenant = ready(&slug, tenant.as_deref(), install)?;
    oldest(install, &slug, siblings, settings)?;
    quota::within(install, &slug, tenant, siblings, settings)?;
    let others = || siblings.iter().map(AsRef::as_ref);
    let catalogue = Catalogue::of(entries.iter().map(AsRef::as_ref)).knowing(others());
    let beside = present(install, &slug, others(), &catalogue, settings);
    let Target { plugin, release, notice, held } = target(install, entries, &catalogue, &beside)?;
    let versions: Vec<&Plugin> =
        entries.iter().map(AsRef::as_ref).filter(|entry: &&Plugin| entry.spec.id == reference.id).collect();
    let manifest = plugin::validate(&plugin.spec)?;
    runnable(&manifest.runtime, settings.needs)?;
    let migrated = forward(install, reference, &manifest.version)?;
    // Whoever goes back had it in force already, and must not be kept from it.
    if !matches!(held, Some(Held::TakenBack)) {
        configured(&manifest, config)?;
    }
    declared(&versions, &id, granted_permissions.as_deref())?;
    let of_version = |version: Option<&str>| plugin::entry(entries, &reference.id, version?);
    let before = of_version(install.status.as_ref().and_then(|status| status.version.as_deref()));
    let before = before.and_then(|entry| plugin::validate(&entry.spec).ok());
    let consent = consent(install, &manifest, before.as_ref());
    let oldest = of_version(install.status.as_ref().and_then(|status| status.oldest_version.as_deref()));
    let runs = *enabled && !tenant.spec.suspend;
    // What does not run needs no other, and none of a suspended tenant's is routed. Whoever goes back
    // must not be kept from it: the version that was taken back is no better.
    if runs && !matches!(held, Some(Held::TakenBack)) {
        required(install, &release, &beside)?;
    }
    let placement = placed(tenant, *isolation, settings)?;

    debug_assert_eq!(id, manifest.id, "resolved by id");
    Ok(Valid {
        slug,
        placement,
        adoption: tenant.spec.adoption_policy,
        drift: drift_policy.unwrap_or(tenant.spec.drift_policy),
        rotation: match isolation {
            Isolation::Shared => Policy::of_plugin(versions.iter().copied(), settings),
            // The tenant itself says what of its spec cannot be; until it is corrected nothing is replaced.
            Isolation::Dedicated => Policy::of_tenant(tenant, settings)
                .unwrap_or_else(|_| Policy { overlap: settings.rotation_overlap, ..Policy::default() }),
        },
        plugin_uid: plugin.metadata.uid.clone().unwrap_or_default(),
        // What is not known of the oldest version is taken to be new.
        contracts: manifest.contracts_after(oldest.map_or(&[], |oldest| &oldest.spec.migrations)),
        manifest,
        rollout: plugin.spec.rollout.clone().unwrap_or_default(),
        taken_back: taken_back(install, held),
        waits_for: match held {
            Some(Held::Waiting(wanted)) => Some(wanted.spec.version.clone()),
            Some(Held::TakenBack) | None => None,
        },
        before: of_version(upgrade::of(install).map(|upgrade| upgrade.from.as_str())).and_then(|entry| {
            Some((plugin::validate(&entry.spec).ok()?, entry.metadata.uid.clone().unwrap_or_default()))
        }),
        consent,
        config: match held {
            // What it had, whatever was meant for the version that was taken back.
            Some(Held::TakenBack) => install.config_of(Some(&plugin.spec.version)).unwrap_or(config).clone(),
            Some(Held::Waiting(_)) | None => config.clone(),
        },
        features: features(tenant),
        enabled: runs,
        suspended: tenant.spec.suspend,
        isolation: *isolation,
        migrated,
        uid: install.metadata.uid.clone().unwrap_or_default(),
        notice,
    })
}

/// Other plugins of the tenant, as far as the install may depend on them or they on it. An install
/// that may not name the tenant has no say.
pub fn present<'a, 's>(
    install: &PluginInstall,
    slug: &Slug,
    siblings: impl Iterator<Item = &'s PluginInstall>,
    catalogue: &'a Catalogue,
    settings: &Settings,
) -> Vec<Present<'a>> {
    let of_another = |other: &&PluginInstall| other.spec.plugin.id != install.spec.plugin.id;
    let others = siblings.filter(of_another).filter(|other| allowed(other, slug, settings).is_ok());
    others.map(|other| Present::of(other, catalogue)).collect()
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

fn ready<'a>(slug: &Slug, tenant: Option<&'a Tenant>, install: &PluginInstall) -> Result<&'a Tenant, Problem> {
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
    // Nobody knows yet what the plan allows. A tenant of before there were plans has no such condition.
    let planned = conditions.iter().find(|condition| condition.type_ == ConditionType::PlanApplied.as_str());
    let in_force = tenant.status.as_ref().is_some_and(|status| status.plan.is_some());
    let serves = install.status.as_ref().is_some_and(|status| status.version.is_some());
    if !in_force && !serves && planned.is_some_and(|condition| condition.status != "True") {
        return Err(Problem::new(Reason::TenantNotReady, format!("no plan is in force for the tenant {slug} yet.")));
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
            && other.seniority() < install.seniority()
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

fn features(tenant: &Tenant) -> Vec<String> {
    let plan = tenant.status.as_ref().and_then(|status| status.plan.as_ref());
    plan.map(|plan| plan.limits.features.clone()).unwrap_or_default()
}

fn runnable(runtime: &Runtime, needs: Needs) -> Result<(), Problem> {
    let missing = match needs {
        Needs::Image if runtime.image.is_none() => "spec.runtime.image, and workloads run as containers here",
        Needs::Command if runtime.command.is_empty() => "spec.runtime.command, and workloads run as processes here",
        Needs::Image | Needs::Command => return Ok(()),
    };
    Err(Problem::new(Reason::WorkloadUnsupported, format!("the Plugin has no {missing}: add it.")))
}

/// What became of the version that the spec leads to, if it was taken back.
fn taken_back(install: &PluginInstall, held: Option<Held<'_>>) -> Option<Problem> {
    let Some(Held::TakenBack) = held else { return None };
    let upgrade = upgrade::of(install)?;
    let why = upgrade.message.as_deref().unwrap_or("it did not come up");
    let (from, to) = (&upgrade.from, &upgrade.to);
    Some(Problem::new(
        Reason::UpgradeFailed,
        format!(
            "{to} was tried and taken back ({why}); {from} serves. Apply a mended version, ask for {from}, or set the annotation {} to a new value to try again.",
            plexica_crds::label::RETRY_UPGRADE
        ),
    ))
}

/// Data goes back to a version that can still serve it, and no further.
fn forward(
    install: &PluginInstall,
    reference: &PluginReference,
    version: &PluginVersion,
) -> Result<Option<PluginVersion>, Problem> {
    let status = install.status.as_ref();
    let migrated = status.and_then(|status| status.migrated_version.as_deref()?.parse::<PluginVersion>().ok());
    let oldest = status.and_then(|status| status.oldest_version.as_deref()?.parse::<PluginVersion>().ok());
    match migrated {
        Some(migrated) if migrated > *version && oldest.as_ref().unwrap_or(&migrated) > version => {
            let oldest = oldest.unwrap_or(migrated);
            Err(Problem::new(
                Reason::InvalidSpec,
                format!(
                    "spec.plugin.version {:?} leads to {version}, but no version before {oldest} can serve the data as it is now: ask for {oldest} or a newer version.",
                    reference.version
                ),
            ))
        }
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

/// Nobody grants what the plugin does not know. Another version of it may: consent comes before an
/// upgrade, and a version that is gone back to knows less.
fn declared(entries: &[&Plugin], id: &PluginId, granted: Option<&[String]>) -> Result<(), Problem> {
    let is_known = |key: &&String| {
        entries.iter().flat_map(|entry| &entry.spec.permissions).any(|permission| permission.key == **key)
    };
    let strange: Vec<&str> =
        granted.unwrap_or_default().iter().filter(|key| !is_known(key)).map(String::as_str).collect();
    if strange.is_empty() {
        return Ok(());
    }
    Err(Problem::new(
        Reason::PermissionNotDeclared,
        format!(
            "spec.grantedPermissions holds {}, which no version of {id} in the catalogue declares: remove it.",
            strange.join(", ")
        ),
    ))
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
