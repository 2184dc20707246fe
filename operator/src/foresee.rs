//! What an install would come to: the operator's own decisions about resources that are not there yet,
//! for who plans a change. Pure.

use std::sync::Arc;

use jiff::Timestamp;
use plexica_backends::{
    Secret,
    keycloak::Digests,
    ownership::Installation,
    workloads::{Counts, Needs},
};
use plexica_contract::{
    manifest::{Manifest, MigrationDeclaration, MigrationPhase, Reload},
    name::{Prefixes, Slug},
};
use plexica_crds::{ConditionType, Conditions, Plugin, PluginInstall, Reason, Tenant};

pub use crate::plugin::unheeded;
use crate::{
    plugin,
    plugin_install::{Access, References, Valid, access, awaited, configuration, needed, validate},
    problem::Problem,
    settings::{BackupPlace, Settings},
};

/// What an install is beside.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Its tenant, if there is one.
    pub tenant: Option<Arc<Tenant>>,
    /// The catalogue, or what matters of it.
    pub catalogue: Vec<Arc<Plugin>>,
    /// All other installs that name the tenant.
    pub siblings: Vec<Arc<PluginInstall>>,
    /// The platform's namespace.
    pub platform: String,
}

/// What an install would come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// The version it is brought to.
    pub version: String,
    /// Permissions in force.
    pub permissions: Vec<String>,
    /// Events in force.
    pub events: Vec<String>,
    /// What the version wants more than the one that serves, or than it did itself, and nobody has been asked about
    /// yet: permissions and events, which are not in force until somebody says so.
    pub consent: Vec<String>,
    /// What of the tenant's data the version may use.
    pub data: Access,
    /// Migrations that the one that serves does not have, and when they run.
    pub migrations: Vec<String>,
    /// Whether it is routed.
    pub routed: bool,
    /// How the configuration comes into force, if another one is.
    pub configuration: Option<Reload>,
    /// What is said of the version, though it may be.
    pub notice: Option<String>,
}

/// What the install would come to. Its tenant is taken to become ready, and a runner to be there that
/// can start it.
///
/// # Errors
/// What stands in its way.
pub fn foresee(install: &PluginInstall, around: &Around) -> Result<Foreseen, Problem> {
    let Around { tenant, catalogue, siblings, platform } = around;
    let settings = settings(tenant.as_deref(), platform);
    let references = References {
        tenant: tenant.clone().map(|tenant| Arc::new(ready(&tenant))),
        catalogue: catalogue.clone(),
        siblings: siblings.clone(),
    };
    if let Some(problem) = needed(install, &references, &settings) {
        return Err(problem);
    }
    let of = |needs| validate(install, &references, &Settings { needs, ..settings.clone() });
    let valid = of(Needs::Image).or_else(|problem| match problem.reason {
        Reason::WorkloadUnsupported => of(Needs::Command),
        _ => Err(problem),
    })?;
    Ok(beside(install, &valid, &references))
}

/// What it comes to, beside what serves now.
pub(crate) fn beside(install: &PluginInstall, valid: &Valid, references: &References) -> Foreseen {
    let Valid { slug, manifest, consent, enabled, notice, .. } = valid;
    let serving = install.status.as_ref().and_then(|status| status.version.as_deref());
    let before = serving.and_then(|serving| plugin::entry(&references.catalogue, manifest.id.as_str(), serving));
    let before = before.map(|entry| &entry.spec);
    let ran = |migration: &&MigrationDeclaration| before.is_some_and(|spec| spec.migrations.contains(migration));
    let migrations = manifest.migrations.iter().filter(|migration| !ran(migration)).map(|migration| {
        let at_the_end = serving.is_some() && migration.phase == MigrationPhase::Contract;
        let when = if at_the_end { " (last; there is no way back then)" } else { "" };
        format!("{}{when}", migration.name)
    });
    let status = install.status.as_ref().filter(|_| serving == Some(manifest.version.to_string().as_str()));
    let asked: Vec<String> = status.into_iter().flat_map(awaited).collect();
    Foreseen {
        version: manifest.version.to_string(),
        permissions: consent.permissions.granted.clone(),
        events: consent.events.granted.clone(),
        consent: consent.awaiting().filter(|one| !asked.contains(one)).collect(),
        data: access(slug, manifest, before.and_then(|spec| Manifest::try_from(spec.clone()).ok()).as_ref()),
        migrations: migrations.collect(),
        routed: *enabled,
        configuration: configuration::other(install, valid),
        notice: notice.as_ref().map(|notice| notice.message.clone()),
    }
}

/// What it is before it has come to what it is to be, whatever keeps it from that now.
fn ready(tenant: &Tenant) -> Tenant {
    let mut tenant = tenant.clone();
    let mut conditions = Conditions::new(&[], tenant.metadata.generation, Timestamp::UNIX_EPOCH);
    for part in [ConditionType::DatabaseReady, ConditionType::NamespaceReady] {
        conditions.set_true(part, Reason::Provisioned, "");
    }
    tenant.status.get_or_insert_default().conditions = conditions.finish();
    tenant
}

/// As permissive as an installation can be: what it allows is its own to say.
fn settings(tenant: Option<&Tenant>, platform: &str) -> Settings {
    let named = tenant.and_then(|tenant| {
        let namespace = tenant.status.as_ref()?.namespace.as_deref()?;
        namespace.strip_suffix(tenant.metadata.name.as_deref()?).map(str::to_owned)
    });
    let prefixes = Prefixes::default();
    let prefixes = Prefixes { namespace: named.unwrap_or_else(|| prefixes.namespace.clone()), ..prefixes };
    Settings {
        installation: Installation::default(),
        namespace: platform.to_owned(),
        prefixes,
        placements: tenant.map(|tenant| tenant.spec.database.placement.clone()).into_iter().collect(),
        needs: Needs::Image,
        counts: Counts::Pods,
        dedicated: true,
        core_api_url: String::new(),
        s3_endpoint: String::new(),
        s3_region: String::new(),
        s3_encrypted: false,
        digests: Digests::new(&Secret::new("")),
        direct_grants: false,
        backup: BackupPlace::Missing,
        purge_deadline: std::time::Duration::ZERO,
        rotation_overlap: jiff::SignedDuration::ZERO,
        rotation_interval: None,
    }
}

/// The namespace of a tenant.
///
/// # Errors
/// When its name can be no slug.
pub fn namespace(tenant: &Tenant) -> Result<String, plexica_contract::name::NameError> {
    let slug: Slug = tenant.metadata.name.as_deref().unwrap_or_default().parse()?;
    Ok(settings(Some(tenant), "").prefixes.namespace(&slug))
}
