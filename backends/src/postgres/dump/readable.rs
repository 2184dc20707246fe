//! Lets the provisioner read what plugins made in a schema, for as long as that takes.

use sqlx::{AssertSqlSafe, Connection, Error as Sql, Executor, PgConnection};

use crate::Result;
use crate::postgres::failure::failure;
use crate::postgres::sql::ident;
use crate::postgres::{PROVISIONER, Provisioner};

/// What is readable until it is [closed](Self::close). Of one that is dropped the rights stay, which does no harm: the
/// provisioner could take them at any time.
#[derive(Debug)]
pub struct Readable {
    /// Holds the lock: who is done must not take the rights from another who reads.
    connection: PgConnection,
    role: String,
}

/// What comes of asking for what a role owns.
#[derive(Debug)]
pub enum Opened {
    /// It is readable.
    Readable(Readable),
    /// Another reads it.
    Busy,
    /// The role has gone meanwhile, and what it owned with it.
    Gone,
}

/// `undefined_object`, as Postgres says that there is no such role.
const UNDEFINED: &str = "42704";

/// After so long Postgres ends who holds the lock and does nothing: it may be stopped, and hold up all others. Who
/// still reads then reads on, and may find its rights taken by another.
const LONGEST: &str = "SET idle_session_timeout = '10min'";

/// Tables of a plugin's are its role's own: the provisioner, which made the role, takes its rights.
pub async fn open(provisioner: &Provisioner, role: &str) -> Result<Opened> {
    let doing = format!("read what role {role} owns");
    let mut connection = provisioner.pool().acquire().await.map_err(failure("connect"))?.detach();
    connection.execute(LONGEST).await.map_err(failure(&doing))?;
    let locking = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))");
    let locked: bool =
        locking.bind(format!("plexica dump {role}")).fetch_one(&mut connection).await.map_err(failure(&doing))?;
    if !locked {
        connection.close().await.map_err(failure(&doing))?;
        return Ok(Opened::Busy);
    }
    if write(provisioner, role, format!("GRANT {} TO {PROVISIONER}", ident(role))).await? {
        return Ok(Opened::Readable(Readable { connection, role: role.to_owned() }));
    }
    unlock(connection).await;
    Ok(Opened::Gone)
}

impl Readable {
    /// Gives the rights back; a role that is gone has none.
    pub async fn close(self, provisioner: &Provisioner) -> Result<()> {
        let Self { connection, role } = self;
        let _ = write(provisioner, &role, format!("REVOKE {} FROM {PROVISIONER}", ident(&role))).await?;
        unlock(connection).await;
        Ok(())
    }
}

/// Who is next does not find it locked: a session that ends gives its locks back some time after it has said so.
async fn unlock(mut connection: PgConnection) {
    // Postgres may have ended it before, and given the lock back.
    drop(connection.execute("SELECT pg_advisory_unlock_all()").await);
    drop(connection.close().await);
}

/// Whether there is such a role.
async fn write(provisioner: &Provisioner, role: &str, statement: String) -> Result<bool> {
    let doing = format!("read what role {role} owns");
    let mut transaction = provisioner.begin(role).await?;
    match sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *transaction).await {
        Ok(_) => {}
        Err(Sql::Database(refusal)) if refusal.code().as_deref() == Some(UNDEFINED) => return Ok(false),
        Err(error) => return Err(failure(&doing)(error)),
    }
    transaction.commit().await.map_err(failure(&doing))?;
    Ok(true)
}
