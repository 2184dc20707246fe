//! Why a condition has its status; `plexica explain-condition REASON` prints these texts.

use std::{fmt, str::FromStr};

/// What helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Time: another part is under way.
    Wait,
    /// Trying again: something outside failed.
    Retry,
    /// A person who changes something.
    Change,
}

/// Defines the enum and its texts in one table, so that no reason lacks a meaning or a remedy.
macro_rules! reasons {
    ($($name:ident { $helps:ident, $page:literal, $meaning:literal, $remedy:literal })*) => {
        /// A stable word for machines with a documented meaning and remedy.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason {
            $(#[doc = $meaning] $name,)*
        }

        impl Reason {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As it stands in a condition.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),* }
            }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy),* }
            }

            /// What helps against it.
            pub const fn helped_by(self) -> Remedy {
                match self { $(Self::$name => Remedy::$helps),* }
            }

            /// The page of the documentation, below `docs/`, that it belongs to.
            pub const fn page(self) -> &'static str {
                match self { $(Self::$name => $page),* }
            }
        }
    };
}

reasons! {
    Provisioned {
        Wait, "architecture.md",
        "Everything is as the spec says.",
        "Nothing to do."
    }
    Progressing {
        Wait, "architecture.md",
        "The operator is working on it.",
        "Wait; if it lasts, read the messages of the other conditions."
    }
    Pending {
        Wait, "architecture.md",
        "It waits for another part that is not ready yet.",
        "Nothing, unless the part named in the message never becomes ready."
    }
    BackendUnavailable {
        Retry, "bootstrap.md",
        "An outside system (Postgres, Keycloak, S3 or Kubernetes) did not answer or refused for a passing reason.",
        "Bring the system named in the message back; the operator tries again by itself, with growing pauses of at most five minutes."
    }
    BackendDenied {
        Retry, "bootstrap.md",
        "An outside system answered that the operator's identity may not do this.",
        "Run `plexica preflight`: it prints the exact SQL, client setting or policy that is missing."
    }
    Conflict {
        Change, "data.md",
        "An object of that name exists and does not carry this resource's ownership mark, so it was not touched.",
        "Rename or remove the foreign object named in the message, or choose another name for the resource. One of another cluster that is gone for good is taken over with PLEXICA_FORMER_CLUSTERS of the operator."
    }
    AdoptionRefused {
        Change, "data.md",
        "Retained parts of an earlier resource of this name exist and adoptionPolicy is Never.",
        "Set spec.adoptionPolicy to IfRetained to take them back, or remove them."
    }
    InvalidSpec {
        Change, "architecture.md",
        "The spec says something that cannot be done, and it could not be known at apply time.",
        "Change the field named in the message and apply again."
    }
    UnknownPlacement {
        Change, "bootstrap.md",
        "spec.database.placement is not a database in the platform's configuration.",
        "Make a tenant with one of the placements named in the message, or add the placement to the platform's configuration."
    }
    UnknownPlan {
        Change, "plans.md",
        "spec.plan is not a plan in the platform's configuration; the plan in force, if there is one, stays.",
        "Name one of the plans in the message, or add the plan to the platform's configuration."
    }
    QuotaExceeded {
        Change, "plans.md",
        "A plan does not allow as much: more is in use than the plan of the spec allows, so that the plan before stays in force; or an install would be one more than the plan in force allows.",
        "Remove what the message names until it fits, or choose a plan that allows more; the operator looks again by itself."
    }
    PlanRolledBack {
        Change, "plans.md",
        "A step of bringing the tenant to the plan of its spec was refused, and the plan before is in force again.",
        "Mend what the message names; the operator tries again by itself. Or set spec.plan to the plan in force."
    }
    SecretNotFound {
        Wait, "identity.md",
        "spec.identity refers to a Secret, or to a key in one, that is not in the tenant's namespace. Everything else of the realm is as the spec says.",
        "Create the Secret or add the key that the message names; the operator goes on by itself within seconds."
    }
    TenantNotFound {
        Wait, "architecture.md",
        "There is no Tenant of that name.",
        "Apply the Tenant, or correct spec.tenantRef.name."
    }
    TenantNotReady {
        Wait, "architecture.md",
        "The Tenant is not ready yet, so its plugins wait.",
        "Look at the Tenant's conditions."
    }
    TenantNotAllowed {
        Change, "architecture.md",
        "An install in a tenant's namespace may name that tenant only.",
        "Move the install to that tenant's namespace or to the platform's."
    }
    PluginNotFound {
        Wait, "dependencies.md",
        "No version of the plugin in the catalogue matches the requirement.",
        "Apply a Plugin with a matching version, or widen spec.plugin.version; the message lists what there is."
    }
    InvalidVersion {
        Change, "dependencies.md",
        "spec.plugin.version is not a semver requirement.",
        "Write one such as ^1.4 or \">=1, <3\"."
    }
    InvalidConfig {
        Change, "plugin-contract.md",
        "spec.config does not match the JSON Schema in the plugin's manifest.",
        "Correct the fields named in the message."
    }
    ConfigRefused {
        Change, "configuration.md",
        "The plugin refused the tenant's new configuration; the one before it stays in force.",
        "Read the plugin's message and correct spec.config."
    }
    ConfigFailed {
        Retry, "configuration.md",
        "The plugin failed while it was asked to take the tenant's new configuration; the one before it stays in force.",
        "Read the message and the plugin's log; the operator asks again by itself."
    }
    InvalidManifest {
        Change, "plugin-contract.md",
        "The Plugin's manifest contradicts itself or holds a schema that cannot be used.",
        "Correct the field named in the message and apply the Plugin again."
    }
    RequirementNotMet {
        Wait, "dependencies.md",
        "A plugin or interface that this one needs is not installed for the tenant in a matching version.",
        "Install what the message names first; `plexica install --with-dependencies` installs it, too."
    }
    DependencyConflict {
        Change, "dependencies.md",
        "The version that is asked for would break an installed plugin that needs another, so it is not taken; what serves goes on.",
        "Upgrade, disable or remove the installs named in the message first, or ask for another version in spec.plugin.version."
    }
    DependencyCycle {
        Change, "dependencies.md",
        "The required plugins need each other in a circle, so that none of them could be the first.",
        "Make one of the requirements named in the message optional, or install a version without it."
    }
    HeldBack {
        Wait, "dependencies.md",
        "A higher version matches and is not taken: it would break an installed plugin, or lacks one that it needs.",
        "Nothing, if the version that serves will do; else upgrade or install what the message names."
    }
    Deprecated {
        Wait, "dependencies.md",
        "The version works, and who keeps the catalogue says that another should be used.",
        "Do what the message says before the version is yanked."
    }
    Yanked {
        Change, "dependencies.md",
        "The version is not to be chosen any more: installs that run it go on, and new ones are refused.",
        "Read the reason in the message and ask for another version in spec.plugin.version."
    }
    PermissionNotDeclared {
        Change, "upgrades.md",
        "spec.grantedPermissions names a permission that no version of the plugin in the catalogue declares.",
        "Remove the permission named in the message."
    }
    DuplicateInstall {
        Change, "architecture.md",
        "An older PluginInstall already installs this plugin for this tenant.",
        "Delete one of the two; the older one is in force."
    }
    WorkloadNotReady {
        Wait, "plugin-contract.md",
        "The plugin's workload is not up and healthy.",
        "Read the message; then the logs of the workload."
    }
    WorkloadFailed {
        Retry, "plugin-contract.md",
        "The cluster says that the plugin's workload does not come up: an image that cannot be pulled, a quota, a refused pod.",
        "Read the message, then the workload's pods and their events; the operator goes on by itself when they come up."
    }
    WorkloadUnsupported {
        Change, "plugin-contract.md",
        "This installation cannot run the plugin: no image for a cluster, or no command for a process.",
        "Give the Plugin's runtime the field named in the message."
    }
    MigrationFailed {
        Retry, "upgrades.md",
        "The plugin refused or failed to migrate the tenant's schema.",
        "Read the plugin's message; correct the plugin or its data; the operator tries again."
    }
    UpgradeFailed {
        Change, "upgrades.md",
        "A newer version was tried for this tenant and taken back; the version before serves, and nothing is lost.",
        "Read the message; then apply a version that is mended, ask for the one that serves, or set the annotation plexica.io/retry-upgrade to any new value to try again."
    }
    ConsentRequired {
        Wait, "upgrades.md",
        "The version asks for permissions or events that the one before did not have; they are not in force until the tenant has had its say.",
        "Name permissions in spec.grantedPermissions, or set the annotation plexica.io/consent to the version: then what spec.grantedPermissions says, or all of them if it is left out, is in force, and all events."
    }
    Disabled {
        Wait, "data.md",
        "spec.enabled is false, so nothing is routed; the data stays.",
        "Set spec.enabled to true to route requests again."
    }
    Suspended {
        Wait, "data.md",
        "spec.suspend of the tenant is true: requests are refused and its plugins do not run; the data stays.",
        "Set spec.suspend of the tenant to false to bring everything back as it was."
    }
    Paused {
        Wait, "data.md",
        "The annotation plexica.io/paused, its own or its tenant's, holds the operator off: it writes nothing for it, not even to remove it.",
        "Remove the annotation to let the operator go on."
    }
    DryRun {
        Wait, "dry-run.md",
        "The annotation plexica.io/dry-run, its own or its tenant's, holds the operator off; the message says what it would do.",
        "Remove the annotation to have it done, or change the spec and read again."
    }
    DryRunUnsupported {
        Change, "dry-run.md",
        "The Plugin has the annotation plexica.io/dry-run, which has no effect on an entry of the catalogue.",
        "Run `plexica plan -f FILE` before an entry is applied, or set the annotation on the PluginInstalls or Tenants that are not to follow it yet; then remove it from the Plugin."
    }
    DriftDetected {
        Change, "drift.md",
        "A part was changed or removed behind the operator's back, and driftPolicy Report leaves it so; the message says what a repair would do.",
        "Set spec.driftPolicy to Repair to have it brought back, undo the change by hand, or write what is wanted into the spec."
    }
    DriftRepaired {
        Wait, "drift.md",
        "A part was changed or removed behind the operator's back and has been brought back; the message says what was done.",
        "Nothing, once; if it comes again, find out who changes it, or set spec.driftPolicy to Report."
    }
    InUse {
        Wait, "data.md",
        "Something still needs it, so it is not removed yet.",
        "Remove what the message names first."
    }
    Deleting {
        Wait, "data.md",
        "It is being removed.",
        "Wait; if it lasts, the message names the part that holds it up."
    }
    DeletionNotConfirmed {
        Change, "data.md",
        "The tenant is being deleted with deletionPolicy Delete, and nobody has confirmed that its data goes for good.",
        "Annotate the Tenant with plexica.io/confirm-deletion and its name as the value to remove the data, or set spec.deletionPolicy to Retain to keep it."
    }
    Retained {
        Wait, "data.md",
        "Its data was kept and marked as retained.",
        "Apply the same name again to take it back, or remove the data by hand."
    }
    Removed {
        Wait, "data.md",
        "It was removed, as the deletionPolicy said.",
        "Nothing to do; what was removed is in the final backup, if one was made."
    }
    Gone {
        Wait, "data.md",
        "It was not there any more when its owner was removed.",
        "Nothing to do."
    }
    Abandoned {
        Wait, "data.md",
        "The annotation plexica.io/abandon gave up on it while its owner was being removed: it was neither read nor touched.",
        "If its backend comes back, remove what the message names there by hand, or apply the same name again to take it back."
    }
    BackedUp {
        Wait, "data.md",
        "The final backup of what is removed is made; status.finalBackup says where it lies.",
        "Nothing to do; docs/data.md says how to restore from it."
    }
    BackupSkipped {
        Wait, "data.md",
        "What is removed goes without a final backup, as spec.skipFinalBackup or the installation says.",
        "Nothing, if that is what you want; set spec.skipFinalBackup to false before it is removed otherwise."
    }
    BackupNotConfigured {
        Change, "data.md",
        "A tenant is to be removed with its data, and there is no place for its final backup.",
        "Set PLEXICA_BACKUP_BUCKET (in the chart: backup.bucket) for the operator, or set spec.skipFinalBackup to true, or spec.deletionPolicy to Retain."
    }
    BackupFailed {
        Retry, "data.md",
        "The final backup of a tenant failed, so that nothing of it is removed yet.",
        "Read the message and mend what it names; the operator tries again by itself. Set spec.skipFinalBackup to true to go without."
    }
    BackupIncomplete {
        Change, "data.md",
        "A part of the tenant is to be removed that is not in its final backup: it was given up when that was made, and is not any more.",
        "Set the annotation that the message names, or spec.deletionPolicy to Retain, or spec.skipFinalBackup to true to remove the part without a backup."
    }
    CredentialsRotated {
        Wait, "rotation.md",
        "New credentials are in force; those before them work until the time in status.",
        "Nothing, if whoever uses them reads them from the Secret or the environment; docs/rotation.md says how."
    }
    RotationEnded {
        Wait, "rotation.md",
        "The credentials before the last rotation do not work any more.",
        "Whoever is refused now still has those of before: restart it, so that it reads its Secret."
    }
    UnknownPart {
        Change, "data.md",
        "The annotation plexica.io/abandon names a part that there is not, so the deletion waits and nothing is touched.",
        "Write the parts that the message lists, separated by commas, or remove the annotation."
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no such reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no reason {0:?}: run `plexica explain-condition` without an argument for the list")]
pub struct UnknownReason(pub String);

impl FromStr for Reason {
    type Err = UnknownReason;
    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        Self::ALL
            .iter()
            .copied()
            .find(|reason| reason.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownReason(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back_and_ends_its_sentences() {
        for reason in Reason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(*reason));
            assert!(reason.meaning().ends_with('.') && reason.remedy().ends_with('.'), "{reason}");
        }
    }
}
