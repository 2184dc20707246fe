//! Does what is planned, all parts at once, each failing on its own.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{Namespace, Secret},
    apimachinery::pkg::apis::meta::v1::Time,
};
use kube::Api;
use plexica_backends::{Generation, System, keycloak, object, ownership::Found, postgres, s3::bucket};
use plexica_crds::tenant::{CredentialsStatus, DatabaseStatus, IdentityStatus, StorageStatus};

use super::{
    Part,
    keys::{Held, give_keys},
    namespace,
    observe::Secrets,
    plan::{Ensure, IDENTITY_SECRET, Plan},
    quota,
    report::Applied,
    secret,
    validate::Valid,
};
use crate::{
    backoff::spread,
    context::Context,
    drift::{Aim, Course, Drift, Record, bring, withheld},
    resource::{Note, namespaced},
    rotation,
};

/// How soon is looked again at what could not be read, and does not hold up the rest.
const UNREAD: Duration = Duration::from_secs(20);

/// Applies the plan, which goes by what was due at that time.
pub async fn apply(context: &Context, valid: &Valid, record: &Record, plan: Plan, at: Timestamp) -> Applied {
    let Plan { database, identity, sign_in, storage, keys, namespace, quota } = plan;
    let [mut of_database, mut of_identity, mut drift, mut of_namespace] = <[Drift; 4]>::default();
    let held = namespace.as_ref().ok().and_then(|plan| plan.seen.1.identity.clone());
    let in_part = storage.as_ref().is_ok_and(|plan| !plan.seen.is_whole());
    let (database, identity, storage, namespace) = futures::join!(
        schema(context, valid, database, &mut of_database),
        realm(context, valid, identity, (record, held.as_ref()), &mut of_identity),
        bucket(context, storage, &mut drift),
        room(context, valid, namespace, &mut of_namespace),
    );
    for of_part in [of_database, of_identity, of_namespace] {
        drift.join(of_part);
    }
    // Secrets need the namespace; one whose content is not known yet is reported with its part.
    let (namespace, secrets, storage) = match namespace {
        Ok(Secrets { identity: seen_identity, storage: seen_storage }) => {
            let told = match identity.as_ref() {
                Ok(servers) => write_servers(context, valid, record, seen_identity.as_ref(), servers, &mut drift).await,
                Err(_) => Ok(()),
            };
            let (storage, written) = match storage {
                Ok(name) => {
                    let given = give_keys(context, valid, record, seen_storage.as_ref(), keys, &mut drift).await;
                    (given.storage.map(|keys| Bucket { name, keys }), given.written)
                }
                Err(problem) => (Err(problem), Ok(())),
            };
            (Ok(valid.namespace.clone()), told.and(written), storage)
        }
        // Keys that could be written nowhere are not made.
        Err(problem) => (Err(problem), Ok(()), storage.map(|name| Bucket { name, keys: Held::known(&keys) })),
    };
    let plan = Box::pin(quota::enact(context, valid, quota, namespace.as_ref().err(), &mut drift)).await;
    let look_at = [
        storage.as_ref().ok().and_then(|bucket| bucket.keys.renew_at),
        storage.as_ref().ok().and_then(|bucket| Some(bucket.keys.told.as_ref()?.previous_until.as_ref()?.0)),
        identity.as_ref().ok().and_then(|servers| valid.rotation.look_again(&servers.generation, valid.born, at)),
        in_part.then(|| at + spread(UNREAD, rand::random())),
    ];
    let look_at = next_due(look_at, at);
    let credentials = CredentialsStatus {
        identity: identity.as_ref().ok().map(|servers| rotation::status(&servers.generation, &valid.rotation)),
        storage: storage.as_ref().ok().and_then(|bucket| bucket.keys.told.clone()),
    };
    let notes = identity.as_ref().ok().and_then(|servers| servers.note.clone());
    let notes = notes.into_iter().chain(storage.as_ref().ok().and_then(|bucket| bucket.keys.note.clone())).collect();
    Applied {
        namespace,
        secrets,
        database,
        sign_in,
        identity: identity.map(|Servers { status, secret: _, generation: _, note: _ }| status),
        storage: storage.map(|Bucket { name, keys }| StorageStatus {
            bucket: name,
            credentials_expire_at: keys.expires_at.map(Time),
        }),
        credentials,
        notes,
        look_at,
        plan,
        drift,
    }
}

