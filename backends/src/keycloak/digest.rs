//! By which a secret is known again that Keycloak never shows.

use std::fmt;

use aws_lc_rs::hmac;

use crate::Secret;

/// Digests of secrets, keyed by the secret of the service account: who may read a realm's settings
/// cannot try passwords out on them. With another service account's secret all of them differ, and
/// every secret is written once more.
#[derive(Clone)]
pub struct Digests(hmac::Key);

impl Digests {
    /// With that key.
    pub fn new(key: &Secret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.reveal().as_bytes()))
    }

    /// Of a secret at its place: one secret at two places has two digests.
    pub fn of(&self, place: &str, secret: &Secret) -> String {
        hex::encode(hmac::sign(&self.0, format!("{place}\n{}", secret.reveal()).as_bytes()))
    }
}

impl PartialEq for Digests {
    fn eq(&self, other: &Self) -> bool {
        let probe = Secret::new("");
        self.of("", &probe) == other.of("", &probe)
    }
}

impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digests(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_place_and_secret_count() {
        let [one, other] = ["key", "other"].map(|key| Digests::new(&Secret::new(key)));
        let secret = Secret::new("secret");
        let digest = one.of("here", &secret);
        assert_eq!(digest, one.of("here", &secret));
        for differs in [other.of("here", &secret), one.of("there", &secret), one.of("here", &Secret::new("Secret"))] {
            assert_ne!(differs, digest);
        }
    }
}
