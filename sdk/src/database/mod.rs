//! The plugin's one small pool, from which handlers get a transaction and nothing else.

mod begin;
mod sessions;

use std::{
    ops::{Deref, DerefMut},
    path::Path,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use plexica_contract::{Secret, tenancy::PluginTenant};
use sqlx::{
    PgConnection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use self::{begin::begin, sessions::Sessions};
use crate::{Error, Result};

/// `insufficient_privilege` (PostgreSQL, appendix A).
const REFUSED: &str = "42501";

/// How long a statement and an idle transaction may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) statement: Duration,
    pub(crate) lock: Duration,
    pub(crate) idle: Duration,
}

/// The database's URL cannot be used. It is not repeated: it holds a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("DATABASE_URL must be a URL such as postgres://user:password@host:5432/database")]
pub struct DatabaseUrlError;

#[derive(Clone)]
pub(crate) struct Database {
    pool: PgPool,
    sessions: Arc<Sessions>,
    timeouts: Timeouts,
}

impl Database {
    /// A pool that connects when it is first used.
    pub(crate) fn open(
        url: &Secret,
        name: &str,
        ca_bundle: Option<&Path>,
        connections: u32,
        timeouts: Timeouts,
    ) -> Result<Self, DatabaseUrlError> {
        // sqlx keeps the URL in its error.
        let mut options =
            PgConnectOptions::from_str(url.reveal()).map_err(|_| DatabaseUrlError)?.application_name(name);
        if let Some(bundle) = ca_bundle {
            options = options.ssl_root_cert(bundle);
        }
        let sessions = Arc::new(Sessions::default());
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(5))
            // A fresh connection's first SET ROLE costs tens of milliseconds where a login is a
            // member of thousands of roles: so minutes, not seconds.
            .idle_timeout(Duration::from_mins(5))
            .max_lifetime(Duration::from_mins(30))
            .before_acquire({
                let sessions = Arc::clone(&sessions);
                move |_, idle| {
                    let may = sessions.may_use(Instant::now().checked_sub(idle.age));
                    Box::pin(async move { Ok(may) })
                }
            })
            .connect_lazy_with(options);
        Ok(Self { pool, sessions, timeouts })
    }

    /// A transaction as this tenant.
    pub(crate) async fn begin(&self, tenant: &PluginTenant) -> Result<Db> {
        self.begin_within(tenant, self.timeouts).await
    }

    /// A transaction as this tenant for work that takes as long as it takes.
    pub(crate) async fn begin_unlimited(&self, tenant: &PluginTenant) -> Result<Db> {
        let none = Duration::ZERO;
        self.begin_within(tenant, Timeouts { statement: none, lock: none, ..self.timeouts }).await
    }

    async fn begin_within(&self, tenant: &PluginTenant, timeouts: Timeouts) -> Result<Db> {
        let begun = Instant::now();
        let db = match self.try_begin(tenant, timeouts).await {
            Err(error) if is_refusal(&error) && self.sessions.refused(begun, Instant::now()) => {
                tracing::info!(role = tenant.role, "a session was refused the tenant's role; another is asked");
                self.try_begin(tenant, timeouts).await
            }
            other => other,
        };
        db.map_err(|error| Error::unavailable("The tenant's database is not ready; try again.").with_source(error))
    }

    async fn try_begin(&self, tenant: &PluginTenant, timeouts: Timeouts) -> sqlx::Result<Db> {
        let mut transaction = begin(&self.pool).await?;
        // All of it `local`: it ends with the transaction, whichever way that goes, so the next
        // one on this connection starts from nothing. A role cannot be a bind parameter of SET.
        sqlx::query(
            "SELECT set_config('role', $1, true), set_config('search_path', $2, true), \
             set_config('statement_timeout', $3, true), set_config('lock_timeout', $4, true), \
             set_config('idle_in_transaction_session_timeout', $5, true)",
        )
        .bind(&tenant.role)
        // pg_temp last: else a temporary table could stand in for one of the tenant's.
        .bind(format!("{}, pg_temp", quoted(&tenant.schema)))
        .bind(timeouts.statement.as_millis().to_string())
        .bind(timeouts.lock.as_millis().to_string())
        .bind(timeouts.idle.as_millis().to_string())
        .execute(&mut *transaction)
        .await?;
        Ok(Db { transaction })
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// A transaction in one tenant's schema, under that tenant's role.
///
/// Hand `&mut *db` to sqlx. Nothing is kept until [`commit`](Self::commit); dropped, it is rolled
/// back.
#[derive(Debug)]
#[must_use = "what is not committed is rolled back"]
pub struct Db {
    transaction: Transaction<'static, Postgres>,
}

impl Db {
    /// Keeps what was done.
    ///
    /// # Errors
    /// When the database refuses or is out of reach; then nothing was kept, or it is unknown.
    pub async fn commit(self) -> Result {
        Ok(self.transaction.commit().await?)
    }
}

impl Deref for Db {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.transaction
    }
}

impl DerefMut for Db {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}

fn is_refusal(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == REFUSED)
}

/// A name as an SQL identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_url_is_not_repeated() {
        let timeouts = Timeouts { statement: Duration::ZERO, lock: Duration::ZERO, idle: Duration::ZERO };
        let bad = Secret::new("not a url with hunter2");
        let error = Database::open(&bad, "x", None, 1, timeouts).err().unwrap();
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn a_name_stays_one_identifier() {
        assert_eq!(quoted("tenant_acme"), "\"tenant_acme\"");
        assert_eq!(quoted("a\", public; --"), "\"a\"\", public; --\"");
    }
}
