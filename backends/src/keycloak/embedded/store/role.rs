//! Realm roles.

use sqlx::PgConnection;
use uuid::Uuid;

use super::super::fault::Fault;
use super::Store;

pub(super) async fn insert(connection: &mut PgConnection, realm: &str, name: &str) -> Result<(), Fault> {
    let query = "INSERT INTO embedded_keycloak.role (id, realm, name) VALUES ($1, $2, $3)";
    sqlx::query(query).bind(Uuid::new_v4()).bind(realm).bind(name).execute(connection).await?;
    Ok(())
}

impl Store {
    /// Ids and names.
    pub async fn roles(&self, realm: &str) -> Result<Vec<(Uuid, String)>, Fault> {
        let query = "SELECT id, name FROM embedded_keycloak.role WHERE realm = $1 ORDER BY name";
        Ok(sqlx::query_as(query).bind(realm).fetch_all(&self.pool).await?)
    }

    /// Adds a role.
    pub async fn create_role(&self, realm: &str, name: &str) -> Result<(), Fault> {
        insert(&mut *self.pool.acquire().await?, realm, name).await
    }
}
