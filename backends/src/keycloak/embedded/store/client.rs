//! Clients.

use rand::distr::{Alphanumeric, SampleString};
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::super::fault::Fault;
use super::{Store, merge};
use crate::postgres::begin::begin;

/// A client.
pub struct Client {
    /// Keycloak's own id.
    pub id: Uuid,
    /// Its name in OAuth.
    pub name: String,
    /// Its representation.
    pub body: Value,
}

impl FromRow<'_, PgRow> for Client {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self { id: row.try_get("id")?, name: row.try_get("client_id")?, body: row.try_get("body")? })
    }
}

impl Client {
    /// A switch of its representation.
    pub fn is(&self, switch: &str) -> bool {
        self.body[switch].as_bool().unwrap_or(false)
    }

    /// Whether that is its secret.
    pub fn has_secret(&self, secret: &str) -> bool {
        self.body["secret"].as_str().is_some_and(|kept| kept.as_bytes().ct_eq(secret.as_bytes()).into())
    }

    /// Texts of a list.
    pub fn texts(&self, list: &str) -> impl Iterator<Item = &str> {
        self.body[list].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    /// Audiences that its mappers add to access tokens.
    pub fn audiences(&self) -> Vec<&str> {
        let mappers = self.body["protocolMappers"].as_array().into_iter().flatten();
        mappers
            .filter(|mapper| mapper["protocolMapper"] == "oidc-audience-mapper")
            .map(|mapper| &mapper["config"])
            .filter(|config| config["access.token.claim"] == "true")
            .filter_map(|config| config["included.custom.audience"].as_str())
            .collect()
    }
}

pub(super) async fn insert(connection: &mut PgConnection, realm: &str, mut body: Value) -> Result<Uuid, Fault> {
    let id = Uuid::new_v4();
    let client_id = body["clientId"].as_str().unwrap_or_default().to_owned();
    let confidential = !body["publicClient"].as_bool().unwrap_or(false);
    if confidential && !body["secret"].is_string() {
        merge(&mut body, json!({ "secret": Alphanumeric.sample_string(&mut rand::rng(), 32) }));
    }
    merge(&mut body, json!({ "id": id }));
    let query = "INSERT INTO embedded_keycloak.client (id, realm, client_id, body) VALUES ($1, $2, $3, $4)";
    sqlx::query(query).bind(id).bind(realm).bind(client_id).bind(body).execute(connection).await?;
    Ok(id)
}

impl Store {
    /// The client of that name.
    pub async fn client(&self, realm: &str, client_id: &str) -> Result<Option<Client>, Fault> {
        let query = "SELECT id, client_id, body FROM embedded_keycloak.client WHERE realm = $1 AND client_id = $2";
        Ok(sqlx::query_as(query).bind(realm).bind(client_id).fetch_optional(&self.pool).await?)
    }

    /// All of them.
    pub async fn clients(&self, realm: &str) -> Result<Vec<Client>, Fault> {
        let query = "SELECT id, client_id, body FROM embedded_keycloak.client WHERE realm = $1 ORDER BY client_id";
        Ok(sqlx::query_as(query).bind(realm).fetch_all(&self.pool).await?)
    }

    /// Adds a client.
    pub async fn create_client(&self, realm: &str, body: Value) -> Result<Uuid, Fault> {
        insert(&mut *self.pool.acquire().await?, realm, body).await
    }

    /// Lays settings over those of a client; attributes are merged, as Keycloak does.
    pub async fn set_client(&self, realm: &str, id: Uuid, mut patch: Value) -> Result<(), Fault> {
        let mut transaction = begin(&self.pool).await?;
        let query = "SELECT body FROM embedded_keycloak.client WHERE realm = $1 AND id = $2 FOR UPDATE";
        let found =
            sqlx::query_scalar::<_, Value>(query).bind(realm).bind(id).fetch_optional(&mut *transaction).await?;
        let Some(mut body) = found else { return Err(Fault::missing("Client")) };
        let mut attributes = body["attributes"].take();
        if !attributes.is_object() {
            attributes = json!({});
        }
        merge(&mut attributes, patch["attributes"].take());
        merge(&mut body, patch);
        merge(&mut body, json!({ "attributes": attributes, "id": id }));
        let update =
            "UPDATE embedded_keycloak.client SET body = $3, client_id = $3 ->> 'clientId' WHERE realm = $1 AND id = $2";
        sqlx::query(update).bind(realm).bind(id).bind(body).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}
