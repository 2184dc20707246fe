//! Takes one tenant's role from a login that others still use.

use plexica_contract::name::{Slug, postgres as name};

use super::Login;
use crate::ownership::{Installation, Parting, judge_retired};
use crate::postgres::Provisioner;
use crate::postgres::failure::failure;
use crate::postgres::provisioner::run;
use crate::postgres::space::{self, Plan};
use crate::postgres::sql::ident;
use crate::{Changes, Result};

/// After this the login can no longer take the tenant's role for its plugin; nothing is written if
/// it could not before, or is not this installation's.
pub async fn release(
    provisioner: &Provisioner,
    login: &Login,
    tenant: &Slug,
    installation: &Installation,
) -> Result<Changes> {
    let (login_name, role) = (login.name(), name::tenant_plugin(tenant, login.plugin()));
    let doing = format!("revoke role {role} from {login_name}");
    let mut transaction = provisioner.begin(&login_name).await?;
    let found = space::observe(&mut transaction, &login_name).await?.role;
    let observed = space::observe(&mut transaction, &role).await?;
    let mut plan = Plan::default();
    if observed.members.contains(&login_name) && judge_retired(&found, &login.mark(installation)) == Parting::Part {
        let revoke = format!("REVOKE {} FROM {}", ident(&role), ident(&login_name));
        plan.about(&role, |plan| plan.step(revoke, format!("revoked role {role} from {login_name}")));
    }
    run(&mut transaction, &doing, &plan.statements).await?;
    transaction.commit().await.map_err(failure(&doing))?;
    Ok(plan.changes)
}
