//! What is to be done about each part. Pure.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use plexica_backends::{
    Generation, keycloak,
    object::{self, found},
    ownership::Found,
    postgres,
    s3::bucket,
};
use plexica_crds::{CredentialStatus, Reason};

use super::{
    Part,
    credential::Credentials,
    desired,
    namespace::{terminating, wanted},
    observe::{Observed, Secrets},
    quota,
    secret::{Turn, Validity, expires_at, says, storage_digest, storage_status, validity},
    validate::Valid,
};
use crate::{
    drift::{Aim, Course, Record},
    problem::Problem,
    rotation::Due,
    settings::Settings,
};

const DATABASE: &str = "database";
const IDENTITY: &str = "identity";
const STORAGE: &str = "storage";
const NAMESPACE: &str = "namespace";
/// How tenants' servers sign in to their realm.
pub const IDENTITY_SECRET: &str = "identity-secret";
/// Keys to the bucket.
pub const STORAGE_SECRET: &str = "storage-secret";

/// A part that is to be brought from what was seen to what is wanted.
#[derive(Debug)]
pub struct Ensure<D, O> {
    /// What should be there.
    pub desired: D,
    /// What is there.
    pub seen: O,
    /// Whether what differs is written.
    pub aim: Aim,
}

/// What to do about the keys to the bucket.
#[derive(Debug)]
pub struct Keys {
    /// How long those that are there are good.
    pub validity: Validity,
    /// Whether they are written if they are not what was written.
    pub aim: Aim,
    /// What is told of those that are there.
    pub told: Option<CredentialStatus>,
    /// When those that are there end.
    pub until: Option<Timestamp>,
    /// Which those are that come after them, if any do.
    pub next: Turn,
    /// Whether they come because somebody asked.
    pub asked: bool,
}

/// What is to be done. Whoever applies or reports it takes it apart whole, so that nothing planned
/// is forgotten.
#[derive(Debug)]
pub struct Plan {
    /// Schema and role.
    pub database: Part<Ensure<postgres::tenant::Desired, postgres::Observed>>,
    /// Realm.
    pub identity: Part<Ensure<keycloak::RealmDesired, keycloak::Observed>>,
    /// What of its settings cannot be as the spec says; the rest is.
    pub sign_in: Part<()>,
    /// Bucket.
    pub storage: Part<Ensure<bucket::Desired, bucket::Observed>>,
    /// What to do about the keys to it.
    pub keys: Keys,
    /// Namespace and, in it, what the Secrets are now.
    pub namespace: Part<Ensure<Namespace, (Option<Namespace>, Secrets)>>,
    /// Its plan.
    pub quota: quota::Step,
}

impl Plan {
    /// Parts that are to be what they were not last, in the terms of the record.
    pub fn changing(&self) -> Vec<&'static str> {
        // The Secret of the keys is one write, so it is never half changed.
        let Self { database, identity, sign_in: _, storage, keys: _, namespace, quota } = self;
        let aims = [
            database.as_ref().ok().map(|plan| &plan.aim),
            identity.as_ref().ok().map(|plan| &plan.aim),
            storage.as_ref().ok().map(|plan| &plan.aim),
            namespace.as_ref().ok().map(|plan| &plan.aim),
            quota.objects.as_ref().and_then(|objects| Some(&objects.as_ref().ok()?.aim)),
        ];
        let mut changing: Vec<&'static str> =
            aims.into_iter().flatten().filter(|aim| aim.course == Course::Apply).map(|aim| aim.part).collect();
        // It says what the realm is.
        if changing.contains(&IDENTITY) {
            changing.push(IDENTITY_SECRET);
        }
        changing
    }
}