/// What is due next, where what was due `at` that time has been tried: what could not be done then waits for something
/// else, and what has become due since has not been tried. Pure.
fn next_due(due: impl IntoIterator<Item = Option<Timestamp>>, at: Timestamp) -> Option<Timestamp> {
    due.into_iter().flatten().filter(|due| *due > at).min()
}

async fn schema(
    context: &Context,
    valid: &Valid,
    plan: Part<Ensure<postgres::tenant::Desired, postgres::Observed>>,
    drift: &mut Drift,
) -> Part<DatabaseStatus> {
    let Ensure { desired, seen, aim } = plan?;
    let provisioner = context.databases.get(&valid.placement)?;
    let differences = std::future::ready(postgres::tenant::differences(&desired, &seen));
    let ensure = postgres::tenant::ensure(provisioner, &desired, &seen);
    bring(context, System::Postgres, &aim, drift, differences, ensure).await?;
    drift.settled(&aim);
    if aim.course == Course::Report && seen.is_missing() {
        return Err(withheld(&drift.kept_in(aim.part)));
    }
    Ok(DatabaseStatus { placement: valid.placement.clone(), schema: desired.name(), role: desired.name() })
}

/// The realm, and how servers sign in to it for whoever writes that down.
struct Servers {
    status: IdentityStatus,
    secret: plexica_backends::Secret,
    generation: Generation,
    note: Option<Note>,
}

async fn realm(
    context: &Context,
    valid: &Valid,
    plan: Part<Ensure<keycloak::RealmDesired, keycloak::Observed>>,
    (record, held): (&Record, Option<&Secret>),
    drift: &mut Drift,
) -> Part<Servers> {
    let Ensure { mut desired, seen, aim } = plan?;
    let generation = desired.servers.generation.clone();
    give_secret(context, &mut desired);
    if desired.servers.secret.is_none()
        && let keycloak::Observed::Present(present) = &seen
        && present.client_secret().is_some()
    {
        desired.servers.secret = handed_out(valid, &context.realms.issuer(&desired.realm), record, held);
    }
    let differences = std::future::ready(seen.differences(&desired));
    let ensure = context.realms.ensure(&desired, &seen);
    let wrote = bring(context, System::Keycloak, &aim, drift, differences, ensure).await?;
    drift.settled(&aim);
    if aim.course == Course::Report && seen.is_missing() {
        return Err(withheld(&drift.kept_in(aim.part)));
    }
    let known = match &seen {
        // Left to differ, it is no news for servers.
        keycloak::Observed::Present(present) if !wrote => desired.servers.secret.clone().or(present.client_secret()),
        _ => None,
    };
    let secret = if let Some(secret) = known {
        secret
    } else {
        let secret = context.realms.client_secret(&desired.realm);
        context.tried(System::Keycloak, "observe", secret).await?
    };
    let issuer = context.realms.issuer(&desired.realm);
    let note = match &seen {
        keycloak::Observed::Present(present) if wrote => turned(valid, &present.generation(), &generation),
        _ => None,
    };
    Ok(Servers { status: IdentityStatus { realm: desired.realm, issuer }, secret, generation, note })
}

/// The first secret is Keycloak's own making. What the tenant's Secret says is what it was, as long as that
/// Secret is as we wrote it.
fn handed_out(valid: &Valid, issuer: &str, record: &Record, held: Option<&Secret>) -> Option<plexica_backends::Secret> {
    let bytes = &held?.data.as_ref()?.get("client-secret")?.0;
    let secret = std::str::from_utf8(bytes).ok()?;
    let wanted = secret::identity(valid, issuer, keycloak::client::API, secret);
    let written = record.aim(IDENTITY_SECRET, Some(object::digest(&wanted, &valid.mark))).course != Course::Apply;
    written.then(|| plexica_backends::Secret::new(secret))
}

