//! Follows the change table into the feed: woken by NOTIFY, by this process' own writes, and now
//! and then in case a notification was lost with its connection.

use std::time::Duration;

use sqlx::Row;
use sqlx::postgres::{PgListener, PgRow};
use tokio_util::sync::CancellationToken;

use super::{Change, StorageError, Store, signed, unsigned};

/// Most changes read in one go.
const BATCH: i64 = 500;

const AFTER: &str = "
  SELECT c.revision, c.resource, c.key, c.namespace, c.uid, c.body, c.previous, c.previous_revision
  FROM standalone.change c WHERE c.revision > $1 ORDER BY c.revision LIMIT $2";

const AFTER_OF: &str = "
  SELECT c.revision, c.resource, c.key, c.namespace, c.uid, c.body, c.previous, c.previous_revision
  FROM standalone.change c WHERE c.revision > $1 AND c.resource = $3
  ORDER BY c.revision LIMIT $2";

impl Store {
    /// Feeds the changes until told to stop. A broken connection is opened again.
    pub async fn follow(self, stop: CancellationToken) {
        let mut listener = None;
        while !stop.is_cancelled() {
            if listener.is_none() {
                listener = match self.listen().await {
                    Ok(listening) => Some(listening),
                    Err(error) => {
                        tracing::warn!(%error, "cannot listen for changes; polling until it works");
                        None
                    }
                };
            }
            if let Err(error) = self.catch_up().await {
                tracing::warn!(%error, "cannot read changes; trying again");
            }
            let heard = async {
                match listener.as_mut() {
                    Some(listening) => listening.try_recv().await.is_ok(),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.feed.nudged() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                alive = heard => if !alive { listener = None },
            }
        }
    }

    async fn listen(&self) -> Result<PgListener, sqlx::Error> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen("standalone").await?;
        Ok(listener)
    }

    /// Reads everything after the head of the feed.
    async fn catch_up(&self) -> Result<(), StorageError> {
        loop {
            let head = *self.feed.head().borrow();
            let rows = sqlx::query(AFTER).bind(signed(head)).bind(BATCH).fetch_all(&self.pool).await?;
            let full = i64::try_from(rows.len()).unwrap_or(BATCH) == BATCH;
            let changes = self.changes(&rows)?;
            // Revisions have no gaps; one here means that compaction overtook this process.
            if changes.first().is_some_and(|first| first.revision > head + 1) {
                self.feed.restart_at(self.compacted().await?);
                continue;
            }
            self.feed.push(changes);
            if !full {
                return Ok(());
            }
        }
    }

    /// Changes of one resource after a position that memory no longer holds: `None` when they were
    /// compacted. Also says how far they reach.
    pub async fn history(&self, resource: &str, position: u64) -> Result<Option<(Vec<Change>, u64)>, StorageError> {
        let current = self.current().await?;
        let rows =
            sqlx::query(AFTER_OF).bind(signed(position)).bind(BATCH).bind(resource).fetch_all(&self.pool).await?;
        // Looked at after reading: what was compacted meanwhile may be missing from the rows.
        if position < self.compacted().await? {
            return Ok(None);
        }
        let changes = self.changes(&rows)?;
        let reached = match changes.last() {
            Some(last) if rows.len() >= usize::try_from(BATCH).unwrap_or(0) => last.revision,
            _ => current,
        };
        let within = changes.into_iter().filter(|change| change.revision <= reached).collect();
        Ok(Some((within, reached)))
    }

    /// Changes up to this revision are forgotten.
    pub async fn compacted(&self) -> Result<u64, StorageError> {
        let row = sqlx::query("SELECT compacted FROM standalone.revision").fetch_one(&self.pool).await?;
        Ok(unsigned(row.try_get(0)?))
    }

    fn changes(&self, rows: &[PgRow]) -> Result<Vec<Change>, StorageError> {
        rows.iter().map(|row| self.change(row)).collect()
    }

    fn change(&self, row: &PgRow) -> Result<Change, StorageError> {
        let revision = unsigned(row.try_get("revision")?);
        let resource: String = row.try_get("resource")?;
        let key: String = row.try_get("key")?;
        let uid: &str = row.try_get("uid")?;
        let open = |body: Option<Vec<u8>>, revision| {
            body.map(|body| self.unseal(&resource, &key, uid, revision, body)).transpose()
        };
        let object = open(row.try_get("body")?, revision)?;
        let before: Option<i64> = row.try_get("previous_revision")?;
        let previous = open(row.try_get("previous")?, before.map(unsigned).unwrap_or_default())?;
        Ok(Change { revision, namespace: row.try_get("namespace")?, resource, key, object, previous })
    }
}
