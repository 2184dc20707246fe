//! What exactly a tenant is to be. Pure.

use jiff::Timestamp;
use plexica_backends::ownership::Mark;
use plexica_contract::name::Slug;
use plexica_crds::{
    Reason, Tenant,
    tenant::{Admin, AdoptionPolicy, DatabaseSpec, DriftPolicy, IdentitySpec, TenantSpec},
};

use crate::{problem::Problem, rotation::Policy, settings::Settings};

/// A tenant that can be.
#[derive(Clone, Debug, PartialEq)]
pub struct Valid {
    /// Its name.
    pub slug: Slug,
    /// Its name for people.
    pub display_name: String,
    /// First user of its realm.
    pub admin: Option<Admin>,
    /// Hosts whose pages may call its APIs.
    pub domains: Vec<String>,
    /// How its users sign in.
    pub identity: IdentitySpec,
    /// The named database it lives in.
    pub placement: String,
    /// Whether retained parts are taken back.
    pub adoption: AdoptionPolicy,
    /// What becomes of what others change.
    pub drift: DriftPolicy,
    /// When its credentials are replaced.
    pub rotation: Policy,
    /// Since when it is there.
    pub born: Option<Timestamp>,
    /// The mark on everything that is its own.
    pub mark: Mark,
    /// Its namespace.
    pub namespace: String,
    /// Its realm.
    pub realm: String,
    /// Its bucket.
    pub bucket: String,
}

/// What the tenant is to be.
///
/// # Errors
/// What in its spec cannot be.
pub fn validate(tenant: &Tenant, settings: &Settings) -> Result<Valid, Problem> {
    let name = tenant.metadata.name.as_deref().unwrap_or_default();
    let TenantSpec {
        display_name,
        plan: _, // quota::Change looks at it
        admin,
        suspend: _, // whoever lets people in or runs something looks at it
        domains,
        database: DatabaseSpec { placement },
        identity,
        rotation: _,          // read below, with the annotation beside it
        deletion_policy: _,   // matters when it goes
        skip_final_backup: _, // as well
        adoption_policy,
        drift_policy,
    } = &tenant.spec;
    let slug: Slug =
        name.parse().map_err(|error| Problem::new(Reason::InvalidSpec, format!("metadata.name {error}.")))?;
    if !settings.placements.contains(placement) {
        let known: Vec<_> = settings.placements.iter().map(String::as_str).collect();
        return Err(Problem::new(
            Reason::UnknownPlacement,
            format!("spec.database.placement {placement:?} is not configured: there is {}.", known.join(", ")),
        ));
    }
    let namespace = settings.prefixes.namespace(&slug);
    if namespace == settings.namespace {
        return Err(Problem::new(
            Reason::InvalidSpec,
            format!("metadata.name leads to the namespace {namespace}, which is the platform's: choose another."),
        ));
    }
    let rotation = Policy::of_tenant(tenant, settings)?;
    let uid = tenant.metadata.uid.as_deref().unwrap_or_default();
    Ok(Valid {
        mark: settings.tenant_mark(&slug, uid),
        display_name: display_name.clone(),
        admin: admin.clone(),
        domains: domains.clone(),
        identity: identity.clone().unwrap_or_default(),
        placement: placement.clone(),
        adoption: *adoption_policy,
        drift: *drift_policy,
        rotation,
        born: tenant.metadata.creation_timestamp.as_ref().map(|born| born.0),
        namespace,
        realm: settings.prefixes.realm(&slug),
        bucket: settings.prefixes.bucket(&slug),
        slug,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn names_and_mark() {
        let valid = validate(&fixture::tenant("acme-corp"), &fixture::settings()).unwrap();
        assert_eq!(
            (valid.namespace.as_str(), valid.realm.as_str(), valid.bucket.as_str(), valid.placement.as_str()),
            ("tenant-acme-corp", "tenant-acme-corp", "tenant-acme-corp", "default")
        );
        assert_eq!((valid.mark.kind.as_str(), valid.mark.uid.as_str()), ("Tenant", "uid-acme-corp"));
    }

    #[test]
    fn what_cannot_be() {
        for (name, placement, reason, said) in [
            ("Acme", "default", Reason::InvalidSpec, "metadata.name"),
            ("acme-plugin", "default", Reason::InvalidSpec, "plugin"),
            ("core", "default", Reason::InvalidSpec, "reserved"),
            ("a234567890123456789012345", "default", Reason::InvalidSpec, "25 characters"),
            ("acme", "far-away", Reason::UnknownPlacement, "there is default, second."),
            ("acme", "", Reason::UnknownPlacement, "not configured"),
            ("taken", "default", Reason::InvalidSpec, "the platform's"),
        ] {
            let mut tenant = fixture::tenant(name);
            tenant.spec.database.placement = placement.into();
            let mut settings = fixture::settings();
            settings.namespace = "tenant-taken".into();
            let problem = validate(&tenant, &settings).unwrap_err();
            assert_eq!(problem.reason, reason, "{name}");
            assert!(problem.message.contains(said), "{problem}");
        }
    }
}
