//! Who may do what: the root everything, a bucket's keys everything with objects of that bucket.

use s3s::access::{S3Access, S3AccessContext};
use s3s::dto::{CopyObjectInput, CopySource, DeleteObjectsInput, UploadPartCopyInput};
use s3s::path::S3Path;
use s3s::{S3Request, S3Result, s3_error};

use super::keys::{Keys, Principal};

/// Operations on a bucket that its keys may do.
const ON_BUCKET: &[&str] = &["HeadBucket", "GetBucketLocation", "ListObjects", "ListObjectsV2", "DeleteObjects"];

/// Operations on an object that its bucket's keys may do.
const ON_OBJECT: &[&str] = &[
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateMultipartUpload",
    "DeleteObject",
    "GetObject",
    "HeadObject",
    "ListParts",
    "PutObject",
    "UploadPart",
    "UploadPartCopy",
];

pub(super) struct Access {
    keys: Keys,
}

impl Access {
    pub fn new(keys: Keys) -> Self {
        Self { keys }
    }
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let credentials = context.credentials().ok_or_else(denied)?;
        let header = context.headers().get("x-amz-security-token").and_then(|token| token.to_str().ok());
        let query = context.uri().query().unwrap_or_default();
        let in_query = url::form_urlencoded::parse(query.as_bytes())
            .find_map(|(name, value)| name.eq_ignore_ascii_case("x-amz-security-token").then_some(value));
        let principal = self.keys.principal(&credentials.access_key, header.or(in_query.as_deref()))?;
        allowed(&principal, context.s3_op().name(), context.s3_path())?;
        context.extensions_mut().insert(principal);
        Ok(())
    }

    async fn copy_object(&self, request: &mut S3Request<CopyObjectInput>) -> S3Result<()> {
        source(request, &request.input.copy_source)
    }

    async fn upload_part_copy(&self, request: &mut S3Request<UploadPartCopyInput>) -> S3Result<()> {
        source(request, &request.input.copy_source)
    }

    async fn delete_objects(&self, request: &mut S3Request<DeleteObjectsInput>) -> S3Result<()> {
        request.input.delete.objects.iter().try_for_each(|object| contained(&object.key))
    }
}

/// What is named by the request's path.
fn allowed(principal: &Principal, operation: &str, path: &S3Path) -> S3Result<()> {
    if let S3Path::Object { key, .. } = path {
        contained(key)?;
    }
    let Principal::Bucket(own) = principal else { return Ok(()) };
    let operations = match path {
        S3Path::Bucket { bucket } if **bucket == **own => ON_BUCKET,
        S3Path::Object { bucket, .. } if **bucket == **own => ON_OBJECT,
        _ => &[],
    };
    if operations.contains(&operation) { Ok(()) } else { Err(denied()) }
}

/// What is named by a header: where to copy from.
fn source<T>(request: &S3Request<T>, source: &CopySource) -> S3Result<()> {
    let CopySource::Bucket { bucket, key, .. } = source else { return Err(denied()) };
    contained(key)?;
    match request.extensions.get::<Principal>() {
        Some(Principal::Root) => Ok(()),
        Some(Principal::Bucket(own)) if **own == **bucket => Ok(()),
        _ => Err(denied()),
    }
}

/// Keys become paths below the bucket's folder, so one that would leave it is refused, for the root
/// too.
fn contained(key: &str) -> S3Result<()> {
    let leaves =
        key.starts_with('/') || key.contains(['\\', '\0']) || key.split('/').any(|part| matches!(part, "." | ".."));
    if leaves {
        Err(s3_error!(InvalidArgument, "This store takes no keys with . or .. as a part or / at the start"))
    } else {
        Ok(())
    }
}

fn denied() -> s3s::S3Error {
    s3_error!(AccessDenied, "Access Denied")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buckets_keys_stay_in_it() {
        let acme = Principal::Bucket("tenant-acme".into());
        let own = S3Path::bucket("tenant-acme");
        let object = S3Path::object("tenant-acme", "a/b");
        for (operation, path, is_allowed) in [
            ("ListObjectsV2", &own, true),
            ("HeadBucket", &own, true),
            ("GetObject", &object, true),
            ("PutObject", &object, true),
            ("PutObject", &own, false),
            ("GetObject", &S3Path::object("tenant-beta", "a"), false),
            ("ListObjectsV2", &S3Path::bucket("tenant-beta"), false),
            ("ListObjectsV2", &S3Path::bucket("tenant-acm"), false),
            ("ListBuckets", &S3Path::root(), false),
            ("CreateBucket", &S3Path::bucket("tenant-new"), false),
            ("DeleteBucket", &own, false),
            ("PutBucketTagging", &own, false),
            ("GetBucketTagging", &own, false),
            ("PutBucketPolicy", &own, false),
            ("PutObjectAcl", &object, false),
        ] {
            assert_eq!(allowed(&acme, operation, path).is_ok(), is_allowed, "{operation} {path:?}");
            assert!(allowed(&Principal::Root, operation, path).is_ok());
        }
    }

    #[test]
    fn no_key_leaves_its_bucket() {
        for key in ["../tenant-beta/a", "a/../../tenant-beta/a", "/a", "..", "./a", "a/..", "a\\..\\b", "a\0"] {
            assert!(contained(key).is_err(), "{key}");
            assert!(allowed(&Principal::Root, "GetObject", &S3Path::object("tenant-acme", key)).is_err());
        }
        for key in ["a", "a/b.c", "..a", "a..", "a/...", ".hidden", "ä ö"] {
            assert!(contained(key).is_ok(), "{key}");
        }
    }
}
