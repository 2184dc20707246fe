//! One object by its key, and rows made into objects.

use std::sync::Arc;

use serde_json::Value;
use sqlx::Row;

use super::{StorageError, Store, Stored, unsigned};

impl Store {
    /// The object, if it is there.
    pub async fn get(&self, resource: &str, key: &str) -> Result<Option<Stored>, StorageError> {
        let row = sqlx::query("SELECT uid, revision, body FROM standalone.object WHERE resource = $1 AND key = $2")
            .bind(resource)
            .bind(key)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let revision = unsigned(row.try_get("revision")?);
        let object = self.unseal(resource, key, row.try_get("uid")?, revision, row.try_get("body")?)?;
        Ok(Some(Stored { revision, object }))
    }

    /// The last revision given out.
    pub async fn current(&self) -> Result<u64, StorageError> {
        let row = sqlx::query("SELECT current FROM standalone.revision").fetch_one(&self.pool).await?;
        Ok(unsigned(row.try_get(0)?))
    }

    /// The object in a row's bytes, with its revision in `metadata.resourceVersion`.
    pub(super) fn unseal(
        &self,
        resource: &str,
        key: &str,
        uid: &str,
        revision: u64,
        body: Vec<u8>,
    ) -> Result<Arc<Value>, StorageError> {
        let unreadable =
            |reason| StorageError::Unreadable { resource: resource.to_owned(), key: key.to_owned(), reason };
        let plain = self
            .seal
            .open(&row_name(resource, key, uid), body)
            .ok_or_else(|| unreadable("it was sealed with another encryption key"))?;
        let mut object: Value = serde_json::from_slice(&plain).map_err(|_| unreadable("it is not JSON"))?;
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".into(), revision.to_string().into());
        }
        Ok(Arc::new(object))
    }
}

/// What a sealed body is bound to.
pub(super) fn row_name(resource: &str, key: &str, uid: &str) -> String {
    format!("{resource} {key} {uid}")
}