/// The first secret is made by Keycloak, those that follow are derived.
pub fn give_secret(context: &Context, desired: &mut keycloak::RealmDesired) {
    let number = desired.servers.generation.number;
    if number > 1 {
        let identity = format!("{}\n{number}", desired.realm);
        desired.servers.secret = Some(context.keys.password("identity", &identity));
    }
}

fn turned(valid: &Valid, before: &Generation, now: &Generation) -> Option<Note> {
    if now.number > before.number {
        return Some(rotation::rotated("identity", now.number, valid.rotation.until(now)));
    }
    (before.previous && !now.previous).then(|| rotation::ended("identity", now.number))
}

/// The bucket, and what is known of its keys.
struct Bucket {
    name: String,
    keys: Held,
}

async fn bucket(
    context: &Context,
    plan: Part<Ensure<bucket::Desired, bucket::Observed>>,
    drift: &mut Drift,
) -> Part<String> {
    let Ensure { desired, seen, aim } = plan?;
    let differences = std::future::ready(bucket::differences(&context.store, &desired, &seen));
    let ensure = bucket::ensure(&context.store, &context.intents, &desired, &seen);
    bring(context, System::S3, &aim, drift, differences, ensure).await?;
    drift.settled(&aim);
    if aim.course == Course::Report && *seen.found() == Found::Absent {
        return Err(withheld(&drift.kept_in(aim.part)));
    }
    Ok(desired.bucket)
}

async fn room(
    context: &Context,
    valid: &Valid,
    plan: Part<Ensure<Namespace, (Option<Namespace>, Secrets)>>,
    drift: &mut Drift,
) -> Part<Secrets> {
    let Ensure { desired, seen: (seen, secrets), aim } = plan?;
    let (client, seen) = (&context.client, seen.as_ref());
    let differences = namespace::differences(client, &desired, seen, &valid.mark, valid.adoption);
    let ensure = namespace::ensure(client, &desired, seen, &valid.mark, valid.adoption);
    bring(context, System::Kubernetes, &aim, drift, differences, ensure).await?;
    drift.settled(&aim);
    if aim.course == Course::Report && seen.is_none() {
        return Err(withheld(&drift.kept_in(aim.part)));
    }
    Ok(secrets)
}

async fn write_servers(
    context: &Context,
    valid: &Valid,
    record: &Record,
    seen: Option<&Secret>,
    Servers { status: IdentityStatus { realm: _, issuer }, secret, generation, note: _ }: &Servers,
    drift: &mut Drift,
) -> Part<()> {
    let client = keycloak::client::servers(generation.slot());
    let wanted = secret::identity(valid, issuer, client, secret.reveal());
    let aim = record.aim(IDENTITY_SECRET, Some(object::digest(&wanted, &valid.mark)));
    write(context, valid, &wanted, seen, &aim, drift).await
}

/// Writes a Secret.
pub async fn write(
    context: &Context,
    valid: &Valid,
    wanted: &Secret,
    seen: Option<&Secret>,
    aim: &Aim,
    drift: &mut Drift,
) -> Part<()> {
    let api: Api<Secret> = namespaced(&context.client, &valid.namespace);
    let differences = object::differences(&api, wanted, seen, &valid.mark, valid.adoption);
    let ensure = async {
        if let Some(seen) = seen {
            object::take_back(&api, seen, &valid.mark, valid.adoption).await?;
        }
        object::apply(&api, wanted, seen, &valid.mark, valid.adoption).await
    };
    bring(context, System::Kubernetes, aim, drift, differences, ensure).await?;
    drift.settled(aim);
    if aim.course == Course::Report && seen.is_none() {
        return Err(withheld(&drift.kept_in(aim.part)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_due_while_a_tenant_was_worked_on_is_next() {
        let second = |second| Timestamp::from_second(second).unwrap();
        // The work took from 100 to 200.
        let next = |due: &[i64]| next_due(due.iter().map(|due| Some(second(*due))), second(100));
        assert_eq!(next(&[150, 300]), Some(second(150)), "it is past now, and was not tried");
        assert_eq!(next(&[100, 90, 300]), Some(second(300)), "what was tried waits for something else");
        assert_eq!(next(&[90]), None);
        assert_eq!(next_due([None], second(100)), None);
    }
}
