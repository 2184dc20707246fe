//! Removes the login.

use super::Login;
use super::ensure::DATABASE_LOCK;
use crate::ownership::{Installation, Parting, judge_retired};
use crate::postgres::Provisioner;
use crate::postgres::failure::failure;
use crate::postgres::provisioner::{lock, run};
use crate::postgres::space::{self, Plan, drop_role};
use crate::postgres::sql::literal;
use crate::{Result, Retired};

/// Drops the login and ends its sessions: it holds no data, so nothing of it is retained.
pub async fn retire(provisioner: &Provisioner, login: &Login, installation: &Installation) -> Result<Retired> {
    retire_if(provisioner, login, installation, std::future::ready(Ok(true)))
        .await
        .map(|retired| retired.unwrap_or(Retired::Gone))
}

/// The same, if it is `due`, which is asked when nobody else can bring the login up; `None` if it is not.
pub async fn retire_if(
    provisioner: &Provisioner,
    login: &Login,
    installation: &Installation,
    due: impl Future<Output = Result<bool>>,
) -> Result<Option<Retired>> {
    let name = login.name();
    let doing = format!("drop login {name}");
    let mut transaction = provisioner.begin(&name).await?;
    let found = space::observe(&mut transaction, &name).await?.role;
    match judge_retired(&found, &login.mark(installation)) {
        Parting::Gone => return Ok(Some(Retired::Gone)),
        Parting::Leave => return Ok(Some(Retired::Foreign)),
        Parting::Part | Parting::Retained => {}
    }
    if !due.await? {
        return Ok(None);
    }
    lock(&mut transaction, DATABASE_LOCK).await?;
    let mut plan = Plan::default();
    // Only who has a role's privileges may end its sessions, and `drop_role` takes those first.
    // One that ends by itself meanwhile is what was wanted, and Postgres warns of it.
    let end = format!(
        "SET LOCAL client_min_messages = error; \
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {}; \
         SET LOCAL client_min_messages = DEFAULT",
        literal(&name)
    );
    drop_role(&mut plan, &name, Some(end));
    plan.also(format!("DELETE FROM core.login_password WHERE login = {}", literal(&name)));
    run(&mut transaction, &doing, &plan.statements).await?;
    transaction.commit().await.map_err(failure(&doing))?;
    Ok(Some(Retired::Removed))
}
