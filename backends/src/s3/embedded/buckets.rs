//! The operations: objects by s3s-fs, buckets with tags and policies by us.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
#[allow(clippy::wildcard_imports)] // Each is named once more below, where it is used.
use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

use super::settings::Settings;

#[derive(Debug)]
pub(super) struct Buckets {
    files: FileSystem,
    /// The folder of `files`.
    root: PathBuf,
    settings: Settings,
}

impl Buckets {
    pub fn new(files: FileSystem, root: PathBuf, settings: Settings) -> Self {
        Self { files, root, settings }
    }

    fn folder(&self, bucket: &str) -> S3Result<PathBuf> {
        let folder = self.root.join(bucket);
        if folder.is_dir() { Ok(folder) } else { Err(s3_error!(NoSuchBucket)) }
    }

    /// s3s-fs keeps what it knows of objects beside the buckets, and leaves it there.
    async fn remove_sidecars(&self, bucket: &str) -> io::Result<()> {
        let prefix = format!(".bucket-{}.", URL_SAFE_NO_PAD.encode(bucket));
        let mut entries = tokio::fs::read_dir(&self.root).await?;
        while let Some(entry) = entries.next_entry().await? {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                tokio::fs::remove_file(entry.path()).await?;
            }
        }
        Ok(())
    }
}

/// Whether there is a file anywhere below; empty folders remain of deleted objects.
fn holds_objects(folder: &Path) -> io::Result<bool> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() || holds_objects(&entry.path())? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn internal(error: io::Error) -> S3Error {
    S3Error::with_source(S3ErrorCode::InternalError, Box::new(error))
}

/// The macro writes the whole `impl`, since an attribute does not see what a macro inside makes.
macro_rules! buckets {
    (passed on: $($operation:ident: $input:ty => $output:ty,)*; $($own:tt)*) => {
        #[async_trait::async_trait]
        impl S3 for Buckets {
            $(async fn $operation(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                self.files.$operation(request).await
            })*
            $($own)*
        }
    };
}

buckets! {
    passed on:
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput,
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput,
    copy_object: CopyObjectInput => CopyObjectOutput,
    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput,
    delete_object: DeleteObjectInput => DeleteObjectOutput,
    delete_objects: DeleteObjectsInput => DeleteObjectsOutput,
    get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput,
    get_object: GetObjectInput => GetObjectOutput,
    head_bucket: HeadBucketInput => HeadBucketOutput,
    head_object: HeadObjectInput => HeadObjectOutput,
    list_buckets: ListBucketsInput => ListBucketsOutput,
    list_objects: ListObjectsInput => ListObjectsOutput,
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output,
    list_parts: ListPartsInput => ListPartsOutput,
    put_object: PutObjectInput => PutObjectOutput,
    upload_part: UploadPartInput => UploadPartOutput,
    upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput,;

    async fn create_bucket(&self, request: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        if self.folder(&request.input.bucket).is_ok() {
            // There is one owner here.
            return Err(s3_error!(BucketAlreadyOwnedByYou));
        }
        self.settings.remove(&request.input.bucket).await.map_err(internal)?;
        self.files.create_bucket(request).await
    }

    async fn delete_bucket(&self, request: S3Request<DeleteBucketInput>) -> S3Result<S3Response<DeleteBucketOutput>> {
        let bucket = request.input.bucket.clone();
        if holds_objects(&self.folder(&bucket)?).map_err(internal)? {
            return Err(s3_error!(BucketNotEmpty));
        }
        let response = self.files.delete_bucket(request).await?;
        self.settings.remove(&bucket).await.map_err(internal)?;
        self.remove_sidecars(&bucket).await.map_err(internal)?;
        Ok(response)
    }

    async fn get_bucket_tagging(
        &self,
        request: S3Request<GetBucketTaggingInput>,
    ) -> S3Result<S3Response<GetBucketTaggingOutput>> {
        self.folder(&request.input.bucket)?;
        let tags = self.settings.read(&request.input.bucket).await.map_err(internal)?.tags;
        if tags.is_empty() {
            return Err(s3_error!(NoSuchTagSet));
        }
        let tag_set = tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect();
        Ok(S3Response::new(GetBucketTaggingOutput { tag_set }))
    }

    async fn put_bucket_tagging(
        &self,
        request: S3Request<PutBucketTaggingInput>,
    ) -> S3Result<S3Response<PutBucketTaggingOutput>> {
        let PutBucketTaggingInput { bucket, tagging, .. } = request.input;
        self.folder(&bucket)?;
        let tags = tagging.tag_set.into_iter().filter_map(|tag| Some((tag.key?, tag.value?))).collect();
        self.settings.change(&bucket, |setting| setting.tags = tags).await.map_err(internal)?;
        Ok(S3Response::new(PutBucketTaggingOutput::default()))
    }

    async fn get_bucket_policy(
        &self,
        request: S3Request<GetBucketPolicyInput>,
    ) -> S3Result<S3Response<GetBucketPolicyOutput>> {
        self.folder(&request.input.bucket)?;
        let setting = self.settings.read(&request.input.bucket).await.map_err(internal)?;
        let policy = Some(setting.policy.ok_or_else(|| s3_error!(NoSuchBucketPolicy))?);
        Ok(S3Response::new(GetBucketPolicyOutput { policy }))
    }

    async fn put_bucket_policy(
        &self,
        request: S3Request<PutBucketPolicyInput>,
    ) -> S3Result<S3Response<PutBucketPolicyOutput>> {
        let PutBucketPolicyInput { bucket, policy, .. } = request.input;
        self.folder(&bucket)?;
        if serde_json::from_str::<serde_json::Value>(&policy).is_err() {
            return Err(s3_error!(MalformedPolicy));
        }
        self.settings.change(&bucket, |setting| setting.policy = Some(policy)).await.map_err(internal)?;
        Ok(S3Response::new(PutBucketPolicyOutput::default()))
    }
}
