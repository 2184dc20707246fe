//! What an administrator does once per database.

mod own_database;

use std::path::Path;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use super::failure::failure;
use super::provisioner::connect_options;
use super::scram::verifier;
use super::sql::{ident, literal};
use super::{CORE_API, OPERATOR};
use crate::{Result, Secret};

pub use own_database::own_database;

/// The SQL, also shown in `docs/bootstrap.md`. Idempotent; PostgreSQL 15 to 18.
pub const SQL: &str = include_str!("bootstrap.sql");

/// Passwords of the two logins.
#[derive(Clone, Debug)]
pub struct Passwords {
    /// Of `plexica_operator`.
    pub operator: Secret,
    /// Of `plexica_core_api`.
    pub core_api: Secret,
}

/// Runs [`SQL`] as the administrator of that URL and sets both passwords: what `plexica dev` does
/// with its own Postgres. They are sent as verifiers, so neither stands in a log.
pub async fn apply(administrator: &Secret, ca_bundle: Option<&Path>, passwords: &Passwords) -> Result<()> {
    let options = connect_options(administrator, ca_bundle)?;
    let mut connection = options.connect().await.map_err(failure("connect as administrator"))?;
    let logins = [(OPERATOR, &passwords.operator), (CORE_API, &passwords.core_api)];
    let statements: Vec<String> = logins
        .into_iter()
        .map(|(login, password)| format!("ALTER ROLE {} PASSWORD {}", ident(login), literal(&verifier(password))))
        .collect();
    connection.execute(SQL).await.map_err(failure("apply the bootstrap SQL"))?;
    let statements = AssertSqlSafe(statements.join(";\n"));
    connection.execute(sqlx::raw_sql(statements)).await.map_err(failure("set the logins' passwords"))?;
    connection.close().await.map_err(failure("disconnect"))
}
