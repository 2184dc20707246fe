//! Required actions and steps of flows, where they are not as a new realm has them.

use serde_json::{Value, json};

use super::super::fault::Fault;
use super::Store;

impl Store {
    /// What is kept of a realm, by alias or id.
    pub async fn authentication(&self, realm: &str) -> Result<Value, Fault> {
        let query = "SELECT authentication FROM embedded_keycloak.realm WHERE name = $1";
        let found = sqlx::query_scalar::<_, Value>(query).bind(realm).fetch_optional(&self.pool).await?;
        found.ok_or_else(|| Fault::missing("Realm"))
    }

    /// Keeps one of them.
    pub async fn set_authentication(&self, realm: &str, name: &str, body: &Value) -> Result<(), Fault> {
        let update = "UPDATE embedded_keycloak.realm SET authentication = authentication || $2 WHERE name = $1";
        sqlx::query(update).bind(realm).bind(json!({ name: body })).execute(&self.pool).await?;
        Ok(())
    }
}
