//! The tenant's two Secrets, as they should be. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{ResourceExt, api::ObjectMeta};
use plexica_crds::label;

use super::validate::Valid;

/// Realm and client.
pub const IDENTITY: &str = "plexica-identity";
/// Bucket and keys.
pub const STORAGE: &str = "plexica-storage";
/// When the keys in it end.
const EXPIRES_AT: &str = "plexica.io/expires-at";
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
}

/// How tenants' servers reach their bucket.
pub fn storage(valid: &Valid, keys: &Keys<'_>) -> Secret {
    let Keys { endpoint, region, access_key_id, secret_access_key, session_token, issued_at, expires_at } = keys;
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

/// How long the keys in a Secret are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// There are none, or they are for something else, or two thirds of their time are over.
    Renew,
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
        return Validity::Renew;
    };
    let text = |key: &str| {
        let ByteString(bytes) = seen.data.as_ref()?.get(key)?;
        std::str::from_utf8(bytes).ok()
    };
    let right = text("endpoint") == Some(endpoint)
        && text("region") == Some(region)
        && text("bucket") == Some(&valid.bucket)
        && ["access-key-id", "secret-access-key"].into_iter().all(|key| text(key).is_some_and(|text| !text.is_empty()));
    if !right {
        return Validity::Renew;
    }
    let time = |key: &str| seen.annotations().get(key).map(|text| text.parse::<Timestamp>());
    match (time(ISSUED_AT), time(EXPIRES_AT)) {
        (None, None) => Validity::Keep { expires_at: None, renew_at: None },
        (Some(Ok(issued_at)), Some(Ok(expires_at))) => {
            let renew_at = renewal(issued_at, expires_at);
            if renew_at <= now {
                Validity::Renew
            } else {
                Validity::Keep { expires_at: Some(expires_at), renew_at: Some(renew_at) }
            }
        }
        _ => Validity::Renew,
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
        }
    }

    #[test]
    fn keys_are_renewed_when_two_thirds_are_over() {
        let valid = validate(&fixture::tenant("acme"), &fixture::settings()).unwrap();
        let good = storage(&valid, &keys(Some(at(60))));
        let check = |secret: Option<&Secret>, now| validity(&valid, "http://s3.test", "us-east-1", secret, now);
        let kept = Validity::Keep { expires_at: Some(at(60)), renew_at: Some(at(40)) };
        for (now, expected) in
            [(0, kept), (39, kept), (40, Validity::Renew), (60, Validity::Renew), (999, Validity::Renew)]
        {
            assert_eq!(check(Some(&good), at(now)), expected, "{now}");
        }
        let forever = storage(&valid, &keys(None));
        assert_eq!(check(Some(&forever), at(999)), Validity::Keep { expires_at: None, renew_at: None });
        assert_eq!(check(None, at(0)), Validity::Renew);
    }

    #[test]
    fn keys_for_something_else_are_renewed() {
        let valid = validate(&fixture::tenant("acme"), &fixture::settings()).unwrap();
        let other = validate(&fixture::tenant("other"), &fixture::settings()).unwrap();
        let good = storage(&valid, &keys(Some(at(60))));
        let mut emptied = good.clone();
        emptied.data.as_mut().unwrap().remove("secret-access-key");
        let mut unreadable = good.clone();
        unreadable.metadata.annotations.as_mut().unwrap().insert(EXPIRES_AT.into(), "soon".into());
        for (valid, endpoint, region, secret) in [
            (&other, "http://s3.test", "us-east-1", &good),
            (&valid, "http://elsewhere.test", "us-east-1", &good),
            (&valid, "http://s3.test", "eu-central-1", &good),
            (&valid, "http://s3.test", "us-east-1", &emptied),
            (&valid, "http://s3.test", "us-east-1", &unreadable),
        ] {
            assert_eq!(validity(valid, endpoint, region, Some(secret), at(0)), Validity::Renew);
        }
    }
}
