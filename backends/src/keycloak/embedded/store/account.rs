//! Users.

use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row};
use uuid::Uuid;

use super::super::fault::Fault;
use super::{Store, merge};
use crate::postgres::begin::begin;

/// A user.
pub struct Account {
    /// `sub` of their tokens.
    pub id: Uuid,
    /// User name, in lower case.
    pub username: String,
    /// Address, in lower case.
    pub email: Option<String>,
    body: Value,
    /// Hash of their password.
    pub password: Option<String>,
    /// Their own realm roles.
    pub roles: Vec<String>,
}

impl FromRow<'_, PgRow> for Account {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            username: row.try_get("username")?,
            email: row.try_get("email")?,
            body: row.try_get("body")?,
            password: row.try_get("password")?,
            roles: row.try_get("roles")?,
        })
    }
}

/// A user to be.
pub struct NewAccount {
    /// Their representation, without credentials.
    pub body: Value,
    /// Hash of their password.
    pub password: Option<String>,
    /// Their own realm roles.
    pub roles: Vec<String>,
}

impl Account {
    /// Whether they may sign in.
    pub fn enabled(&self) -> bool {
        self.body["enabled"].as_bool().unwrap_or(false)
    }

    /// Whether something is asked of them before they get a token.
    pub fn must_act(&self) -> bool {
        self.body["requiredActions"].as_array().is_some_and(|actions| !actions.is_empty())
    }

    /// A text of their representation.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.body[field].as_str()
    }

    /// Whether their address was verified.
    pub fn email_verified(&self) -> bool {
        self.body["emailVerified"].as_bool().unwrap_or(false)
    }

    /// As the admin API shows it.
    pub fn representation(&self) -> Value {
        let mut body = self.body.clone();
        merge(&mut body, json!({ "id": self.id, "username": self.username, "email": self.email }));
        body
    }
}

fn lower(body: &Value, field: &str) -> Option<String> {
    body[field].as_str().map(str::to_lowercase)
}

pub(super) async fn insert(connection: &mut PgConnection, realm: &str, account: NewAccount) -> Result<Uuid, Fault> {
    let id = Uuid::new_v4();
    let NewAccount { body, password, roles } = account;
    let query = "INSERT INTO embedded_keycloak.account (id, realm, username, email, body, password, roles)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)";
    sqlx::query(query)
        .bind(id)
        .bind(realm)
        .bind(lower(&body, "username"))
        .bind(lower(&body, "email"))
        .bind(body)
        .bind(password)
        .bind(roles)
        .execute(connection)
        .await?;
    Ok(id)
}

impl Store {
    /// The user of that id.
    pub async fn account(&self, realm: &str, id: Uuid) -> Result<Option<Account>, Fault> {
        let query = "SELECT id, username, email, body, password, roles FROM embedded_keycloak.account
                     WHERE realm = $1 AND id = $2";
        Ok(sqlx::query_as(query).bind(realm).bind(id).fetch_optional(&self.pool).await?)
    }

    /// The user of that name or address.
    pub async fn account_named(&self, realm: &str, name: &str) -> Result<Option<Account>, Fault> {
        let query = "SELECT id, username, email, body, password, roles FROM embedded_keycloak.account
                     WHERE realm = $1 AND (username = $2 OR email = $2) ORDER BY username = $2 DESC LIMIT 1";
        Ok(sqlx::query_as(query).bind(realm).bind(name.to_lowercase()).fetch_optional(&self.pool).await?)
    }

    /// Users of a realm, by name: so many of them, from the `first` on.
    pub async fn accounts(&self, realm: &str, first: u32, max: u32) -> Result<Vec<Account>, Fault> {
        let query = "SELECT id, username, email, body, password, roles FROM embedded_keycloak.account
                     WHERE realm = $1 ORDER BY username OFFSET $2 LIMIT $3";
        let (first, max) = (i64::from(first), i64::from(max));
        Ok(sqlx::query_as(query).bind(realm).bind(first).bind(max).fetch_all(&self.pool).await?)
    }

    /// How many users there are.
    pub async fn count_accounts(&self, realm: &str) -> Result<i64, Fault> {
        let query = "SELECT count(*) FROM embedded_keycloak.account WHERE realm = $1";
        Ok(sqlx::query_scalar(query).bind(realm).fetch_one(&self.pool).await?)
    }

    /// Adds a user.
    pub async fn create_account(&self, realm: &str, account: NewAccount) -> Result<Uuid, Fault> {
        insert(&mut *self.pool.acquire().await?, realm, account).await
    }

    /// Lays a representation over a user's.
    pub async fn set_account(&self, realm: &str, id: Uuid, patch: Value) -> Result<(), Fault> {
        let Some(account) = self.account(realm, id).await? else { return Err(Fault::missing("User")) };
        let mut body = account.representation();
        merge(&mut body, patch);
        let update = "UPDATE embedded_keycloak.account SET body = $3, username = lower($3 ->> 'username'),
                      email = lower($3 ->> 'email') WHERE realm = $1 AND id = $2";
        sqlx::query(update).bind(realm).bind(id).bind(body).execute(&self.pool).await?;
        Ok(())
    }

    /// Sets a password; a temporary one must be changed before there is a token. Sessions end.
    pub async fn set_password(&self, realm: &str, id: Uuid, hash: &str, temporary: bool) -> Result<bool, Fault> {
        let actions = if temporary { json!(["UPDATE_PASSWORD"]) } else { json!([]) };
        let mut transaction = begin(&self.pool).await?;
        let update = "UPDATE embedded_keycloak.account
                      SET password = $3, body = jsonb_set(body, '{requiredActions}', $4) WHERE realm = $1 AND id = $2";
        let updated =
            sqlx::query(update).bind(realm).bind(id).bind(hash).bind(actions).execute(&mut *transaction).await?;
        let end = "DELETE FROM embedded_keycloak.session WHERE account = $1";
        sqlx::query(end).bind(id).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(updated.rows_affected() > 0)
    }

    /// Adds roles to a user's own.
    pub async fn grant(&self, realm: &str, id: Uuid, names: &[String]) -> Result<bool, Fault> {
        let update = "UPDATE embedded_keycloak.account
                      SET roles = ARRAY(SELECT DISTINCT unnest(roles || $3::text[])) WHERE realm = $1 AND id = $2";
        let updated = sqlx::query(update).bind(realm).bind(id).bind(names).execute(&self.pool).await?;
        Ok(updated.rows_affected() > 0)
    }
}
