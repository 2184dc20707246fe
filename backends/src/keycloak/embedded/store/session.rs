//! Sessions: one refresh token each, exchanged for a new one at every use.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::super::fault::Fault;
use super::Store;

/// A session.
pub struct Session {
    /// Whose it is.
    pub account: Uuid,
    /// The client that has the refresh token.
    pub client_id: String,
    /// What was granted.
    pub scope: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When its refresh token was last exchanged.
    pub used: DateTime<Utc>,
}

impl FromRow<'_, PgRow> for Session {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            account: row.try_get("account")?,
            client_id: row.try_get("client_id")?,
            scope: row.try_get("scope")?,
            started: row.try_get("started")?,
            used: row.try_get("used")?,
        })
    }
}

impl Store {
    /// Begins a session and clears away those that ended long ago.
    pub async fn begin(
        &self,
        realm: &str,
        account: Uuid,
        client_id: &str,
        scope: &str,
        refresh: &str,
    ) -> Result<Uuid, Fault> {
        let id = Uuid::new_v4();
        let insert = "INSERT INTO embedded_keycloak.session (id, realm, account, client_id, scope, refresh)
                      VALUES ($1, $2, $3, $4, $5, $6)";
        sqlx::query(insert)
            .bind(id)
            .bind(realm)
            .bind(account)
            .bind(client_id)
            .bind(scope)
            .bind(digest(refresh))
            .execute(&self.pool)
            .await?;
        let clear = "DELETE FROM embedded_keycloak.session WHERE used < now() - interval '30 days'";
        sqlx::query(clear).execute(&self.pool).await?;
        Ok(id)
    }

    /// The session of that id.
    pub async fn session(&self, realm: &str, id: Uuid) -> Result<Option<Session>, Fault> {
        let query = "SELECT account, client_id, scope, started, used FROM embedded_keycloak.session
                     WHERE realm = $1 AND id = $2";
        Ok(sqlx::query_as(query).bind(realm).bind(id).fetch_optional(&self.pool).await?)
    }

    /// Exchanges a session's refresh token; false if it was not the current one.
    pub async fn rotate(&self, id: Uuid, used: &str, next: &str) -> Result<bool, Fault> {
        let update = "UPDATE embedded_keycloak.session SET refresh = $3, used = now() WHERE id = $1 AND refresh = $2";
        let updated = sqlx::query(update).bind(id).bind(digest(used)).bind(digest(next)).execute(&self.pool).await?;
        Ok(updated.rows_affected() > 0)
    }

    /// Ends a session.
    pub async fn end(&self, realm: &str, id: Uuid) -> Result<(), Fault> {
        let delete = "DELETE FROM embedded_keycloak.session WHERE realm = $1 AND id = $2";
        sqlx::query(delete).bind(realm).bind(id).execute(&self.pool).await?;
        Ok(())
    }
}

/// As random texts are kept: who reads the table can use none of them.
pub(super) fn digest(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}
