//! Labels, annotations, finalizers and the field manager that Plexica writes.

use kube::{Resource, ResourceExt};

/// Which installation an object belongs to; half of the ownership mark.
pub const INSTALLATION: &str = "plexica.io/installation";
/// Which cluster the owner is a resource of: the uid of its namespace `kube-system`. Not on objects of the
/// cluster itself.
pub const CLUSTER: &str = "plexica.io/cluster";
/// The kind of the owner: `Tenant`, `Plugin` or `PluginInstall`.
pub const OWNER_KIND: &str = "plexica.io/owner-kind";
/// The name of the owner (`namespace.name` for namespaced ones).
pub const OWNER_NAME: &str = "plexica.io/owner-name";
/// The uid of the owner; the other half of the ownership mark.
pub const OWNER_UID: &str = "plexica.io/owner-uid";
/// The tenant an object serves.
pub const TENANT: &str = "plexica.io/tenant";
/// The plugin an object serves.
pub const PLUGIN: &str = "plexica.io/plugin";
/// Who made it, as Kubernetes recommends.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The value of [`MANAGED_BY`].
pub const MANAGER: &str = "plexica";
/// When a retained object lost its owner (RFC 3339).
pub const RETAINED_AT: &str = "plexica.io/retained-at";
/// A realm attribute: which of the realm's settings its tenant's spec has, with commas.
pub const IDENTITY_SETTINGS: &str = "plexica.io/identity-settings";
/// A realm attribute: by which the password for the realm's mail server is known again.
pub const SMTP_DIGEST: &str = "plexica.io/smtp-password-digest";
/// Of a credential that has been rotated: which generation it is.
pub const GENERATION: &str = "plexica.io/generation";
/// When that came (RFC 3339).
pub const ROTATED_AT: &str = "plexica.io/rotated-at";
/// Digests of the values of [`ROTATE`] that it followed, with commas.
pub const ROTATION_REQUEST: &str = "plexica.io/rotation-request";
/// Of a realm's client: another took its place, and its secret is good no more.
pub const RETIRED: &str = "plexica.io/retired";
/// An annotation people set on a Tenant or a Plugin: with each new value its credentials are rotated.
pub const ROTATE: &str = "plexica.io/rotate";
/// Of a realm's broker: by which its client secret is known again.
pub const SECRET_DIGEST: &str = "plexica.io/client-secret-digest";
/// An annotation people set: the operator writes nothing for the object until it is gone or `false`.
pub const PAUSED: &str = "plexica.io/paused";
/// An annotation people set: the tenant's own name, without which a tenant that is deleted with the
/// policy `Delete` stays.
pub const CONFIRM_DELETION: &str = "plexica.io/confirm-deletion";
/// An annotation people set: parts of an object that is being deleted, separated by commas, whose
/// backend is down for good. They are not waited for any more, and not touched.
pub const ABANDON: &str = "plexica.io/abandon";
/// An annotation of a Tenant that is being restored, until its installs are applied, too: what the backup's
/// keys begin with.
pub const RESTORING_FROM: &str = "plexica.io/restoring-from";
/// An annotation people set: another value than before makes the operator try again an upgrade that it
/// took back.
pub const RETRY_UPGRADE: &str = "plexica.io/retry-upgrade";
/// An annotation people set: the version whose new permissions the tenant has had its say about.
pub const CONSENT: &str = "plexica.io/consent";
/// An annotation people set on a tenant, for all that is its own, or on an install: the operator says what
/// it would do for it, and does nothing until it is gone or `false`. On a catalogue entry it has no effect, which
/// the entry's status says.
pub const DRY_RUN: &str = "plexica.io/dry-run";
/// The one finalizer, on all three kinds.
pub const FINALIZER: &str = "plexica.io/cleanup";
/// Field manager of the operator's server-side apply.
pub const FIELD_MANAGER: &str = "plexica-operator";

/// Whether a person has set the annotation: with any value but `false`.
pub fn is_set<K: Resource>(object: &K, annotation: &str) -> bool {
    object.annotations().get(annotation).is_some_and(|value| value != "false")
}

/// Whether the object is only there any more because of somebody else's finalizer.
pub fn has_left<K: Resource>(object: &K) -> bool {
    object.meta().deletion_timestamp.is_some() && !object.finalizers().iter().any(|held| held == FINALIZER)
}
