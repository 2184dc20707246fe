//! Conditional writes.

use std::sync::Arc;

use serde_json::Value;
use sqlx::Row;

use super::{StorageError, Store, Stored, read::row_name, unsigned};
use crate::object;

/// The place of one object.
#[derive(Clone, Debug)]
pub struct Slot {
    /// `group/plural`.
    pub resource: String,
    /// Empty when cluster-scoped.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Slot {
    /// `namespace/name`, or the name alone.
    pub fn key(&self) -> String {
        if self.namespace.is_empty() { self.name.clone() } else { format!("{}/{}", self.namespace, self.name) }
    }

    /// Whether its bodies are encrypted at rest.
    fn secret(&self) -> bool {
        self.resource == "/secrets"
    }
}

/// What became of a conditional write.
#[derive(Debug)]
pub enum Outcome {
    /// Written; the object carries its new resource version.
    Done(Stored),
    /// There is one already.
    Exists,
    /// Somebody else wrote in between.
    Stale,
    /// It is not there any more.
    Gone,
    /// Its namespace is not there.
    NoNamespace,
    /// Its namespace is going away.
    NamespaceDeleting,
    /// A namespace that still has contents.
    NotEmpty,
}

impl Store {
    /// Creates the object unless there is one.
    pub async fn create(&self, slot: &Slot, object: Value) -> Result<Outcome, StorageError> {
        self.write(slot, 0, object, true).await
    }

    /// Replaces the object if it still has the expected revision.
    pub async fn update(&self, slot: &Slot, expected: u64, object: Value) -> Result<Outcome, StorageError> {
        self.write(slot, expected, object, true).await
    }

    /// Removes the object if it still has the expected revision. `object` is its last state.
    pub async fn delete(&self, slot: &Slot, expected: u64, object: Value) -> Result<Outcome, StorageError> {
        self.write(slot, expected, object, false).await
    }

    async fn write(&self, slot: &Slot, expected: u64, mut object: Value, keep: bool) -> Result<Outcome, StorageError> {
        let key = slot.key();
        let uid = object::text(&object, "uid").to_owned();
        // The revision is the row's; a copy inside the body would only go stale.
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("resourceVersion");
        }
        let body = if keep { Some(self.body(slot, &key, &uid, &object)?) } else { None };
        let row = sqlx::query("SELECT outcome, new_revision FROM standalone.write($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(&slot.resource)
            .bind(&key)
            .bind(&slot.namespace)
            .bind(&uid)
            .bind(object::owner_uids(&object))
            .bind(object::deleting(&object))
            .bind(super::signed(expected))
            .bind(body)
            .fetch_one(&self.pool)
            .await?;
        Ok(match row.try_get("outcome")? {
            "done" => {
                let revision = unsigned(row.try_get("new_revision")?);
                object::set_text(&mut object, "resourceVersion", revision.to_string());
                self.feed.nudge();
                Outcome::Done(Stored { revision, object: Arc::new(object) })
            }
            "exists" => Outcome::Exists,
            "gone" => Outcome::Gone,
            "no namespace" => Outcome::NoNamespace,
            "namespace deleting" => Outcome::NamespaceDeleting,
            "not empty" => Outcome::NotEmpty,
            _ => Outcome::Stale,
        })
    }

    fn body(&self, slot: &Slot, key: &str, uid: &str, object: &Value) -> Result<Vec<u8>, StorageError> {
        let unreadable =
            |reason| StorageError::Unreadable { resource: slot.resource.clone(), key: key.to_owned(), reason };
        let plain = serde_json::to_vec(object).map_err(|_| unreadable("it is not JSON"))?;
        if slot.secret() {
            self.seal
                .close(&row_name(&slot.resource, key, uid), plain)
                .ok_or_else(|| unreadable("it cannot be encrypted"))
        } else {
            Ok(plain)
        }
    }
}