/// The plan for what was seen. A part that could not be read is left alone and reported.
pub fn plan(valid: &Valid, observed: Observed, settings: &Settings, record: &Record, now: Timestamp) -> Plan {
    let Observed { database, identity, credentials, storage, namespace, secrets, quota } = observed;
    let known = credentials.clone().unwrap_or_default();
    let generation = generation(valid, identity.as_ref().ok(), secrets.as_ref().ok(), now);
    let servers = keycloak::Servers { generation, secret: None };
    let realm = keycloak::RealmDesired { servers, ..desired::identity(valid, settings, &known) };
    // What is not known to be there is made anew, and so is what still has an earlier tenant's mark.
    let held = secrets.as_ref().ok().and_then(|secrets| secrets.storage.as_ref());
    let held =
        held.filter(|secret| matches!(found(Some(*secret)), Found::Marked(stamp) if stamp.is_in_use_by(&valid.mark)));
    let (endpoint, region) = (&settings.s3_endpoint, &settings.s3_region);
    let keys = Keys {
        validity: validity(valid, endpoint, region, held, now),
        aim: record.aim(STORAGE_SECRET, Some(storage_digest(valid, endpoint, region))),
        told: held.and_then(|held| storage_status(held, now)),
        until: held.and_then(expires_at),
        next: Turn::after(held, &valid.rotation.requests),
        asked: held.is_some_and(|held| !valid.rotation.requests.is_subset(&Turn::of(held).requests)),
    };
    Plan {
        database: database.and_then(|seen| {
            let desired = desired::database(valid);
            let aim = record.aim(DATABASE, Some(postgres::tenant::digest(&desired)?));
            Ok(Ensure { desired, seen, aim })
        }),
        sign_in: credentials.and_then(|known| sign_in(valid, &realm, &known, identity.as_ref().ok())),
        identity: identity.map(|seen| {
            let aim = record.aim(IDENTITY, Some(realm.digest(&settings.digests)));
            Ensure { desired: realm, seen, aim }
        }),
        storage: storage.map(|seen| {
            let desired = desired::storage(valid);
            let aim = record.aim(STORAGE, Some(bucket::digest(&desired, settings.s3_encrypted)));
            Ensure { desired, seen, aim }
        }),
        keys,
        namespace: namespace.and_then(usable).and_then(|seen| {
            let desired = wanted(&valid.slug, &valid.namespace);
            let aim = record.aim(NAMESPACE, Some(object::digest(&desired, &valid.mark)));
            Ok(Ensure { desired, seen: (seen, secrets?), aim })
        }),
        quota: quota::plan(valid, quota, record),
    }
}

/// Which generation of the client for servers there is to be: the one there is, the next when it is due,
/// or the one there is alone, once whoever reads the Secret can know of it.
fn generation(
    valid: &Valid,
    seen: Option<&keycloak::Observed>,
    secrets: Option<&Secrets>,
    now: Timestamp,
) -> Generation {
    let requests = || valid.rotation.requests.clone();
    let Some(keycloak::Observed::Present(present)) = seen else {
        // One that is yet to be made has what was asked for until then.
        return Generation { requests: requests(), ..Generation::default() };
    };
    let found = present.generation();
    let known = || {
        let held = secrets.and_then(|secrets| secrets.identity.as_ref());
        let secret = present.client_secret();
        secret.is_some_and(|secret| says(held, keycloak::client::servers(found.slot()), secret.reveal()))
    };
    match valid.rotation.due(&found, valid.born, now) {
        Due::Rotate => found.next(requests(), now),
        Due::End if known() => found.alone(),
        Due::End | Due::Nothing => found,
    }
}

/// What keeps the realm's settings from being as the spec says.
fn sign_in(
    valid: &Valid,
    realm: &keycloak::RealmDesired,
    known: &Credentials,
    seen: Option<&keycloak::Observed>,
) -> Part<()> {
    let foreign = seen.map(|seen| seen.foreign_brokers(realm)).unwrap_or_default();
    if !foreign.is_empty() {
        let message = format!(
            "the realm {} has a broker {} that somebody else made: remove it there, or give ours another alias.",
            valid.realm,
            foreign.join(", ")
        );
        return Err(Problem::new(Reason::Conflict, message));
    }
    known.missing(&valid.identity, &valid.namespace).map_or(Ok(()), Err)
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
