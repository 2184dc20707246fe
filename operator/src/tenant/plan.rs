//! What is to be done about each part. Pure.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use plexica_backends::{keycloak, object::found, ownership::Found, postgres, s3::bucket};
use plexica_crds::Reason;

use super::{
    Part, desired,
    namespace::{terminating, wanted},
    observe::{Observed, Secrets},
    secret::{Validity, validity},
    validate::Valid,
};
use crate::{problem::Problem, settings::Settings};

/// A part that is to be brought from what was seen to what is wanted.
#[derive(Debug)]
pub struct Ensure<D, O> {
    /// What should be there.
    pub desired: D,
    /// What is there.
    pub seen: O,
}

/// What is to be done. Whoever applies or reports it takes it apart whole, so that nothing planned
/// is forgotten.
#[derive(Debug)]
pub struct Plan {
    /// Schema and role.
    pub database: Part<Ensure<postgres::tenant::Desired, postgres::Observed>>,
    /// Realm.
    pub identity: Part<Ensure<keycloak::RealmDesired, keycloak::Observed>>,
    /// Bucket, and what to do about the keys to it.
    pub storage: Part<(Ensure<bucket::Desired, bucket::Observed>, Validity)>,
    /// Namespace and, in it, what the Secrets are now.
    pub namespace: Part<Ensure<Namespace, (Option<Namespace>, Secrets)>>,
}

/// The plan for what was seen. A part that could not be read is left alone and reported.
pub fn plan(valid: &Valid, observed: Observed, settings: &Settings, now: Timestamp) -> Plan {
    let Observed { database, identity, storage, namespace, secrets } = observed;
    // What is not known to be there is made anew, and so is what still has an earlier tenant's mark.
    let held = secrets.as_ref().ok().and_then(|secrets| secrets.storage.as_ref());
    let held = held.filter(|secret| found(Some(*secret)) == Found::Marked(valid.mark.stamp()));
    let keys = validity(valid, &settings.s3_endpoint, &settings.s3_region, held, now);
    Plan {
        database: database.map(|seen| Ensure { desired: desired::database(valid), seen }),
        identity: identity.map(|seen| Ensure { desired: desired::identity(valid, settings), seen }),
        storage: storage.map(|seen| (Ensure { desired: desired::storage(valid), seen }, keys)),
        namespace: namespace
            .and_then(usable)
            .and_then(|seen| Ok(Ensure { desired: wanted(&valid.slug, &valid.namespace), seen: (seen, secrets?) })),
    }
}

/// Nothing can be made in a namespace that goes.
fn usable(seen: Option<Namespace>) -> Part<Option<Namespace>> {
    match seen {
        Some(namespace) if terminating(&namespace) => Err(Problem::new(
            Reason::Pending,
            "the namespace of an earlier tenant is still being removed; it is made anew as soon as it is gone.",
        )),
        seen => Ok(seen),
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
