//! What is in a bucket.

use crate::Result;
use crate::s3::Store;
use crate::s3::failure::{answered, failure};

/// An object, without its content.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// Its key.
    pub key: String,
    /// In bytes.
    pub size: i64,
    /// As the store tells it, without quotes.
    pub etag: String,
    /// When it was written, in seconds since 1970.
    pub modified: Option<i64>,
}

/// Up to a thousand objects whose keys begin so, and where the next page begins if there is one. Empty without a bucket.
pub async fn page(
    store: &Store,
    bucket: &str,
    prefix: &str,
    from: Option<String>,
) -> Result<(Vec<Object>, Option<String>)> {
    let list = store.client.list_objects_v2().bucket(bucket).prefix(prefix).set_continuation_token(from);
    let listed = match list.send().await {
        Err(error) if answered(&error, &["NoSuchBucket"]) => return Ok((Vec::new(), None)),
        listed => listed.map_err(failure(&format!("list the objects of bucket {bucket}")))?,
    };
    let next = listed.next_continuation_token.filter(|_| listed.is_truncated == Some(true));
    let objects = listed.contents.unwrap_or_default().into_iter().filter_map(|object| {
        Some(Object {
            key: object.key?,
            size: object.size.unwrap_or_default(),
            etag: object.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
            modified: object.last_modified.map(|at| at.secs()),
        })
    });
    Ok((objects.collect(), next))
}
