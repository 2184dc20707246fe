//! Brings the login to its desired state.

use plexica_crds::tenant::AdoptionPolicy;

use super::observe::read;
use super::{Desired, Observed, Tenants};
use crate::ownership::{Verdict, judge};
use crate::postgres::Provisioner;
use crate::postgres::failure::failure;
use crate::postgres::provisioner::{comment, lock, run};
use crate::postgres::role_admin::maker;
use crate::postgres::scram::{self, verifier};
use crate::postgres::space::Plan;
use crate::postgres::sql::{ident, literal};
use crate::{Changes, Error, Kind, Result, System};

/// Privileges on a database are one row of the catalogue, and two writers of one row fail.
pub(super) const DATABASE_LOCK: &str = "database privileges";

/// Writes what differs, in one transaction; nothing if nothing does.
pub async fn ensure(provisioner: &Provisioner, desired: &Desired, observed: &Observed) -> Result<Changes> {
    if plan(desired, observed)?.changes.is_empty() {
        return Ok(Changes::none());
    }
    let name = desired.login.name();
    let doing = format!("set up login {name}");
    let mut transaction = provisioner.begin(&name).await?;
    let observed = Observed { locked_out: observed.locked_out, ..read(&mut transaction, desired).await? };
    let mut plan = plan(desired, &observed)?;
    if !observed.can_connect {
        lock(&mut transaction, DATABASE_LOCK).await?;
        let database: String = sqlx::query_scalar("SELECT current_database()::text")
            .fetch_one(&mut *transaction)
            .await
            .map_err(failure(&doing))?;
        plan.also(format!("GRANT CONNECT ON DATABASE {} TO {}", ident(&database), ident(&name)));
    }
    run(&mut transaction, &doing, &plan.statements).await?;
    transaction.commit().await.map_err(failure(&doing))?;
    Ok(plan.changes)
}

/// What [`ensure`] would write.
pub fn differences(desired: &Desired, observed: &Observed) -> Result<Changes> {
    Ok(plan(desired, observed)?.changes)
}

/// Changes whenever what should be there does.
pub fn digest(desired: &Desired) -> String {
    let mark = desired.login.mark(&desired.installation).stamp().to_comment();
    crate::digest(&(mark, hex::encode(scram::digest(&desired.password)), desired.roles()))
}

/// Pure but for the salt of the password's verifier.
fn plan(desired: &Desired, observed: &Observed) -> Result<Plan> {
    let name = desired.login.name();
    let login = ident(&name);
    let mark = desired.login.mark(&desired.installation);
    let mut plan = Plan::default();
    plan.about(&name, |plan| {
        match judge(&observed.found, &mark, AdoptionPolicy::IfRetained) {
            Verdict::Create => {
                plan.step(format!("CREATE ROLE {login} LOGIN NOINHERIT"), format!("created login {name}"));
                plan.also(comment("ROLE", &name, &mark.stamp().to_comment()));
            }
            Verdict::Keep => {
                if !observed.wrong.is_empty() {
                    let options = observed.wrong.join(" ");
                    plan.step(format!("ALTER ROLE {login} {options}"), format!("set {options} of login {name}"));
                }
            }
            Verdict::Adopt | Verdict::Complete => {
                plan.step(comment("ROLE", &name, &mark.stamp().to_comment()), format!("took back login {name}"));
            }
            Verdict::Refuse(refusal) => return Err(refusal.into_error(System::Postgres, &format!("login {name}"))),
        }
        Ok(())
    })?;
    let digest = scram::digest(&desired.password);
    if observed.locked_out || observed.password.as_ref() != Some(&digest) {
        let set = format!("ALTER ROLE {login} PASSWORD {}", literal(&verifier(&desired.password)));
        plan.about(&name, |plan| plan.step(set, format!("set the password of login {name}")));
        plan.also(format!(
            "INSERT INTO core.login_password (login, sha256) VALUES ({}, '\\x{}') \
             ON CONFLICT (login) DO UPDATE SET sha256 = excluded.sha256",
            literal(&name),
            hex::encode(&digest)
        ));
    }
    if !observed.can_connect {
        plan.changes.note(format!("let login {name} connect"));
    }
    memberships(desired, observed, &mut plan)?;
    Ok(plan)
}

/// Grouped by who makes the roles: each change of who does it makes Postgres walk through all of them.
fn memberships(desired: &Desired, observed: &Observed, plan: &mut Plan) -> Result<()> {
    let name = desired.login.name();
    let wanted = desired.roles();
    let missing = wanted.iter().filter(|role| !observed.roles.contains(role));
    if let Some(role) = missing.clone().find(|role| !observed.grantable.contains(role)) {
        return Err(Error::new(
            System::Postgres,
            Kind::Conflict,
            format!("the role {role} is not there or not this installation's, so login {name} was not given it"),
            "Wait until the install has made it, or remove the foreign role of that name.",
        ));
    }
    let inherited = observed.inherited.iter().filter(|role| !observed.roles.contains(role) && !wanted.contains(role));
    let mut changes: Vec<(&String, bool)> = missing.chain(inherited).map(|role| (role, true)).collect();
    if matches!(desired.tenants, Tenants::Exactly(_)) {
        changes.extend(observed.roles.iter().filter(|role| !wanted.contains(role)).map(|role| (role, false)));
    }
    changes.sort_by_cached_key(|(role, _)| maker(role));
    for (role, granted) in changes {
        let (quoted, login) = (ident(role), ident(&name));
        plan.about(role, |plan| {
            if granted {
                plan.step(format!("GRANT {quoted} TO {login}"), format!("granted role {role} to {name}"));
            } else {
                plan.step(format!("REVOKE {quoted} FROM {login}"), format!("revoked role {role} from {name}"));
            }
        });
    }
    Ok(())
}
