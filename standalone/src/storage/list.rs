//! Many objects, in the order of their keys, all as of one revision.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::{StorageError, Store, Stored, signed, unsigned};

/// Which objects.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// `group/plural`.
    pub resource: String,
    /// Only this namespace; empty for all.
    pub namespace: String,
    /// Only this name; empty for all.
    pub name: String,
    /// Keys after this one only.
    pub after: String,
    /// At most so many.
    pub limit: Option<u32>,
    /// As of this revision; the current one when absent.
    pub at: Option<u64>,
}

/// A page of objects.
#[derive(Debug)]
pub struct Page {
    /// The revision this is true for.
    pub revision: u64,
    /// Oldest revision that changes are still known after.
    pub compacted: u64,
    /// The objects.
    pub items: Vec<Stored>,
    /// How many are left after this page.
    pub remaining: u64,
    /// Key of the last item.
    pub last: String,
}

/// The current objects. One statement, so one snapshot: revision and objects belong together.
const NOW: &str = "
  WITH matching AS (
    SELECT key, uid, revision, body FROM standalone.object
    WHERE resource = $1 AND ($2 = '' OR namespace = $2) AND key > $3
      AND ($4 = '' OR key = $4 OR ($2 = '' AND split_part(key, '/', 2) = $4))
  ), page AS (SELECT key, uid, revision, body FROM matching ORDER BY key LIMIT $5)
  SELECT r.current, r.compacted, p.key, p.uid, p.revision, p.body,
         CASE WHEN $5 IS NULL THEN 0 ELSE (SELECT count(*) FROM matching) END AS total
  FROM standalone.revision r LEFT JOIN page p ON true ORDER BY p.key";

/// The objects as they were: those not written since, and for the others what the first later
/// change found before it.
const THEN: &str = "
  WITH later AS (
    SELECT DISTINCT ON (key) key, namespace, uid, previous, previous_revision
    FROM standalone.change WHERE resource = $1 AND revision > $6
      AND ($2 = '' OR namespace = $2) ORDER BY key, revision
  ), matching AS (
    SELECT key, uid, revision, body FROM standalone.object
    WHERE resource = $1 AND ($2 = '' OR namespace = $2) AND revision <= $6
    UNION ALL
    SELECT key, uid, previous_revision, previous FROM later WHERE previous IS NOT NULL
  ), after AS (
    SELECT key, uid, revision, body FROM matching WHERE key > $3
      AND ($4 = '' OR key = $4 OR ($2 = '' AND split_part(key, '/', 2) = $4))
  ), page AS (SELECT key, uid, revision, body FROM after ORDER BY key LIMIT $5)
  SELECT r.current, r.compacted, p.key, p.uid, p.revision, p.body,
         CASE WHEN $5 IS NULL THEN 0 ELSE (SELECT count(*) FROM after) END AS total
  FROM standalone.revision r LEFT JOIN page p ON true ORDER BY p.key";

impl Store {
    /// One page.
    pub async fn list(&self, query: &Query) -> Result<Page, StorageError> {
        let name = if query.namespace.is_empty() || query.name.is_empty() {
            query.name.clone()
        } else {
            format!("{}/{}", query.namespace, query.name)
        };
        let mut statement = sqlx::query(if query.at.is_some() { THEN } else { NOW })
            .bind(&query.resource)
            .bind(&query.namespace)
            .bind(&query.after)
            .bind(name)
            .bind(query.limit.map(i64::from));
        if let Some(at) = query.at {
            statement = statement.bind(signed(at));
        }
        let rows = statement.fetch_all(&self.pool).await?;
        let mut page = Page {
            revision: 0,
            compacted: 0,
            items: Vec::with_capacity(rows.len()),
            remaining: 0,
            last: String::new(),
        };
        for row in &rows {
            page.revision = query.at.unwrap_or(unsigned(row.try_get("current")?));
            page.compacted = unsigned(row.try_get("compacted")?);
            page.remaining = unsigned(row.try_get("total")?);
            if let Some((key, item)) = self.item(&query.resource, row)? {
                page.items.push(item);
                page.last = key;
            }
        }
        let count = u64::try_from(page.items.len()).unwrap_or(u64::MAX);
        page.remaining = page.remaining.saturating_sub(count);
        Ok(page)
    }

    /// The object of a row; a row without one is the left side of the join alone.
    fn item(&self, resource: &str, row: &PgRow) -> Result<Option<(String, Stored)>, StorageError> {
        let Some(key) = row.try_get::<Option<String>, _>("key")? else {
            return Ok(None);
        };
        let revision = unsigned(row.try_get("revision")?);
        let uid: &str = row.try_get("uid")?;
        let object = self.unseal(resource, &key, uid, revision, row.try_get("body")?)?;
        Ok(Some((key, Stored { revision, object })))
    }
}
