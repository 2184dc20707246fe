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
mod tests {
    use super::*;
    use crate::{fixture, tenant::validate::validate};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn keys(expires_at: Option<Timestamp>) -> Keys<'static> {
        Keys {
            endpoint: "http://s3.test",
            region: "us-east-1",
            access_key_id: "id",
            secret_access_key: "secret",
            session_token: "",
            issued_at: at(0),
            expires_at,
            turn: Box::leak(Box::default()),
        }
    }

    /// As the server has it after it was applied.
    fn applied(valid: &Valid, keys: &Keys<'_>) -> Secret {
        let mut secret = storage(valid, keys);
        object::sign(&mut secret, &valid.mark).unwrap();
        secret
    }

    #[test]
    fn keys_are_renewed_when_two_thirds_are_over() {
        let valid = validate(&fixture::tenant("acme"), &fixture::settings()).unwrap();
        let good = applied(&valid, &keys(Some(at(60))));
        let check = |secret: Option<&Secret>, now| validity(&valid, "http://s3.test", "us-east-1", secret, now);
        let kept = Validity::Keep { expires_at: Some(at(60)), renew_at: Some(at(40)) };
        for (now, expected) in
            [(0, kept.clone()), (39, kept), (40, Validity::Renew), (60, Validity::Renew), (999, Validity::Renew)]
        {
            assert_eq!(check(Some(&good), at(now)), expected, "{now}");
        }
        let forever = applied(&valid, &keys(None));
        assert_eq!(check(Some(&forever), at(999)), Validity::Keep { expires_at: None, renew_at: None });
        let missing = Changes::from_iter(["applied Secret tenant-acme/plexica-storage"]);
        assert_eq!(check(None, at(0)), Validity::Unfit(missing));
        // Others are made when somebody asks, once; what does not end comes from elsewhere.
        let asked = {
            let mut valid = valid.clone();
            valid.rotation.requests.insert("now".into());
            valid
        };
        let ask = |secret: &Secret| validity(&asked, "http://s3.test", "us-east-1", Some(secret), at(0));
        assert_eq!((ask(&good), ask(&forever)), (Validity::Renew, check(Some(&forever), at(999))));
        let turn = Turn::after(Some(&good), &asked.rotation.requests);
        assert_eq!((turn.generation, turn.previous_until), (2, Some(at(60))));
        let second = applied(&asked, &Keys { issued_at: at(1), turn: &turn, ..keys(Some(at(61))) });
        assert!(matches!(ask(&second), Validity::Keep { .. }));
        assert_eq!(Turn::of(&second), turn);
        let told = |now| storage_status(&second, at(now)).unwrap().previous_until;
        assert_eq!((told(59), told(60)), (Some(Time(at(60))), None));
        assert_eq!(storage_status(&forever, at(0)), None);
        // Somebody else's is refused when it is written.
        let mut theirs = good;
        theirs.metadata.labels = None;
        assert_eq!(check(Some(&theirs), at(0)), Validity::Renew);
    }

    #[test]
    fn keys_that_are_not_those_that_were_written_are_unfit() {
        let valid = validate(&fixture::tenant("acme"), &fixture::settings()).unwrap();
        let good = applied(&valid, &keys(Some(at(60))));
        let changed = |change: fn(&mut Secret)| {
            let mut secret = good.clone();
            change(&mut secret);
            secret
        };
        for (endpoint, region, secret, named) in [
            ("http://elsewhere.test", "us-east-1", good.clone(), "(data.endpoint)"),
            ("http://s3.test", "eu-central-1", good.clone(), "(data.region)"),
            (
                "http://s3.test",
                "us-east-1",
                changed(|secret| {
                    secret.data.as_mut().unwrap().remove("secret-access-key");
                }),
                "(data.secret-access-key)",
            ),
            (
                "http://s3.test",
                "us-east-1",
                changed(|secret| {
                    secret.data.as_mut().unwrap().insert("access-key-id".into(), ByteString(b"mine".to_vec()));
                }),
                "(other content than was applied)",
            ),
            (
                "http://s3.test",
                "us-east-1",
                changed(|secret| {
                    secret.metadata.annotations.as_mut().unwrap().insert(EXPIRES_AT.into(), "soon".into());
                }),
                "(other content than was applied)",
            ),
            (
                "http://s3.test",
                "us-east-1",
                changed(|secret| {
                    secret.metadata.labels.as_mut().unwrap().remove(label::TENANT);
                }),
                "(metadata.labels[plexica.io/tenant])",
            ),
        ] {
            let found = validity(&valid, endpoint, region, Some(&secret), at(0));
            let Validity::Unfit(changes) = found else { panic!("{found:?}") };
            assert_eq!(changes.to_string(), format!("applied Secret tenant-acme/plexica-storage {named}"));
        }
    }

    #[test]
    fn whichever_the_keys_are_the_secret_is_known_by_what_they_are_for() {
        let valid = validate(&fixture::tenant("acme"), &fixture::settings()).unwrap();
        let digest = storage_digest(&valid, "http://s3.test", "us-east-1");
        assert_eq!(digest, storage_digest(&valid, "http://s3.test", "us-east-1"));
        let moved = Valid { bucket: "other".into(), ..valid.clone() };
        for other in [
            storage_digest(&valid, "http://elsewhere.test", "us-east-1"),
            storage_digest(&valid, "http://s3.test", "eu-central-1"),
            storage_digest(&moved, "http://s3.test", "us-east-1"),
        ] {
            assert_ne!(digest, other);
        }
    }
}
