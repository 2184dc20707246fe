//! What is done with schema and role when their owner goes.

use jiff::Timestamp;
use plexica_crds::tenant::DeletionPolicy;

use super::{Observed, PROVISIONER, Plan, Space, observe};
use crate::ownership::{Parting, judge_retired};
use crate::postgres::Provisioner;
use crate::postgres::failure::failure;
use crate::postgres::provisioner::{comment, run};
use crate::postgres::sql::ident;
use crate::{Result, Retired};

/// Keeps or removes what is the owner's, in one transaction.
pub(in crate::postgres) async fn retire(
    provisioner: &Provisioner,
    space: &Space<'_>,
    policy: DeletionPolicy,
) -> Result<Retired> {
    let doing = format!("retire schema {}", space.name);
    let mut transaction = provisioner.begin(&space.name).await?;
    let observed = observe(&mut transaction, &space.name).await?;
    let (plan, retired) = plan(space, &observed, policy, Timestamp::now());
    run(&mut transaction, &doing, &plan.statements).await?;
    transaction.commit().await.map_err(failure(&doing))?;
    Ok(retired)
}

/// The statements, and what they come to. Pure.
fn plan(space: &Space<'_>, observed: &Observed, policy: DeletionPolicy, now: Timestamp) -> (Plan, Retired) {
    let name = &space.name;
    let schema = judge_retired(&observed.schema, space.mark);
    let role = judge_retired(&observed.role, space.mark);
    let mut plan = Plan::default();

    match policy {
        DeletionPolicy::Retain => {
            let stamp = space.mark.retained(now).to_comment();
            if schema == Parting::Part {
                plan.step(comment("SCHEMA", name, &stamp), format!("kept schema {name}"));
            }
            if role == Parting::Part {
                plan.about(name, |plan| {
                    plan.step(comment("ROLE", name, &stamp), format!("kept role {name}"));
                    for member in &observed.members {
                        plan.step(
                            format!("REVOKE {} FROM {}", ident(name), ident(member)),
                            format!("revoked role {name} from {member}"),
                        );
                    }
                });
            }
        }
        DeletionPolicy::Delete => {
            if matches!(schema, Parting::Part | Parting::Retained) {
                plan.step(format!("DROP SCHEMA {} CASCADE", ident(name)), format!("dropped schema {name}"));
            }
            if matches!(role, Parting::Part | Parting::Retained) {
                drop_role(&mut plan, name, None);
            }
        }
    }
    let both = [schema, role];
    let retired = if both.iter().all(|parting| *parting == Parting::Gone) {
        Retired::Gone
    } else if both.iter().all(|parting| matches!(parting, Parting::Leave | Parting::Gone)) {
        Retired::Foreign
    } else {
        match policy {
            DeletionPolicy::Retain => Retired::Kept,
            DeletionPolicy::Delete => Retired::Removed,
        }
    };
    (plan, retired)
}

/// A role may own more than lies in its schema (large objects, default privileges); only who has
/// its privileges may drop that, and from version 16 on the creator of a role takes them first. What it was granted is
/// the provisioner's to take back. `before` is what else needs the privileges.
pub(in crate::postgres) fn drop_role(plan: &mut Plan, name: &str, before: Option<String>) {
    let role = ident(name);
    plan.about(name, |plan| {
        plan.step(format!("GRANT {role} TO {PROVISIONER}"), format!("dropped role {name}"));
    });
    if let Some(before) = before {
        plan.also(before);
    }
    plan.also(format!("DROP OWNED BY {role} CASCADE"));
    plan.about(name, |plan| plan.also(format!("DROP ROLE {role}")));
}
