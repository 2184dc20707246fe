//! Realms.

use std::collections::HashSet;

use keycloak::types::RealmRepresentation;
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::super::fault::Fault;
use super::super::key::Key;
use super::super::policy::Policy;
use super::{NewAccount, SHOWN, Store, keep_secret, merge};
use crate::postgres::begin::begin;

/// The realm of the service account.
pub const MASTER: &str = "master";

/// A realm.
pub struct Realm {
    /// Its name.
    pub name: String,
    id: Uuid,
    settings: Value,
    /// Roles behind the composite role that new users get.
    pub default_roles: Vec<String>,
    signing_key: String,
}

impl FromRow<'_, PgRow> for Realm {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            name: row.try_get("name")?,
            id: row.try_get("id")?,
            settings: row.try_get("settings")?,
            default_roles: row.try_get("default_roles")?,
            signing_key: row.try_get("signing_key")?,
        })
    }
}

impl Realm {
    /// Its signing key.
    pub fn key(&self) -> Result<Key, Fault> {
        Key::from_pem(&self.signing_key)
    }

    /// Whether it gives tokens.
    pub fn enabled(&self) -> bool {
        self.settings["enabled"].as_bool().unwrap_or(false)
    }

    /// A setting in seconds.
    pub fn seconds(&self, setting: &str, otherwise: i64) -> i64 {
        self.settings[setting].as_i64().filter(|seconds| *seconds > 0).unwrap_or(otherwise)
    }

    /// What a password must have.
    pub fn password_policy(&self) -> Policy {
        Policy::parse(self.settings["passwordPolicy"].as_str().unwrap_or_default())
    }

    /// The composite role that new users get.
    pub fn default_role(&self) -> String {
        default_role(&self.name)
    }

    /// As the admin API shows it.
    pub fn representation(&self) -> Value {
        let mut body = self.settings.clone();
        merge(&mut body, json!({ "realm": self.name, "id": self.id }));
        if let Some(password) = body.pointer_mut("/smtpServer/password") {
            *password = json!(SHOWN);
        }
        if let Value::Object(fields) = &mut body {
            // Emptied: there is none.
            fields.retain(|field, value| field != "passwordPolicy" || *value != "");
        }
        body
    }
}

fn default_role(realm: &str) -> String {
    format!("default-roles-{}", realm.to_lowercase())
}

impl Store {
    /// The realm of that name.
    pub async fn realm(&self, name: &str) -> Result<Option<Realm>, Fault> {
        let query =
            "SELECT name, id, settings, default_roles, signing_key FROM embedded_keycloak.realm WHERE name = $1";
        Ok(sqlx::query_as(query).bind(name).fetch_optional(&self.pool).await?)
    }

    /// Creates a realm with all that its representation holds, or nothing.
    #[expect(deprecated, reason = "`defaultRoles` is what Keycloak reads when it creates a realm")]
    pub async fn create_realm(
        &self,
        name: &str,
        mut whole: RealmRepresentation,
        accounts: Vec<NewAccount>,
    ) -> Result<(), Fault> {
        let clients = whole.clients.take().unwrap_or_default();
        let roles = whole.roles.take().and_then(|roles| roles.realm).unwrap_or_default();
        let default_roles = whole.default_roles.take().unwrap_or_default();
        (whole.users, whole.components, whole.realm, whole.id) = (None, None, None, None);
        let settings = serde_json::to_value(&whole).map_err(Fault::stored)?;
        let mut transaction = begin(&self.pool).await?;
        let realm = "INSERT INTO embedded_keycloak.realm (name, id, settings, default_roles, signing_key)
                     VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(realm)
            .bind(name)
            .bind(Uuid::new_v4())
            .bind(settings)
            .bind(&default_roles)
            .bind(Key::generate()?)
            .execute(&mut *transaction)
            .await?;
        let names: HashSet<String> =
            roles.into_iter().filter_map(|role| role.name).chain(default_roles).chain([default_role(name)]).collect();
        for role in names {
            super::role::insert(&mut transaction, name, &role).await?;
        }
        for client in clients {
            super::client::insert(&mut transaction, name, serde_json::to_value(client).map_err(Fault::stored)?).await?;
        }
        for account in accounts {
            super::account::insert(&mut transaction, name, account).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Lays settings over those of a realm; attributes are replaced as a whole, as Keycloak does.
    pub async fn set_realm(&self, name: &str, mut patch: Value) -> Result<(), Fault> {
        let mut transaction = begin(&self.pool).await?;
        let query = "SELECT settings FROM embedded_keycloak.realm WHERE name = $1 FOR UPDATE";
        let Some(mut settings) =
            sqlx::query_scalar::<_, Value>(query).bind(name).fetch_optional(&mut *transaction).await?
        else {
            return Err(Fault::missing("Realm"));
        };
        keep_secret(&mut patch["smtpServer"], &settings["smtpServer"], "password");
        merge(&mut settings, patch);
        let update = "UPDATE embedded_keycloak.realm SET settings = $2 WHERE name = $1";
        sqlx::query(update).bind(name).bind(settings).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes a realm and all in it.
    pub async fn delete_realm(&self, name: &str) -> Result<bool, Fault> {
        let query = "DELETE FROM embedded_keycloak.realm WHERE name = $1";
        Ok(sqlx::query(query).bind(name).execute(&self.pool).await?.rows_affected() > 0)
    }
}
