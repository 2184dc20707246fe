//! Lets the provisioner read what plugins made in a schema, for as long as that takes.

use sqlx::{Connection, Executor, PgConnection};

use crate::Result;
use crate::postgres::failure::failure;
use crate::postgres::provisioner::run;
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

/// After so long Postgres ends who holds the lock and does nothing: it may be stopped, and hold up all others. Who
/// still reads then reads on, and may find its rights taken by another.
const LONGEST: &str = "SET idle_session_timeout = '10min'";

/// Tables of a plugin's are its role's own: the provisioner, which made the role, takes its rights. `None` while
/// another has them.
pub async fn open(provisioner: &Provisioner, role: &str) -> Result<Option<Readable>> {
    let doing = format!("read what role {role} owns");
    let mut connection = provisioner.pool().acquire().await.map_err(failure("connect"))?.detach();
    connection.execute(LONGEST).await.map_err(failure(&doing))?;
    let locking = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))");
    let locked: bool =
        locking.bind(format!("plexica dump {role}")).fetch_one(&mut connection).await.map_err(failure(&doing))?;
    if !locked {
        connection.close().await.map_err(failure(&doing))?;
        return Ok(None);
    }
    write(provisioner, role, format!("GRANT {} TO {PROVISIONER}", ident(role))).await?;
    Ok(Some(Readable { connection, role: role.to_owned() }))
}

impl Readable {
    /// Gives the rights back.
    pub async fn close(self, provisioner: &Provisioner) -> Result<()> {
        let Self { connection, role } = self;
        write(provisioner, &role, format!("REVOKE {} FROM {PROVISIONER}", ident(&role))).await?;
        // Postgres may have ended it before.
        drop(connection.close().await);
        Ok(())
    }
}

async fn write(provisioner: &Provisioner, role: &str, statement: String) -> Result<()> {
    let doing = format!("read what role {role} owns");
    let mut transaction = provisioner.begin(role).await?;
    run(&mut transaction, &doing, &[statement.into()]).await?;
    transaction.commit().await.map_err(failure(&doing))
}
