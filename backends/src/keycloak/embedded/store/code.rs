//! Authorization codes: good once, for a minute.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::super::fault::Fault;
use super::Store;
use super::session::digest;

/// What a code stands for.
pub struct Code {
    /// Who signed in.
    pub account: Uuid,
    /// Through which client.
    pub client_id: String,
    /// Where the code was sent.
    pub redirect_uri: String,
    /// PKCE, S256.
    pub challenge: String,
    /// What was granted.
    pub scope: String,
    /// For the ID token.
    pub nonce: Option<String>,
}

impl FromRow<'_, PgRow> for Code {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            account: row.try_get("account")?,
            client_id: row.try_get("client_id")?,
            redirect_uri: row.try_get("redirect_uri")?,
            challenge: row.try_get("challenge")?,
            scope: row.try_get("scope")?,
            nonce: row.try_get("nonce")?,
        })
    }
}

impl Store {
    /// Keeps a code.
    pub async fn keep_code(&self, realm: &str, text: &str, code: &Code) -> Result<(), Fault> {
        let insert = "INSERT INTO embedded_keycloak.code
                          (hash, realm, account, client_id, redirect_uri, challenge, scope, nonce, expires)
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + interval '1 minute')";
        sqlx::query(insert)
            .bind(digest(text))
            .bind(realm)
            .bind(code.account)
            .bind(&code.client_id)
            .bind(&code.redirect_uri)
            .bind(&code.challenge)
            .bind(&code.scope)
            .bind(&code.nonce)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Takes a code: it is gone after that, used or not. Old ones go with it.
    pub async fn take_code(&self, realm: &str, text: &str) -> Result<Option<Code>, Fault> {
        let take = "DELETE FROM embedded_keycloak.code WHERE hash = $1 AND realm = $2 AND expires > now()
                    RETURNING account, client_id, redirect_uri, challenge, scope, nonce";
        let code = sqlx::query_as(take).bind(digest(text)).bind(realm).fetch_optional(&self.pool).await?;
        sqlx::query("DELETE FROM embedded_keycloak.code WHERE expires < now()").execute(&self.pool).await?;
        Ok(code)
    }
}
