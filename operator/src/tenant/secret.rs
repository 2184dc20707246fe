//! The tenant's two Secrets, as they should be. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::{ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::Time};
use kube::{ResourceExt, api::ObjectMeta};
use plexica_backends::{Changes, object};
use plexica_crds::{CredentialStatus, label};

use super::validate::Valid;

/// Realm and client.
pub const IDENTITY: &str = "plexica-identity";
/// Bucket and keys.
pub const STORAGE: &str = "plexica-storage";
/// When the keys in it end.
const EXPIRES_AT: &str = "plexica.io/expires-at";
/// When those before them end.
const PREVIOUS_EXPIRES_AT: &str = "plexica.io/previous-expires-at";
/// When they were made.
const ISSUED_AT: &str = "plexica.io/issued-at";

/// How tenants' servers sign in to their realm.
pub fn identity(valid: &Valid, issuer: &str, client_id: &str, client_secret: &str) -> Secret {
    let admin = valid.admin.as_ref().map(|admin| ("admin-username", admin.email.as_str()));
    let data =
        [("issuer", issuer), ("realm", &valid.realm), ("client-id", client_id), ("client-secret", client_secret)];
    secret(valid, IDENTITY, data.into_iter().chain(admin), BTreeMap::new())
}

/// Keys to the tenant's bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys<'a> {
    /// Where the object store is.
    pub endpoint: &'a str,
    /// Its region.
    pub region: &'a str,
    /// Access key.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret_access_key: &'a str,
    /// Session token of short-lived keys; empty for others.
    pub session_token: &'a str,
    /// When they were made.
    pub issued_at: Timestamp,
    /// When they end.
    pub expires_at: Option<Timestamp>,
    /// Which of those that were made for the tenant they are.
    pub turn: &'a Turn,
}

/// Which keys, of those that end and are followed by others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// From 1.
    pub generation: u32,
    /// Digests of what people asked for and was followed by them.
    pub requests: BTreeSet<String>,
    /// When those before them end: they are good until then, whatever is written here.
    pub previous_until: Option<Timestamp>,
}

impl Default for Turn {
    fn default() -> Self {
        Self { generation: 1, requests: BTreeSet::new(), previous_until: None }
    }
}

