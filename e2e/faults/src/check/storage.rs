//! The bucket, and whether its keys open it.

use aws_sdk_s3::{
    config::Credentials,
    error::{ProvideErrorMetadata, SdkError},
};
use plexica_backends::ownership::Stamp;

use super::{Expected, Owners, kubernetes, wrong_mark};
use crate::world::{Case, World};

const SECRET: &str = "plexica-storage";
/// What is there before the first fault, with its own name in it.
const OBJECT: &str = "kept/before";

pub async fn check(world: &World, case: &Case, expected: Expected, owners: &Owners) -> Vec<String> {
    let name = world.prefixes().bucket(&case.slug);
    let tags = match world.store.get_bucket_tagging().bucket(&name).send().await {
        Ok(answer) => answer.tag_set,
        Err(error) if code(&error) == Some("NoSuchBucket") => {
            return if expected == Expected::Gone { Vec::new() } else { vec![format!("there is no bucket {name}")] };
        }
        // MinIO answers this for a bucket that is not there, too.
        Err(error) if code(&error) == Some("NoSuchTagSet") => {
            match world.store.head_bucket().bucket(&name).send().await {
                Ok(_) => Vec::new(),
                Err(_) if expected == Expected::Gone => return Vec::new(),
                Err(_) => return vec![format!("there is no bucket {name}")],
            }
        }
        Err(error) => return vec![format!("bucket {name} cannot be read: {error:?}")],
    };
    if expected == Expected::Gone {
        return vec![format!("the bucket {name} is still there")];
    }
    let stamp = Stamp::from_pairs(|key| tags.iter().find(|tag| tag.key() == key).map(aws_sdk_s3::types::Tag::value));
    let mut findings: Vec<String> =
        wrong_mark(&format!("bucket {name}"), stamp.as_ref(), expected, owners.tenant.as_ref()).into_iter().collect();
    if expected != Expected::Retained {
        findings.extend(opens(world, case, &name).await);
    }
    if expected.is_planted() {
        let found = world.store.head_object().bucket(&name).key(OBJECT).send().await;
        let size = found.ok().and_then(|object| object.content_length);
        if size != i64::try_from(OBJECT.len()).ok() {
            findings.push(format!("the object {OBJECT} in bucket {name} has the size {size:?}"));
        }
    }
    findings
}

/// Gives the bucket an object.
pub async fn plant(world: &World, case: &Case) -> Result<(), aws_sdk_s3::Error> {
    let (name, body) = (world.prefixes().bucket(&case.slug), OBJECT.as_bytes().to_vec());
    world.store.put_object().bucket(name).key(OBJECT).body(body.into()).send().await?;
    Ok(())
}

/// What is wrong with the keys that the tenant's servers were given.
async fn opens(world: &World, case: &Case, bucket: &str) -> Option<String> {
    let Some(secret) = kubernetes::secret(world, case, SECRET).await else {
        return Some(format!("there is no Secret {SECRET}"));
    };
    let value = |key: &str| secret.get(key).cloned().unwrap_or_default();
    let token = Some(value("session-token")).filter(|token| !token.is_empty());
    let keys = Credentials::new(value("access-key-id"), value("secret-access-key"), token, None, "tenant");
    let config = world.store.config().to_builder().credentials_provider(keys).build();
    match aws_sdk_s3::Client::from_conf(config).list_objects_v2().bucket(bucket).send().await {
        Ok(_) => None,
        Err(error) => Some(format!("the bucket's keys are answered with {:?}", code(&error))),
    }
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(|error| error.meta().code())
}
