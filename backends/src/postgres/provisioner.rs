//! The operator's connections to one database.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor, PgPool, Postgres, Transaction};
use url::Url;

use super::begin::begin;
use super::dump::variables;
use super::failure::failure;
use super::role_admin::{Statement, by_admins};
use super::{PROVISIONER, Placement, sql};
use crate::{Error, Kind, Result, Secret, System};

/// How long to wait for a connection before the database counts as unavailable.
const PATIENCE: Duration = Duration::from_secs(5);
/// Enough for the reconcilers of one operator; the rest of the server's connections are others'.
const CONNECTIONS: u32 = 10;

/// One database, with every connection in the role `plexica_provisioner`.
#[derive(Clone)]
pub struct Provisioner {
    pool: PgPool,
    /// Of the operator's login, for programs of Postgres.
    url: Secret,
    ca_bundle: Option<PathBuf>,
    plugin_url: Url,
}

impl Provisioner {
    /// For that placement; the first use connects. `sslmode` and the like are taken from the URL,
    /// and the certificates of `ca_bundle` are trusted besides the usual ones.
    pub fn new(placement: &Placement, ca_bundle: Option<&Path>) -> Result<Self> {
        let options = connect_options(&placement.url, ca_bundle)?
            // As options of the connection, they hold from the first statement on, and a role that
            // is missing or may not be taken is an error of the connection itself.
            .options([("role", PROVISIONER), ("search_path", "pg_catalog,pg_temp"), ("lock_timeout", "15s")])
            .options([("statement_timeout", "120s"), ("idle_in_transaction_session_timeout", "60s")])
            // What is read goes by the same indexes whatever is asked for, and to plan it anew costs more than to read it.
            .options([("plan_cache_mode", "force_generic_plan")]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .idle_timeout(Duration::from_mins(5))
            .connect_lazy_with(options);
        let plugin_url = parse(placement.plugin_url.as_ref().unwrap_or(&placement.url))?;
        let (url, ca_bundle) = (placement.url.clone(), ca_bundle.map(Path::to_owned));
        Ok(Self { pool, url, ca_bundle, plugin_url })
    }

    /// The URL a plugin connects to, with its own login.
    pub fn plugin_url(&self, login: &str, password: &Secret) -> Result<Secret> {
        let mut url = self.plugin_url.clone();
        let told = url.set_username(login).and_then(|()| url.set_password(Some(password.reveal())));
        told.map_err(|()| invalid_url("has no host, so no user can be set in it"))?;
        Ok(Secret::new(url.to_string()))
    }

    /// Whether the database answers, for readiness.
    pub async fn ping(&self) -> Result<()> {
        self.pool.execute("SELECT 1").await.map_err(failure("connect")).map(drop)
    }

    /// What a program of Postgres needs to connect as the operator does. Holds the password.
    pub(super) fn variables(&self) -> Result<Vec<(&'static str, String)>> {
        let options = self.connect_options()?;
        Ok(variables(&parse(&self.url)?, &options, self.ca_bundle.as_deref()))
    }

    /// The database's name.
    pub(super) fn database(&self) -> Result<String> {
        let options = self.connect_options()?;
        Ok(options.get_database().unwrap_or_else(|| options.get_username()).to_owned())
    }

    /// Options of a connection of the operator's login, without our role.
    pub(super) fn connect_options(&self) -> Result<PgConnectOptions> {
        connect_options(&self.url, self.ca_bundle.as_deref())
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// A transaction that holds the lock of `name`: whoever else works on the same name waits.
    pub(super) async fn begin(&self, name: &str) -> Result<Transaction<'static, Postgres>> {
        let mut transaction = begin(&self.pool).await.map_err(failure("connect"))?;
        lock(&mut transaction, name).await?;
        Ok(transaction)
    }
}

impl fmt::Debug for Provisioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = (self.plugin_url.host_str(), self.plugin_url.port(), self.plugin_url.path());
        f.debug_tuple("Provisioner").field(&place).finish()
    }
}

/// Holds the lock of `name` until the transaction ends.
pub(super) async fn lock(transaction: &mut Transaction<'static, Postgres>, name: &str) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(format!("plexica {name}"))
        .execute(&mut **transaction)
        .await
        .map_err(failure(&format!("lock {name}")))
        .map(drop)
}

/// Runs statements in one round trip, after another that asks who administers the roles they are about.
pub(super) async fn run(
    transaction: &mut Transaction<'static, Postgres>,
    doing: &str,
    statements: &[Statement],
) -> Result<()> {
    if statements.is_empty() {
        return Ok(());
    }
    let statements = by_admins(transaction, statements).await?;
    sqlx::raw_sql(AssertSqlSafe(statements.join(";\n")))
        .execute(&mut **transaction)
        .await
        .map_err(failure(doing))
        .map(drop)
}

/// Options of a connection from a URL, without our role.
pub(super) fn connect_options(url: &Secret, ca_bundle: Option<&Path>) -> Result<PgConnectOptions> {
    parse(url)?;
    let options = PgConnectOptions::from_str(url.reveal())
        .map_err(|error| invalid_url("holds a parameter that is not understood").because(error))?
        .application_name("plexica");
    Ok(match ca_bundle {
        Some(file) => options.ssl_root_cert(file),
        None => options,
    })
}

fn parse(url: &Secret) -> Result<Url> {
    let parsed = Url::parse(url.reveal()).map_err(|error| invalid_url("is no URL").because(error))?;
    match parsed.scheme() {
        "postgres" | "postgresql" => Ok(parsed),
        _ => Err(invalid_url("does not start with postgres://")),
    }
}

fn invalid_url(why: &str) -> Error {
    Error::new(
        System::Postgres,
        Kind::Invalid,
        format!("the database's URL {why}"),
        "Write postgres://user:password@host:5432/database?sslmode=verify-full.",
    )
}

/// `COMMENT ON … IS …`.
pub(super) fn comment(object: &str, name: &str, text: &str) -> String {
    format!("COMMENT ON {object} {} IS {}", sql::ident(name), sql::literal(text))
}
