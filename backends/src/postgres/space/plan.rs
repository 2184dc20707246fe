//! What is to be written: pure.

use super::{Observed, PROVISIONER, Plan, Space};
use crate::ownership::{Refusal, Verdict, judge};
use crate::postgres::provisioner::comment;
use crate::postgres::sql::ident;
use crate::{Error, Kind, Result, System};

/// The statements that bring schema and role to their desired state; refuses before any of them.
pub(in crate::postgres) fn plan(space: &Space<'_>, observed: &Observed) -> Result<Plan> {
    let Space { name, privileges, member, mark, adoption } = space;
    let role = judge(&observed.role, mark, *adoption);
    let schema = judge(&observed.schema, mark, *adoption);
    let mut plan = Plan::default();
    if let Some(owner) = observed.astray_from(mark).filter(|_| !matches!(role, Verdict::Refuse(_))) {
        // Privileges move with it, so the rest is seen only when it is back.
        take_back(&mut plan, name, owner);
        return Ok(plan);
    }

    plan.about(name, |plan| {
        bring(plan, space, observed, "role", role)?;
        if observed.can_login {
            plan.step(format!("ALTER ROLE {} NOLOGIN", ident(name)), format!("took the login of role {name}"));
        }
        if let Some(member) = member.filter(|member| !observed.members.iter().any(|held| held == member)) {
            let grant = format!("GRANT {} TO {}", ident(name), ident(member));
            plan.step(grant, format!("granted role {name} to {member}"));
        }
        Ok::<_, Error>(())
    })?;
    bring(&mut plan, space, observed, "schema", schema)?;
    if privileges.iter().any(|wanted| !observed.privileges.iter().any(|held| held == wanted)) {
        plan.step(
            format!("GRANT {} ON SCHEMA {name} TO {name}", privileges.join(", "), name = ident(name)),
            format!("granted {} on schema {name}", privileges.join(" and ")),
        );
    }
    let excess = observed.privileges.iter().map(String::as_str).filter(|held| !privileges.contains(held));
    revoke(&mut plan, name, &excess.collect::<Vec<_>>(), &ident(name), name);
    // What others were granted is between them and who granted it; what everybody is, opens the tenant.
    revoke(&mut plan, name, &observed.public.iter().map(String::as_str).collect::<Vec<_>>(), "PUBLIC", "PUBLIC");
    Ok(plan)
}

/// Makes the role or the schema, or marks it.
fn bring(plan: &mut Plan, space: &Space<'_>, observed: &Observed, object: &str, verdict: Verdict) -> Result<()> {
    let (name, keyword, stamp) = (&space.name, object.to_uppercase(), space.mark.stamp().to_comment());
    match verdict {
        Verdict::Create => {
            let options = if object == "role" { " NOLOGIN" } else { "" };
            plan.step(format!("CREATE {keyword} {}{options}", ident(name)), format!("created {object} {name}"));
            plan.also(comment(&keyword, name, &stamp));
        }
        Verdict::Keep => {}
        Verdict::Adopt => plan.step(comment(&keyword, name, &stamp), format!("took back {object} {name}")),
        Verdict::Complete => plan.step(comment(&keyword, name, &stamp), format!("marked {object} {name}")),
        Verdict::Refuse(refusal) => return Err(refused(refusal, object, name, observed)),
    }
    Ok(())
}

fn revoke(plan: &mut Plan, schema: &str, privileges: &[&str], from: &str, whom: &str) {
    if !privileges.is_empty() {
        plan.step(
            format!("REVOKE {} ON SCHEMA {} FROM {from}", privileges.join(", "), ident(schema)),
            format!("revoked {} on schema {schema} from {whom}", privileges.join(" and ")),
        );
    }
}

/// Only who has the privileges of a schema's owner may give it away.
fn take_back(plan: &mut Plan, schema: &str, owner: &str) {
    let role = ident(owner);
    plan.step(format!("GRANT {role} TO {PROVISIONER}"), format!("took schema {schema} back from role {owner}"));
    plan.also(format!("ALTER SCHEMA {} OWNER TO {PROVISIONER}", ident(schema)));
    plan.also(format!("REVOKE {role} FROM {PROVISIONER}"));
}

/// The refusal, with what helps if the schema was ours and was given to somebody.
fn refused(refusal: Refusal, object: &str, name: &str, observed: &Observed) -> Error {
    match (object, &refusal, &observed.stranger) {
        ("schema", Refusal::Unmarked, Some(stranger)) => Error::new(
            System::Postgres,
            Kind::Conflict,
            format!(
                "the schema {name} belongs to the role {stranger} and not to {PROVISIONER}, so that its mark does not count; it was not touched"
            ),
            format!(
                "If it is this resource's, run ALTER SCHEMA {} OWNER TO {PROVISIONER} as a superuser; if not, rename or remove it, or choose another name for the resource.",
                ident(name)
            ),
        ),
        _ => refusal.into_error(System::Postgres, &format!("{object} {name}")),
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
