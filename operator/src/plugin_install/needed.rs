//! An install that others of its tenant need, and that is to go or to be disabled: it goes on until
//! they do without. Pure.

use jiff::Timestamp;
use kube::ResourceExt;
use plexica_contract::name::Slug;
use plexica_crds::{
    ConditionType, Conditions, PluginInstall, PluginInstallStatus, Reason,
    dependency::{Catalogue, Dependent, Present, at_work, dependents, relies_on},
    plugin_install::Phase,
};

use super::validate::{References, present};
use crate::{problem::Problem, settings::Settings};

/// Who needs the install, which keeps it from going or from being disabled. When the tenant itself
/// goes, all goes.
pub fn needed(install: &PluginInstall, references: &References, settings: &Settings) -> Option<Problem> {
    let goes = install.metadata.deletion_timestamp.is_some();
    let slug: Slug = install.spec.tenant_ref.name.parse().ok()?;
    let tenant = references.tenant.as_ref().filter(|tenant| tenant.metadata.deletion_timestamp.is_none())?;
    if install.spec.enabled && !goes {
        return None;
    }
    let siblings = || references.siblings.iter().map(AsRef::as_ref);
    let entries = references.catalogue.iter().map(AsRef::as_ref);
    let catalogue = Catalogue::of(entries).knowing(siblings().chain([install]));
    let this = Present::of(install, &catalogue);
    let release = if goes { this.missed(tenant.spec.suspend) } else { this.answers() }?;
    let present = present(install, &slug, siblings(), &catalogue, settings);
    let at_work = at_work(&present, tenant.spec.suspend);
    // Of some that go at once and need each other, none waits for the others.
    let waits = |one: &Dependent<'_>| !(goes && one.leaving && relies_on(release, one.release, &at_work));
    let names: Vec<String> = dependents(release, &present, tenant.spec.suspend)
        .iter()
        .filter(|one| waits(one))
        .map(ToString::to_string)
        .collect();
    let what = if goes { "remove or disable that" } else { "disable or remove that" };
    (!names.is_empty()).then(|| {
        Problem::new(Reason::InUse, format!("it serves on, as others need it: {}; {what} first.", names.join(", ")))
    })
}

/// The status of an install that goes on only because others need it.
pub fn told(
    install: &PluginInstall,
    next: PluginInstallStatus,
    problem: &Problem,
    now: Timestamp,
) -> PluginInstallStatus {
    let goes = install.metadata.deletion_timestamp.is_some();
    let last = install.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let mut overall = Conditions::new(last, install.metadata.generation, now);
    let what = if goes { "being removed" } else { "being disabled" };
    let message = format!("{what}; {}", problem.message);
    overall.set_false(ConditionType::Ready, problem.reason, &message);
    overall.set_true(ConditionType::Reconciling, problem.reason, &message);
    let replaced =
        [ConditionType::Ready, ConditionType::Reconciling, ConditionType::Stalled].map(ConditionType::as_str);
    let mut conditions = overall.finish();
    conditions.extend(next.conditions.into_iter().filter(|one| !replaced.contains(&one.type_.as_str())));
    let phase = Some(if goes { Phase::Terminating } else { Phase::Pending });
    tracing::debug!(install = install.name_any(), "{message}");
    PluginInstallStatus { phase, conditions, ..next }
}

#[cfg(test)]
#[path = "needed_tests.rs"]
mod tests;
