//! Brokers of a realm.

use serde_json::Value;

use super::super::fault::Fault;
use super::{Store, keep_secret};
use crate::postgres::begin::begin;

/// Where a broker's secret is in its configuration.
const SECRET: &str = "clientSecret";

impl Store {
    /// All of a realm, by alias, with their secrets.
    pub async fn brokers(&self, realm: &str) -> Result<Vec<Value>, Fault> {
        let query = "SELECT body FROM embedded_keycloak.broker WHERE realm = $1 ORDER BY alias";
        Ok(sqlx::query_scalar(query).bind(realm).fetch_all(&self.pool).await?)
    }

    /// Adds one.
    pub async fn create_broker(&self, realm: &str, alias: &str, body: &Value) -> Result<(), Fault> {
        let insert = "INSERT INTO embedded_keycloak.broker (realm, alias, body) VALUES ($1, $2, $3)";
        sqlx::query(insert).bind(realm).bind(alias).bind(body).execute(&self.pool).await?;
        Ok(())
    }

    /// Replaces one; asterisks stand for the secret it has, and its type stays, as in Keycloak.
    pub async fn set_broker(&self, realm: &str, alias: &str, mut body: Value) -> Result<(), Fault> {
        let mut transaction = begin(&self.pool).await?;
        let query = "SELECT body FROM embedded_keycloak.broker WHERE realm = $1 AND alias = $2 FOR UPDATE";
        let found =
            sqlx::query_scalar::<_, Value>(query).bind(realm).bind(alias).fetch_optional(&mut *transaction).await?;
        let found = found.ok_or_else(|| Fault::missing("Identity provider"))?;
        body["providerId"] = found["providerId"].clone();
        keep_secret(&mut body["config"], &found["config"], SECRET);
        let update = "UPDATE embedded_keycloak.broker SET body = $3 WHERE realm = $1 AND alias = $2";
        sqlx::query(update).bind(realm).bind(alias).bind(body).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes one.
    pub async fn delete_broker(&self, realm: &str, alias: &str) -> Result<(), Fault> {
        let delete = "DELETE FROM embedded_keycloak.broker WHERE realm = $1 AND alias = $2";
        let gone = sqlx::query(delete).bind(realm).bind(alias).execute(&self.pool).await?;
        if gone.rows_affected() > 0 { Ok(()) } else { Err(Fault::missing("Identity provider")) }
    }
}
