//! Objects and their changes in Postgres.

mod feed;
mod list;
mod migrate;
mod owners;
mod read;
mod seal;
mod tail;
mod write;

pub use feed::{Change, Feed};
pub use list::Query;
pub use owners::Dependent;
pub use seal::EncryptionKey;
pub use write::{Outcome, Slot};

use std::sync::Arc;

use serde_json::Value;

/// Why storage could not answer. The text is for the log; clients are told to try again.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Postgres refused or was not reachable.
    #[error("the database did not answer: {0}")]
    Database(#[from] sqlx::Error),
    /// A stored object cannot be read back: wrong encryption key, or a damaged row.
    #[error("the stored object {resource} {key} cannot be read: {reason}")]
    Unreadable {
        /// Resource of the row.
        resource: String,
        /// Key of the row.
        key: String,
        /// What failed.
        reason: &'static str,
    },
    /// The database was written by a newer version of this server.
    #[error("the database has schema version {found}, newer than {known}: use a newer version")]
    Newer {
        /// Version in the database.
        found: i32,
        /// Newest version known here.
        known: i32,
    },
}

/// An object as stored: its revision is also in `metadata.resourceVersion`.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Revision of the last write.
    pub revision: u64,
    /// The object.
    pub object: Arc<Value>,
}

/// The store: a pool, the key for Secrets, and the feed of changes.
#[derive(Clone)]
pub struct Store {
    pool: sqlx::PgPool,
    seal: Arc<seal::Seal>,
    feed: Arc<Feed>,
}

impl Store {
    /// Brings the schema up to date and starts at the current revision; [`Store::follow`] keeps the
    /// feed going.
    pub async fn open(pool: sqlx::PgPool, key: &EncryptionKey) -> Result<Self, StorageError> {
        migrate::run(&pool).await?;
        let (current,): (i64,) = sqlx::query_as("SELECT current FROM standalone.revision").fetch_one(&pool).await?;
        Ok(Self { pool, seal: Arc::new(seal::Seal::new(key)), feed: Arc::new(Feed::starting_at(unsigned(current))) })
    }

    /// The feed of changes, for watches.
    pub fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// Forgets changes older than `age`.
    pub async fn compact(&self, age: std::time::Duration) -> Result<(), StorageError> {
        sqlx::query("SELECT standalone.compact(make_interval(secs => $1))")
            .bind(age.as_secs_f64())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StorageError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }
}

/// Revisions are `bigint` in SQL and never negative.
fn unsigned(revision: i64) -> u64 {
    u64::try_from(revision).unwrap_or_default()
}

fn signed(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}
