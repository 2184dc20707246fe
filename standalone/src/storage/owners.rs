//! Who owns whom, for the garbage collector.

use sqlx::Row;

use super::{StorageError, Store};

/// Where an object is, for the garbage collector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dependent {
    /// `group/plural`.
    pub resource: String,
    /// `namespace/name`, or the name alone.
    pub key: String,
}

impl Store {
    /// Objects that name this uid as an owner.
    pub async fn dependents(&self, uid: &str) -> Result<Vec<Dependent>, StorageError> {
        let rows =
            sqlx::query("SELECT resource, key FROM standalone.object WHERE owners @> ARRAY[$1] ORDER BY revision")
                .bind(uid)
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(dependent).collect()
    }

    /// Every object that names owners, or is going away: what a collector looks at when it starts.
    pub async fn owned_or_deleting(&self) -> Result<Vec<Dependent>, StorageError> {
        let rows = sqlx::query(
            "SELECT resource, key FROM standalone.object
             WHERE owners <> '{}' OR deleting ORDER BY revision",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(dependent).collect()
    }

    /// The object with this uid.
    pub async fn with_uid(&self, uid: &str) -> Result<Option<Dependent>, StorageError> {
        let row = sqlx::query("SELECT resource, key FROM standalone.object WHERE uid = $1 LIMIT 1")
            .bind(uid)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(dependent).transpose()
    }

    /// Objects of a resource that nobody has written for so long.
    pub async fn idle(&self, resource: &str, age: std::time::Duration) -> Result<Vec<Dependent>, StorageError> {
        let rows = sqlx::query(
            "SELECT resource, key FROM standalone.object
             WHERE resource = $1 AND written < clock_timestamp() - make_interval(secs => $2)",
        )
        .bind(resource)
        .bind(age.as_secs_f64())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(dependent).collect()
    }

    /// Everything in a namespace.
    pub async fn contents(&self, namespace: &str) -> Result<Vec<Dependent>, StorageError> {
        let rows = sqlx::query(
            "SELECT resource, key FROM standalone.object
             WHERE namespace = $1 AND namespace <> '' ORDER BY revision",
        )
        .bind(namespace)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(dependent).collect()
    }
}

fn dependent(row: &sqlx::postgres::PgRow) -> Result<Dependent, StorageError> {
    Ok(Dependent { resource: row.try_get("resource")?, key: row.try_get("key")? })
}
