//! The tables. Settings, clients and accounts keep Keycloak's representations as they came, so
//! that what was written is what is read.

mod account;
mod authentication;
mod broker;
mod client;
mod code;
mod realm;
mod role;
mod session;

use sqlx::PgPool;

use crate::postgres::begin::begin;

use super::fault::Fault;
use super::key::Key;

pub use account::{Account, NewAccount};
pub use client::Client;
pub use code::Code;
pub use realm::{MASTER, Realm};
pub use session::Session;

/// The tables of schema `embedded_keycloak`.
pub struct Store {
    pool: PgPool,
}

impl Store {
    /// Creates what is missing: tables, and realm `master`.
    pub async fn open(pool: PgPool) -> Result<Self, Fault> {
        let mut transaction = begin(&pool).await?;
        // Two starts at once: CREATE … IF NOT EXISTS alone may fail on the catalogue's own keys.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtext('embedded_keycloak'))").execute(&mut *transaction).await?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&mut *transaction).await?;
        sqlx::query(
            "INSERT INTO embedded_keycloak.realm (name, id, settings, default_roles, signing_key)
             VALUES ($1, gen_random_uuid(), '{\"displayName\": \"Keycloak\", \"enabled\": true}', '{}', $2)
             ON CONFLICT DO NOTHING",
        )
        .bind(MASTER)
        .bind(Key::generate()?)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Self { pool })
    }
}

/// Whether a statement failed because something of that name is there.
pub fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// Stands for a secret that is not shown.
pub const SHOWN: &str = "**********";

/// What was shown is what there is: asterisks that come back mean the secret of before.
fn keep_secret(next: &mut serde_json::Value, last: &serde_json::Value, key: &str) {
    if let Some(secret) = next.get_mut(key).filter(|secret| *secret == SHOWN) {
        *secret = last.get(key).cloned().unwrap_or_default();
    }
}

/// Lays `patch` over `base`: fields that are absent or null stay.
fn merge(base: &mut serde_json::Value, patch: serde_json::Value) {
    if let (serde_json::Value::Object(base), serde_json::Value::Object(patch)) = (base, patch) {
        base.extend(patch.into_iter().filter(|(_, value)| !value.is_null()));
    }
}
