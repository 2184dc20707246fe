//! Whether the operator's keys can do what is needed, tried on a bucket that is removed again.

use serde_json::{Value, json};

use super::bucket::{probe, remove};
use super::{Mode, Store, credential};
use crate::Kind;
use crate::preflight::Finding;

/// What is missing. Empty if all is well. Tries it on a bucket `<prefix>preflight-<random>`.
pub async fn preflight(store: &Store, bucket_prefix: &str) -> Vec<Finding> {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let bucket = format!("{bucket_prefix}preflight-{}", &random[..8]);
    let made = probe::make(store, &bucket).await;
    let filled = match &made {
        Ok(()) => probe::fill(store, &bucket).await,
        Err(_) => Ok(()),
    };
    let keys = match &store.config.credentials {
        Mode::Sts(_) => credential::issue(store, &bucket).await.map(Some),
        Mode::Static(file) => credential::check_file(file).map(|()| None),
    };
    let opened = match (&made, &filled, &keys) {
        (Ok(()), Ok(()), Ok(Some(keys))) => probe::fill_as(store, &bucket, keys).await,
        _ => Ok(()),
    };
    let removed = if made.is_ok() { remove(store, &bucket).await } else { Ok(()) };

    let policy = || format!("Give the operator's identity this policy:\n{:#}", operator_policy(bucket_prefix));
    let mut findings = Vec::new();
    for error in [made.err(), filled.err(), removed.err()].into_iter().flatten() {
        findings.push(with_fix(&error, error.kind == Kind::Denied, policy));
    }
    if let Err(error) = keys {
        let is_sts = matches!(store.config.credentials, Mode::Sts(_));
        findings.push(with_fix(&error, is_sts && error.kind != Kind::Unavailable, || ALLOW_STS.to_owned()));
    }
    if let Err(error) = opened {
        let fix = || if store.config.encrypted() { SERVE_TLS.to_owned() } else { policy() };
        let mut finding = with_fix(&error, error.kind == Kind::Denied, fix);
        finding.what = format!("a tenant's keys do not open its own bucket ({})", finding.what);
        findings.push(finding);
    }
    findings
}

const ALLOW_STS: &str = "Allow sts:AssumeRole for the operator's identity (on AWS, S3_STS_ROLE_ARN must name a role that \
                         trusts it and may work with objects of the buckets), or set S3_CREDENTIALS=static.";

/// Buckets refuse what the store believes to be unencrypted.
const SERVE_TLS: &str = "Let the object store itself serve TLS: behind a proxy that ends TLS it takes every request for \
                         unencrypted. Or give its inner http:// address as S3_ENDPOINT.";

fn with_fix(error: &crate::Error, is_known: bool, fix: impl FnOnce() -> String) -> Finding {
    let finding = Finding::from(error.clone());
    if is_known { Finding { fix: fix(), ..finding } } else { finding }
}

/// The least that the operator's own keys must be allowed, for buckets with that prefix. Rights on
/// objects are there because a session's keys get no more than the operator's own.
pub fn operator_policy(bucket_prefix: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "s3:CreateBucket", "s3:DeleteBucket", "s3:GetBucketLocation",
                    "s3:GetBucketTagging", "s3:PutBucketTagging",
                    "s3:GetBucketPolicy", "s3:PutBucketPolicy",
                    "s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"
                ],
                "Resource": [format!("arn:aws:s3:::{bucket_prefix}*")]
            },
            {
                "Effect": "Allow",
                "Action": [
                    "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion",
                    "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"
                ],
                "Resource": [format!("arn:aws:s3:::{bucket_prefix}*/*")]
            }
        ]
    })
}