impl Turn {
    /// That of the keys in a Secret.
    pub fn of(seen: &Secret) -> Self {
        let text = |key: &str| seen.annotations().get(key);
        Self {
            generation: text(label::GENERATION).and_then(|text| text.parse().ok()).unwrap_or(1),
            requests: text(label::ROTATION_REQUEST)
                .map(|text| text.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
            previous_until: time(seen, PREVIOUS_EXPIRES_AT),
        }
    }

    /// That of the keys that replace those in a Secret, for what was asked.
    pub fn after(seen: Option<&Secret>, requests: &BTreeSet<String>) -> Self {
        let Some(seen) = seen else { return Self { requests: requests.clone(), ..Self::default() } };
        Self {
            generation: Self::of(seen).generation.saturating_add(1),
            requests: requests.clone(),
            previous_until: time(seen, EXPIRES_AT),
        }
    }

    /// Keys in a status; `None` for those that do not end, which nobody makes anew.
    pub fn status(
        &self,
        issued_at: Timestamp,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<CredentialStatus> {
        let Self { generation, requests: _, previous_until } = self;
        expires_at.map(|_| CredentialStatus {
            generation: (*generation).into(),
            rotated_at: (*generation > 1).then_some(Time(issued_at)),
            previous_until: previous_until.filter(|until| *until > now).map(Time),
        })
    }
}

/// Keys of a Secret in a status.
pub fn storage_status(seen: &Secret, now: Timestamp) -> Option<CredentialStatus> {
    Turn::of(seen).status(time(seen, ISSUED_AT)?, time(seen, EXPIRES_AT), now)
}

/// When the keys in a Secret end.
pub fn expires_at(seen: &Secret) -> Option<Timestamp> {
    time(seen, EXPIRES_AT)
}

fn time(secret: &Secret, annotation: &str) -> Option<Timestamp> {
    secret.annotations().get(annotation).and_then(|text| text.parse().ok())
}

/// Whether a Secret tells servers to sign in like that.
pub fn says(seen: Option<&Secret>, client_id: &str, client_secret: &str) -> bool {
    let text = |key: &str| seen?.data.as_ref()?.get(key).map(|ByteString(bytes)| bytes.as_slice());
    text("client-id") == Some(client_id.as_bytes()) && text("client-secret") == Some(client_secret.as_bytes())
}

/// How tenants' servers reach their bucket.
pub fn storage(valid: &Valid, keys: &Keys<'_>) -> Secret {
    let Keys { endpoint, region, access_key_id, secret_access_key, session_token, issued_at, expires_at, turn } = keys;
    let data = [
        ("endpoint", *endpoint),
        ("region", region),
        ("bucket", &valid.bucket),
        ("access-key-id", access_key_id),
        ("secret-access-key", secret_access_key),
        ("session-token", session_token),
    ];
    let mut annotations = BTreeMap::new();
    if let Some(at) = expires_at {
        annotations.insert(EXPIRES_AT.to_owned(), at.to_string());
        annotations.insert(ISSUED_AT.to_owned(), issued_at.to_string());
        let Turn { generation, requests, previous_until } = turn;
        if *generation > 1 {
            annotations.insert(label::GENERATION.to_owned(), generation.to_string());
        }
        if !requests.is_empty() {
            let all = requests.iter().map(String::as_str).collect::<Vec<_>>();
            annotations.insert(label::ROTATION_REQUEST.to_owned(), all.join(","));
        }
        annotations.extend(previous_until.map(|at| (PREVIOUS_EXPIRES_AT.to_owned(), at.to_string())));
    }
    secret(valid, STORAGE, data.into_iter(), annotations)
}

fn secret<'a>(
    valid: &Valid,
    name: &str,
    data: impl Iterator<Item = (&'a str, &'a str)>,
    annotations: BTreeMap<String, String>,
) -> Secret {
    Secret {
        metadata: ObjectMeta {
            name: Some(name.into()),
            namespace: Some(valid.namespace.clone()),
            labels: Some([(label::TENANT.to_owned(), valid.slug.to_string())].into()),
            annotations: Some(annotations),
            ..Default::default()
        },
        type_: Some("Opaque".into()),
        data: Some(data.map(|(key, value)| (key.to_owned(), ByteString(value.as_bytes().to_vec()))).collect()),
        ..Default::default()
    }
}

/// By what the Secret of keys is known, whichever they are.
pub fn storage_digest(valid: &Valid, endpoint: &str, region: &str) -> String {
    let keys = Keys {
        endpoint,
        region,
        access_key_id: "",
        secret_access_key: "",
        session_token: "",
        issued_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
        turn: &Turn::default(),
    };
    object::digest(&storage(valid, &keys), &valid.mark)
}

/// How long the keys in a Secret are good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Two thirds of their time are over, somebody asked for others, or the Secret is somebody else's.
    Renew,
    /// There are none, or they are not those that were written there, or for something else: what is
    /// to be written, in words.
    Unfit(Changes),
    /// They are good, and to be renewed at that time, if ever.
    Keep {
        /// When they end.
        expires_at: Option<Timestamp>,
        /// When to make new ones.
        renew_at: Option<Timestamp>,
    },
}

/// When a third of their time is left, so that a store that is down for a while takes nobody's keys
/// away.
pub fn renewal(issued_at: Timestamp, expires_at: Timestamp) -> Timestamp {
    let third = expires_at.duration_since(issued_at) / 3;
    expires_at.saturating_sub(third).unwrap_or(expires_at)
}

/// What is to be done about the keys in the Secret.
pub fn validity(valid: &Valid, endpoint: &str, region: &str, seen: Option<&Secret>, now: Timestamp) -> Validity {
    let Some(seen) = seen else {
        let what = format!("applied Secret {}/{STORAGE}", valid.namespace);
        return Validity::Unfit(Changes::from_iter([what]));
    };
    let text = |key: &str| {
        let ByteString(bytes) = seen.data.as_ref()?.get(key)?;
        std::str::from_utf8(bytes).ok()
    };
    let (issued_at, expires_at) = (time(seen, ISSUED_AT), time(seen, EXPIRES_AT));
    let turn = Turn::of(seen);
    let renew_at = issued_at.zip(expires_at).map(|(issued_at, expires_at)| renewal(issued_at, expires_at));
    let asked = expires_at.is_some() && !valid.rotation.requests.is_subset(&turn.requests);
    if asked || renew_at.is_some_and(|renew_at| renew_at <= now) {
        return Validity::Renew;
    }
    // With these keys it would be as it was written, by its own digest too, unless somebody else wrote.
    let written = storage(
        valid,
        &Keys {
            endpoint,
            region,
            access_key_id: text("access-key-id").unwrap_or_default(),
            secret_access_key: text("secret-access-key").unwrap_or_default(),
            session_token: text("session-token").unwrap_or_default(),
            issued_at: issued_at.unwrap_or_default(),
            expires_at,
            turn: &turn,
        },
    );
    match object::changes(&written, seen, &valid.mark, valid.adoption) {
        Ok(changes) if changes.is_empty() => Validity::Keep { expires_at, renew_at },
        Ok(changes) => Validity::Unfit(changes),
        Err(_) => Validity::Renew,
    }
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
