//! Does what is planned, all parts at once, each failing on its own.

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{Namespace, Secret},
    apimachinery::pkg::apis::meta::v1::Time,
};
use kube::Api;
use plexica_backends::{
    Changes, Generation, System, keycloak, object,
    ownership::Found,
    postgres,
    s3::{
        bucket,
        credential::{Credentials, issue},
    },
};
use plexica_crds::{
    CredentialStatus,
    tenant::{CredentialsStatus, DatabaseStatus, IdentityStatus, StorageStatus},
};

use super::{
    Part, namespace,
    observe::Secrets,
    plan::{self, Ensure, IDENTITY_SECRET, Plan, STORAGE_SECRET},
    quota,
    report::Applied,
    secret::{self, Validity},
    validate::Valid,
};
use crate::{
    context::Context,
    drift::{Aim, Course, Drift, Record, bring, withheld},
    resource::{Note, namespaced},
    rotation,
};

/// Applies the plan.
pub async fn apply(context: &Context, valid: &Valid, record: &Record, plan: Plan) -> Applied {
    let Plan { database, identity, sign_in, storage, keys, namespace, quota } = plan;
    let [mut of_database, mut of_identity, mut drift, mut of_namespace] = <[Drift; 4]>::default();
    let held = namespace.as_ref().ok().and_then(|plan| plan.seen.1.identity.clone());
    let (database, identity, storage, namespace) = futures::join!(
        schema(context, valid, database, &mut of_database),
        realm(context, valid, identity, (record, held.as_ref()), &mut of_identity),
        bucket(context, valid, storage, keys, &mut drift),
        room(context, valid, namespace, &mut of_namespace),
    );
    for of_part in [of_database, of_identity, of_namespace] {
        drift.join(of_part);
    }
    // Secrets need the namespace; one whose content is not known yet is reported with its part.
    let (namespace, secrets) = match namespace {
        Ok(seen) => {
            let identity = identity.as_ref().ok();
            let keys = storage.as_ref().ok().map(|bucket| &bucket.keys);
            let secrets = Secrets { identity: seen.identity, storage: seen.storage };
            let written = write_secrets(context, valid, record, secrets, (identity, keys), &mut drift).await;
            (Ok(valid.namespace.clone()), written)
        }
        Err(problem) => (Err(problem), Ok(())),
    };
    let plan = Box::pin(quota::enact(context, valid, quota, namespace.as_ref().err(), &mut drift)).await;
    let look_at = [
        storage.as_ref().ok().and_then(|bucket| bucket.renew_at),
        storage.as_ref().ok().and_then(|bucket| Some(bucket.told.as_ref()?.previous_until.as_ref()?.0)),
        identity.as_ref().ok().and_then(|servers| valid.rotation.next(&servers.generation, valid.born)),
    ];
    // What could not be done although it is due waits for something else.
    let now = Timestamp::now();
    let look_at = look_at.into_iter().flatten().filter(|at| *at > now).min();
    let credentials = CredentialsStatus {
        identity: identity.as_ref().ok().map(|servers| rotation::status(&servers.generation, &valid.rotation)),
        storage: storage.as_ref().ok().and_then(|bucket| bucket.told.clone()),
    };
    let notes = identity.as_ref().ok().and_then(|servers| servers.note.clone());
    let notes = notes.into_iter().chain(storage.as_ref().ok().and_then(|bucket| bucket.note.clone())).collect();
    Applied {
        namespace,
        secrets,
        database,
        sign_in,
        identity: identity.map(|Servers { status, secret: _, generation: _, note: _ }| status),
        storage: storage.map(|Bucket { status, keys: _, renew_at: _, told: _, note: _ }| status),
        credentials,
        notes,
        look_at,
        plan,
        drift,
    }
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
    if generation.number > 1 {
        let identity = format!("{}\n{}", desired.realm, generation.number);
        desired.servers.secret = Some(context.keys.password("identity", &identity));
    } else if let keycloak::Observed::Present(present) = &seen
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

fn turned(valid: &Valid, before: &Generation, now: &Generation) -> Option<Note> {
    if now.number > before.number {
        return Some(rotation::rotated("identity", now.number, valid.rotation.until(now)));
    }
    (before.previous && !now.previous).then(|| rotation::ended("identity", now.number))
}

/// The bucket, and its keys for whoever writes them down.
struct Bucket {
    status: StorageStatus,
    keys: Keys,
    renew_at: Option<Timestamp>,
    told: Option<CredentialStatus>,
    note: Option<Note>,
}

/// What becomes of the Secret of the bucket's keys.
enum Keys {
    /// Those in it are good.
    Good(Aim),
    /// New ones are written, by this course if they end.
    New { keys: Credentials, issued_at: Timestamp, turn: secret::Turn, aim: Aim },
    /// It is not as it was written, and is left so.
    Left(Changes, Aim),
}

async fn bucket(
    context: &Context,
    valid: &Valid,
    plan: Part<Ensure<bucket::Desired, bucket::Observed>>,
    plan::Keys { validity, aim: keys, told, next, asked }: plan::Keys,
    drift: &mut Drift,
) -> Part<Bucket> {
    let Ensure { desired, seen, aim } = plan?;
    let differences = std::future::ready(bucket::differences(&context.store, &desired, &seen));
    let ensure = bucket::ensure(&context.store, &context.intents, &desired, &seen);
    bring(context, System::S3, &aim, drift, differences, ensure).await?;
    drift.settled(&aim);
    if aim.course == Course::Report && *seen.found() == Found::Absent {
        return Err(withheld(&drift.kept_in(aim.part)));
    }
    let mut note = None;
    let (keys, expires_at, renew_at, told) = match validity {
        Validity::Keep { expires_at: Some(expires_at), renew_at } => {
            (Keys::Good(keys), Some(expires_at), renew_at, told)
        }
        Validity::Unfit(changes) if keys.course == Course::Report => (Keys::Left(changes, keys), None, None, told),
        // Keys that do not end come from a file, which may have changed.
        Validity::Renew | Validity::Unfit(_) | Validity::Keep { expires_at: None, renew_at: _ } => {
            // Whoever renews them because their time is over repairs nothing.
            let course = if matches!(validity, Validity::Unfit(_)) { keys.course } else { Course::Apply };
            let issued_at = Timestamp::now();
            let new = context.tried(System::S3, "issue", issue(&context.store, &valid.bucket)).await?;
            let expires_at = new.expires_at;
            let renew_at = expires_at.map(|end| secret::renewal(issued_at, end));
            let told = next.status(issued_at, expires_at, issued_at);
            // Those that are renewed because they end are not told of.
            if asked && expires_at.is_some() {
                note = Some(rotation::rotated("storage", next.generation, next.previous_until));
            }
            (Keys::New { keys: new, issued_at, turn: next, aim: Aim { course, ..keys } }, expires_at, renew_at, told)
        }
    };
    let status = StorageStatus { bucket: desired.bucket, credentials_expire_at: expires_at.map(Time) };
    Ok(Bucket { status, keys, renew_at, told, note })
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

async fn write_secrets(
    context: &Context,
    valid: &Valid,
    record: &Record,
    seen: Secrets,
    (identity, keys): (Option<&Servers>, Option<&Keys>),
    drift: &mut Drift,
) -> Part<()> {
    let Secrets { identity: seen_identity, storage: seen_storage } = seen;
    if let Some(Servers { status: IdentityStatus { realm: _, issuer }, secret, generation, note: _ }) = identity {
        let client = keycloak::client::servers(generation.slot());
        let wanted = secret::identity(valid, issuer, client, secret.reveal());
        let aim = record.aim(IDENTITY_SECRET, Some(object::digest(&wanted, &valid.mark)));
        write(context, valid, &wanted, seen_identity.as_ref(), &aim, drift).await?;
    }
    match keys {
        None => {}
        Some(Keys::Good(aim)) => drift.settled(aim),
        Some(Keys::Left(changes, aim)) => {
            drift.left(aim, changes.clone());
            if seen_storage.is_none() {
                return Err(withheld(changes));
            }
        }
        Some(Keys::New { keys, issued_at, turn, aim }) => {
            let Credentials { access_key_id, secret_access_key, session_token, expires_at } = keys;
            let keys = secret::Keys {
                endpoint: &context.settings.s3_endpoint,
                region: &context.settings.s3_region,
                access_key_id,
                secret_access_key: secret_access_key.reveal(),
                session_token: session_token.as_ref().map_or("", plexica_backends::Secret::reveal),
                issued_at: *issued_at,
                expires_at: *expires_at,
                turn,
            };
            let wanted = secret::storage(valid, &keys);
            // Those that do not end are known by themselves.
            let fixed = record.aim(STORAGE_SECRET, Some(object::digest(&wanted, &valid.mark)));
            let aim = if expires_at.is_some() { aim } else { &fixed };
            write(context, valid, &wanted, seen_storage.as_ref(), aim, drift).await?;
        }
    }
    Ok(())
}

async fn write(
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
