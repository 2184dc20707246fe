//! Lets the provisioner read what plugins made in a schema, for as long as that takes.

use crate::Result;
use crate::postgres::failure::failure;
use crate::postgres::provisioner::run;
use crate::postgres::sql::ident;
use crate::postgres::{PROVISIONER, Provisioner};

/// Tables of a plugin's are its role's own: the provisioner, which made the role, takes its rights.
pub async fn open(provisioner: &Provisioner, role: &str) -> Result<()> {
    write(provisioner, role, format!("GRANT {} TO {PROVISIONER}", ident(role))).await
}

/// Gives them back. That it was killed before does no harm: it could take them at any time.
pub async fn close(provisioner: &Provisioner, role: &str) -> Result<()> {
    write(provisioner, role, format!("REVOKE {} FROM {PROVISIONER}", ident(role))).await
}

async fn write(provisioner: &Provisioner, role: &str, statement: String) -> Result<()> {
    let doing = format!("read what role {role} owns");
    let mut transaction = provisioner.begin(role).await?;
    run(&mut transaction, &doing, &[statement.into()]).await?;
    transaction.commit().await.map_err(failure(&doing))
}
