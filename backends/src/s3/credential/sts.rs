//! Keys by STS `AssumeRole`, limited by a policy of the session.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Credentials;
use crate::s3::failure::failure;
use crate::s3::{Store, Sts};
use crate::{Error, Kind, Result, System};

pub(super) async fn issue(store: &Store, config: &Sts, bucket: &str) -> Result<Credentials> {
    let doing = format!("get keys for bucket {bucket}");
    let assumed = store
        .sts
        .assume_role()
        // MinIO knows no roles, but the parameter is not optional everywhere.
        .role_arn(config.role_arn.as_deref().unwrap_or("arn:aws:iam::000000000000:role/plexica-tenant"))
        .role_session_name(bucket)
        .policy(policy(bucket).to_string())
        .duration_seconds(i32::try_from(config.duration.as_secs()).unwrap_or(i32::MAX))
        .send()
        .await
        .map_err(failure(&doing))?;
    let keys = assumed.credentials.ok_or_else(|| {
        Error::new(
            System::S3,
            Kind::Invalid,
            format!("could not {doing}: the answer holds none"),
            "Check the STS endpoint.",
        )
    })?;
    Ok(Credentials {
        access_key_id: keys.access_key_id,
        secret_access_key: keys.secret_access_key.into(),
        session_token: Some(keys.session_token.into()),
        expires_at: Timestamp::from_second(keys.expiration.secs()).ok(),
    })
}

/// What a tenant may do: everything with objects of its bucket, nothing with the bucket itself.
pub(in crate::s3) fn policy(bucket: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
                "Resource": [format!("arn:aws:s3:::{bucket}")]
            },
            {
                "Effect": "Allow",
                "Action": [
                    "s3:GetObject", "s3:PutObject", "s3:DeleteObject",
                    "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"
                ],
                "Resource": [format!("arn:aws:s3:::{bucket}/*")]
            }
        ]
    })
}
