//! STS `AssumeRole`: keys for the bucket that the session's policy names.

use axum::http::{Extensions, HeaderMap, HeaderValue, Method, Uri, header};
use s3s::route::S3Route;
use s3s::{Body, S3Request, S3Response, S3Result, s3_error};
use serde_json::Value;

use super::keys::{Issued, Keys};
use crate::s3::credential::bucket_policy;

/// More than a policy ever needs.
const LONGEST_BODY: usize = 64 * 1024;
/// What AWS gives who does not say.
const DEFAULT_DURATION: u32 = 3600;
/// Seven days, as MinIO allows.
const LONGEST_DURATION: u32 = 7 * 24 * 3600;

pub(super) struct AssumeRole {
    keys: Keys,
}

impl AssumeRole {
    pub fn new(keys: Keys) -> Self {
        Self { keys }
    }
}

#[async_trait::async_trait]
impl S3Route for AssumeRole {
    fn is_match(&self, method: &Method, uri: &Uri, headers: &HeaderMap, _: &mut Extensions) -> bool {
        let form = headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        method == Method::POST && uri.path() == "/" && form
    }

    async fn check_access(&self, request: &mut S3Request<Body>) -> S3Result<()> {
        match &request.credentials {
            Some(credentials) if self.keys.is_root(&credentials.access_key) => Ok(()),
            _ => Err(s3_error!(AccessDenied, "Access Denied")),
        }
    }

    async fn call(&self, mut request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let form = request.input.store_all_limited(LONGEST_BODY).await;
        let form = form.map_err(|_| s3_error!(InvalidArgument, "The request is too long"))?;
        let field = |wanted: &str| {
            url::form_urlencoded::parse(&form).find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
        };
        if field("Action").as_deref() != Some("AssumeRole") {
            return Err(s3_error!(NotImplemented, "Only AssumeRole is known here"));
        }
        let bucket = field("Policy")
            .as_deref()
            .and_then(bucket_of)
            .ok_or_else(|| s3_error!(MalformedPolicy, "The policy must be the one that Plexica writes for a bucket"))?;
        let seconds = match field("DurationSeconds").map(|text| text.parse()) {
            None => DEFAULT_DURATION,
            Some(Ok(seconds @ 1..=LONGEST_DURATION)) => seconds,
            Some(_) => return Err(s3_error!(InvalidArgument, "DurationSeconds is out of range")),
        };
        let mut response = S3Response::new(Body::from(answer(&self.keys.issue(&bucket, seconds)?)));
        response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        Ok(response)
    }
}

/// The bucket of a policy that is to the letter what Plexica writes; no other is understood here.
fn bucket_of(policy: &str) -> Option<String> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let bucket = policy["Statement"][0]["Resource"][0].as_str()?.strip_prefix("arn:aws:s3:::")?;
    (s3s::path::check_bucket_name(bucket) && policy == bucket_policy(bucket)).then(|| bucket.to_owned())
}

/// All values are letters, digits and punctuation that needs no escapes.
fn answer(issued: &Issued) -> String {
    let Issued { access_key_id, secret_access_key, session_token, expires_at } = issued;
    format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>{access_key_id}</AccessKeyId><SecretAccessKey>{secret_access_key}</SecretAccessKey>\
         <SessionToken>{session_token}</SessionToken><Expiration>{expires_at}</Expiration>\
         </Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_policy_is_understood() {
        let ours = bucket_policy("tenant-acme");
        assert_eq!(bucket_of(&ours.to_string()).as_deref(), Some("tenant-acme"));
        let mut wider = ours.clone();
        wider["Statement"][1]["Resource"][0] = "arn:aws:s3:::*".into();
        let mut more = ours;
        more["Statement"][0]["Action"][0] = "s3:*".into();
        for refused in [wider, more, bucket_policy("*"), Value::Null] {
            assert_eq!(bucket_of(&refused.to_string()), None, "{refused}");
        }
    }
}
