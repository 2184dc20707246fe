//! What is there.

use sqlx::{AssertSqlSafe, PgConnection};

use super::Desired;
use crate::Result;
use crate::ownership::Found;
use crate::postgres::failure::failure;
use crate::postgres::migration::TABLE;
use crate::postgres::space::{self, Observed};
use crate::postgres::{Provisioner, sql};

/// Reads the tenant's schema, role and migrations.
pub async fn observe(provisioner: &Provisioner, desired: &Desired) -> Result<Observed> {
    let mut connection = provisioner.pool().acquire().await.map_err(failure("connect"))?;
    read(&mut connection, desired).await
}

pub(super) async fn read(connection: &mut PgConnection, desired: &Desired) -> Result<Observed> {
    let name = desired.name();
    let mut observed = space::observe(connection, &name).await?;
    // Only a schema that is ours in name is looked into.
    if matches!(&observed.schema, Found::Marked(stamp) if stamp.mark.same_name(&desired.mark)) {
        let query = format!("SELECT version, checksum FROM {}.{TABLE}", sql::ident(&name));
        observed.applied = sqlx::query_as(AssertSqlSafe(query))
            .fetch_all(connection)
            .await
            .map_err(failure(&format!("read the migrations of schema {name}")))?;
    }
    Ok(observed)
}
