//! What a tenant left behind that went with its data.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use plexica_contract::name::postgres;
use serde_json::Value;

use super::Expected;
use crate::world::{Case, World};

/// What the last object of a backup is called.
const MANIFEST: &str = "manifest.json";
/// A run makes no more than so many thousands of objects.
const MOST: usize = 100;

/// Whether a tenant that is gone has one whole backup.
pub async fn check(world: &World, case: &Case, expected: Expected) -> Vec<String> {
    if expected != Expected::Gone {
        return Vec::new();
    }
    found(world, case).await.unwrap_or_else(|error| vec![format!("the backup cannot be read: {error}")])
}

async fn found(world: &World, case: &Case) -> Result<Vec<String>, aws_sdk_s3::Error> {
    let bucket = world.backups();
    let listed = world.store.list_objects_v2().bucket(&bucket).prefix(format!("{}/", case.slug)).send().await?;
    let objects: Vec<(&str, i64)> =
        listed.contents().iter().filter_map(|object| Some((object.key()?, object.size()?))).collect();
    let manifests: Vec<&str> = objects.iter().map(|(key, _)| *key).filter(|key| key.ends_with(MANIFEST)).collect();
    let [manifest] = manifests[..] else {
        return Ok(vec![format!("backups were made: {manifests:?}, of {objects:?}")]);
    };
    let text = world.store.get_object().bucket(&bucket).key(manifest).send().await?.body.collect().await;
    let text = text.map(aws_sdk_s3::primitives::AggregatedBytes::to_vec).unwrap_or_default();
    let whole: Value = serde_json::from_slice(&text).unwrap_or_default();
    let mut findings = Vec::new();
    let sources = &whole["sources"];
    let own = postgres::tenant(&case.slug);
    // An install that went before its tenant did took its schema along.
    let has_own = sources["schemas"].as_array().is_some_and(|schemas| schemas.iter().any(|schema| *schema == own));
    if !has_own || !sources["realm"].is_string() || !sources["bucket"].is_string() {
        findings.push(format!("a backup of {sources}"));
    }
    let folder = format!("{}{}", manifest.trim_end_matches(MANIFEST), whole["folder"].as_str().unwrap_or_default());
    let left = objects.iter().filter(|(key, _)| !key.starts_with(&folder) && *key != manifest);
    findings.extend(left.map(|(key, _)| format!("{key} is of no use to the backup in {folder}")));
    for file in whole["files"].as_array().into_iter().flatten() {
        let key = format!("{folder}{}", file["name"].as_str().unwrap_or_default());
        if !objects.iter().any(|(there, size)| *there == key && Some(*size) == file["size"].as_i64()) {
            findings.push(format!("{file} of the backup is not there: {objects:?}"));
        }
    }
    Ok(findings)
}

/// Takes away all that were made in a run.
pub async fn remove_all(world: &World) {
    let bucket = world.backups();
    for _ in 0..MOST {
        let Ok(listed) = world.store.list_objects_v2().bucket(&bucket).send().await else { break };
        let keys = listed.contents().iter().filter_map(|object| object.key());
        let keys: Vec<_> = keys.filter_map(|key| ObjectIdentifier::builder().key(key).build().ok()).collect();
        if keys.is_empty() {
            break;
        }
        let all = Delete::builder().set_objects(Some(keys)).build().expect("objects were given");
        if world.store.delete_objects().bucket(&bucket).delete(all).send().await.is_err() {
            break;
        }
    }
    // One that was never made needs no removal.
    let _gone = world.store.delete_bucket().bucket(&bucket).send().await;
}
