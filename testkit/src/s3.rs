//! S3 servers: shared, so a test makes buckets of its own.

use crate::part::{Missing, listening, variable};

/// A running S3 server and its root user's keys.
#[derive(Debug, Clone)]
pub struct ObjectStore {
    /// Where S3 and, on MinIO, STS answer.
    pub endpoint: String,
    /// Where the IAM API answers, on VersityGW.
    pub iam_endpoint: Option<String>,
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
}

impl ObjectStore {
    /// MinIO, which speaks STS.
    pub fn minio() -> Result<Self, Missing> {
        Self::find("minio", "MINIO")
    }

    /// VersityGW, which speaks IAM.
    pub fn versitygw() -> Result<Self, Missing> {
        Self::find("versitygw", "VERSITYGW")
    }

    fn find(part: &str, prefix: &str) -> Result<Self, Missing> {
        let read = |name: &str| variable(part, &format!("{prefix}_{name}"));
        let endpoint = read("ENDPOINT")?;
        listening(part, &endpoint)?;
        Ok(Self {
            endpoint,
            iam_endpoint: read("IAM_ENDPOINT").ok(),
            access_key: read("ACCESS_KEY")?,
            secret_key: read("SECRET_KEY")?,
        })
    }
}
