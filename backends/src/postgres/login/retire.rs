//! Removes the login.

use super::Login;
use super::ensure::DATABASE_LOCK;
use crate::ownership::{Parting, judge_retired};
use crate::postgres::Provisioner;
use crate::postgres::failure::failure;
use crate::postgres::provisioner::{lock, run};
use crate::postgres::space::{self, Plan, drop_role};
use crate::postgres::sql::literal;
use crate::{Result, Retired};

/// Drops the login and ends its sessions: it holds no data, so nothing of it is retained.
pub async fn retire(provisioner: &Provisioner, login: &Login, installation: &str) -> Result<Retired> {
    let name = login.name();
    let doing = format!("drop login {name}");
    let mut transaction = provisioner.begin(&name).await?;
    let found = space::observe(&mut transaction, &name).await?.role;
    match judge_retired(&found, &login.mark(installation)) {
        Parting::Gone => return Ok(Retired::Gone),
        Parting::Leave => return Ok(Retired::Foreign),
        Parting::Part | Parting::Retained => {}
    }
    lock(&mut transaction, DATABASE_LOCK).await?;
    let mut plan = Plan::default();
    drop_role(&mut plan, &name);
    plan.also(format!("DELETE FROM core.login_password WHERE login = {}", literal(&name)));
    // Only who has a role's privileges may end its sessions, and `drop_role` takes those first.
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {}", literal(&name));
    plan.statements.insert(1, end);
    run(&mut transaction, &doing, &plan.statements).await?;
    transaction.commit().await.map_err(failure(&doing))?;
    Ok(Retired::Removed)
}
