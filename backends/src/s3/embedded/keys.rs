//! Key pairs that open one bucket, without a list of them: everything is derived from the root's
//! secret, so they survive a restart and none can be made without it.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use crate::Secret;

/// Whose request it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principal {
    Root,
    Bucket(String),
}

#[derive(Clone)]
pub(super) struct Keys {
    root_id: String,
    root_secret: Secret,
    seal: EncodingKey,
    unseal: DecodingKey,
}

/// A key pair of one bucket.
pub(super) struct Issued {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
    pub expires_at: Timestamp,
}

/// What a session token says.
#[derive(Serialize, Deserialize)]
struct Session {
    /// The access key it belongs to.
    sub: String,
    bucket: String,
    exp: u64,
}

impl Keys {
    pub fn new(root_id: String, root_secret: Secret) -> Self {
        let secret = root_secret.reveal().as_bytes();
        let (seal, unseal) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Self { root_id, root_secret, seal, unseal }
    }

    pub fn is_root(&self, access_key_id: &str) -> bool {
        access_key_id == self.root_id
    }

    /// A pair that opens `bucket` alone, for that many seconds.
    pub fn issue(&self, bucket: &str, seconds: u32) -> S3Result<Issued> {
        let access_key_id = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
        let now = Timestamp::now().as_second();
        let end = now.saturating_add(i64::from(seconds));
        let session = Session {
            sub: access_key_id.clone(),
            bucket: bucket.to_owned(),
            exp: u64::try_from(end).unwrap_or_default(),
        };
        let session_token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &session, &self.seal)
            .map_err(|_| s3_error!(InternalError))?;
        Ok(Issued {
            secret_access_key: self.secret_of(&access_key_id)?,
            access_key_id,
            session_token,
            expires_at: Timestamp::from_second(end).map_err(|_| s3_error!(InternalError))?,
        })
    }

    /// Who signs with that key and shows that session token.
    pub fn principal(&self, access_key_id: &str, session_token: Option<&str>) -> S3Result<Principal> {
        if self.is_root(access_key_id) {
            return Ok(Principal::Root);
        }
        let token = session_token.ok_or_else(|| s3_error!(InvalidAccessKeyId, "The session token is missing"))?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        match jsonwebtoken::decode::<Session>(token, &self.unseal, &validation) {
            Ok(session) if session.claims.sub == access_key_id => Ok(Principal::Bucket(session.claims.bucket)),
            Err(error) if matches!(error.kind(), jsonwebtoken::errors::ErrorKind::ExpiredSignature) => {
                Err(s3_error!(ExpiredToken, "The keys have expired"))
            }
            _ => Err(s3_error!(InvalidToken, "The session token does not belong to the key")),
        }
    }

    fn secret_of(&self, access_key_id: &str) -> S3Result<String> {
        // The prefix keeps this apart from session tokens, which are sealed with the same secret.
        let message = format!("secret access key of {access_key_id}");
        jsonwebtoken::crypto::sign(message.as_bytes(), &self.seal, Algorithm::HS256)
            .map_err(|_| s3_error!(InternalError))
    }
}

/// Any key has a secret, but only a session token says what it opens.
#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key_id: &str) -> S3Result<SecretKey> {
        if self.is_root(access_key_id) {
            return Ok(SecretKey::from(self.root_secret.reveal()));
        }
        self.secret_of(access_key_id).map(SecretKey::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secret: &str) -> Keys {
        Keys::new("root".into(), Secret::new(secret))
    }

    #[test]
    fn a_pair_opens_its_bucket_until_it_ends() {
        let keys = keys("root's secret");
        let issued = keys.issue("tenant-acme", 60).unwrap();
        let principal = |id: &str, token: &str| keys.principal(id, Some(token));
        let acme = Principal::Bucket("tenant-acme".into());
        assert_eq!(principal(&issued.access_key_id, &issued.session_token).unwrap(), acme);
        assert_eq!(keys.principal("root", None).unwrap(), Principal::Root);

        let other = keys.issue("tenant-beta", 60).unwrap();
        assert!(principal(&other.access_key_id, &issued.session_token).is_err(), "another's token");
        assert!(keys.principal(&issued.access_key_id, None).is_err(), "no token");
        let expired = Session { sub: "A".into(), bucket: "tenant-acme".into(), exp: 1 };
        let expired = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &expired, &keys.seal).unwrap();
        assert_eq!(principal("A", &expired).unwrap_err().code().as_str(), "ExpiredToken");
    }

    #[test]
    fn another_secret_makes_other_keys() {
        let (ours, theirs) = (keys("one"), keys("two"));
        let issued = ours.issue("tenant-acme", 60).unwrap();
        assert!(theirs.principal(&issued.access_key_id, Some(&issued.session_token)).is_err());
        assert_ne!(theirs.secret_of(&issued.access_key_id).unwrap(), issued.secret_access_key);
    }
}
