//! Giving a tenant the keys to its bucket. They are made when the Secret that they go to can be written,
//! and not before: none can be taken back.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use plexica_backends::{
    System, object,
    s3::credential::{Credentials, issue},
};
use plexica_crds::CredentialStatus;

use super::{
    Part,
    apply::write,
    plan::{self, STORAGE_SECRET},
    secret::{self, Validity},
    validate::Valid,
};
use crate::{
    context::Context,
    drift::{Aim, Course, Drift, Record, withheld},
    problem::Problem,
    resource::{Note, namespaced},
    rotation,
};

/// What is known of the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// When they end.
    pub expires_at: Option<Timestamp>,
    /// When new ones are due.
    pub renew_at: Option<Timestamp>,
    /// What is told of them.
    pub told: Option<CredentialStatus>,
    /// That they were replaced.
    pub note: Option<Note>,
}

impl Held {
    /// Of those that are there.
    pub fn known(plan::Keys { validity, aim: _, told, until, next: _, asked: _ }: &plan::Keys) -> Self {
        let renew_at = match validity {
            Validity::Keep { expires_at: _, renew_at } => *renew_at,
            Validity::Renew | Validity::Unfit(_) => None,
        };
        Self { expires_at: *until, renew_at, told: told.clone(), note: None }
    }
}

/// What came of giving them.
pub struct Given {
    /// What is known of them, unless the store gave none.
    pub storage: Part<Held>,
    /// Whether they stand in the Secret.
    pub written: Part<()>,
}

impl Given {
    fn refused(keys: &plan::Keys, problem: Problem) -> Self {
        Self { storage: Ok(Held::known(keys)), written: Err(problem) }
    }
}

/// Makes keys if they are due, and writes them down.
pub async fn give_keys(
    context: &Context,
    valid: &Valid,
    record: &Record,
    seen: Option<&Secret>,
    keys: plan::Keys,
    drift: &mut Drift,
) -> Given {
    let course = match &keys.validity {
        Validity::Keep { expires_at: Some(_), renew_at: _ } => {
            drift.settled(&keys.aim);
            return Given { storage: Ok(Held::known(&keys)), written: Ok(()) };
        }
        Validity::Unfit(changes) if keys.aim.course == Course::Report => {
            drift.left(&keys.aim, changes.clone());
            let written = if seen.is_none() { Err(withheld(changes)) } else { Ok(()) };
            let told = Held { told: keys.told.clone(), ..Held::default() };
            return Given { storage: Ok(told), written };
        }
        // Whoever renews them because their time is over repairs nothing.
        Validity::Unfit(_) => keys.aim.course,
        // Keys that do not end come from a file, which may have changed.
        Validity::Renew | Validity::Keep { expires_at: None, renew_at: _ } => Course::Apply,
    };
    // Keys from a file are no others each time.
    let ends = !matches!(keys.validity, Validity::Keep { expires_at: None, renew_at: _ });
    if ends && let Err(problem) = writable(context, valid, seen).await {
        return Given::refused(&keys, problem);
    }
    let issued_at = Timestamp::now();
    let new = match context.tried(System::S3, "issue", issue(&context.store, &valid.bucket)).await {
        Ok(new) => new,
        Err(problem) => return Given { storage: Err(problem), written: Ok(()) },
    };
    let plan::Keys { validity: _, aim, told: _, until: _, next: turn, asked } = keys;
    let expires_at = new.expires_at;
    // Those that are renewed because they end are not told of.
    let replaced = asked && expires_at.is_some();
    let held = Held {
        expires_at,
        renew_at: expires_at.map(|end| secret::renewal(issued_at, end)),
        told: turn.status(issued_at, expires_at, issued_at),
        note: replaced.then(|| rotation::rotated("storage", turn.generation, turn.previous_until)),
    };
    let wanted = filled(context, valid, &new, issued_at, &turn);
    // Those that do not end are known by themselves.
    let aim = match expires_at {
        Some(_) => Aim { course, ..aim },
        None => record.aim(STORAGE_SECRET, Some(object::digest(&wanted, &valid.mark))),
    };
    Given { storage: Ok(held), written: write(context, valid, &wanted, seen, &aim, drift).await }
}

/// Whether Kubernetes would take a Secret of that kind there.
async fn writable(context: &Context, valid: &Valid, seen: Option<&Secret>) -> Part<()> {
    let none = Credentials {
        access_key_id: String::new(),
        secret_access_key: plexica_backends::Secret::new(""),
        session_token: None,
        expires_at: None,
    };
    let wanted = filled(context, valid, &none, Timestamp::UNIX_EPOCH, &secret::Turn::default());
    let api: Api<Secret> = namespaced(&context.client, &valid.namespace);
    let tried = object::rehearse(&api, &wanted, seen, &valid.mark, valid.adoption);
    context.tried(System::Kubernetes, "observe", tried).await
}

fn filled(
    context: &Context,
    valid: &Valid,
    Credentials { access_key_id, secret_access_key, session_token, expires_at }: &Credentials,
    issued_at: Timestamp,
    turn: &secret::Turn,
) -> Secret {
    let keys = secret::Keys {
        endpoint: &context.settings.s3_endpoint,
        region: &context.settings.s3_region,
        access_key_id,
        secret_access_key: secret_access_key.reveal(),
        session_token: session_token.as_ref().map_or("", plexica_backends::Secret::reveal),
        issued_at,
        expires_at: *expires_at,
        turn,
    };
    secret::storage(valid, &keys)
}
