//! What is to be written: pure.

use super::{Observed, Plan, Space};
use crate::ownership::{Verdict, judge};
use crate::postgres::provisioner::comment;
use crate::postgres::sql::ident;
use crate::{Result, System};

/// The statements that bring schema and role to their desired state; refuses before any of them.
pub(in crate::postgres) fn plan(space: &Space<'_>, observed: &Observed) -> Result<Plan> {
    let Space { name, privileges, member, mark, adoption } = space;
    let stamp = mark.stamp().to_comment();
    let role = judge(&observed.role, mark, *adoption);
    let schema = judge(&observed.schema, mark, *adoption);
    let mut plan = Plan::default();

    for (object, verdict) in [("role", role), ("schema", schema)] {
        let keyword = object.to_uppercase();
        match verdict {
            Verdict::Create => {
                let options = if object == "role" { " NOLOGIN" } else { "" };
                plan.step(format!("CREATE {keyword} {}{options}", ident(name)), format!("created {object} {name}"));
                plan.also(comment(&keyword, name, &stamp));
            }
            Verdict::Keep => {}
            Verdict::Adopt => plan.step(comment(&keyword, name, &stamp), format!("took back {object} {name}")),
            Verdict::Complete => plan.step(comment(&keyword, name, &stamp), format!("marked {object} {name}")),
            Verdict::Refuse(refusal) => return Err(refusal.into_error(System::Postgres, &format!("{object} {name}"))),
        }
    }
    if observed.can_login {
        plan.step(format!("ALTER ROLE {} NOLOGIN", ident(name)), format!("took the login of role {name}"));
    }
    if privileges.iter().any(|wanted| !observed.privileges.iter().any(|held| held == wanted)) {
        plan.step(
            format!("GRANT {} ON SCHEMA {name} TO {name}", privileges.join(", "), name = ident(name)),
            format!("granted {} on schema {name}", privileges.join(" and ")),
        );
    }
    if let Some(member) = member.filter(|member| !observed.members.iter().any(|held| held == member)) {
        plan.step(format!("GRANT {} TO {}", ident(name), ident(member)), format!("granted role {name} to {member}"));
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use crate::ownership::{Found, Mark};
    use jiff::Timestamp;
    use plexica_crds::tenant::AdoptionPolicy;

    fn mark(uid: &str) -> Mark {
        Mark { installation: "plexica".into(), kind: "Tenant".into(), name: "acme".into(), uid: uid.into() }
    }

    fn space(mark: &Mark) -> Space<'_> {
        Space {
            name: "tenant_acme".into(),
            privileges: &["USAGE"],
            member: Some("plexica_core_api"),
            mark,
            adoption: AdoptionPolicy::IfRetained,
        }
    }

    fn there(found: &Found) -> Observed {
        Observed {
            schema: found.clone(),
            role: found.clone(),
            privileges: vec!["USAGE".into()],
            members: vec!["plexica_core_api".into()],
            can_login: false,
            applied: Vec::new(),
        }
    }

    #[test]
    fn what_is_right_is_left_alone() {
        let mark = mark("1");
        assert_eq!(plan(&space(&mark), &there(&Found::Marked(mark.stamp()))).unwrap(), Plan::default());
    }

    #[test]
    fn each_difference_is_one_change() {
        let mark = mark("1");
        let right = there(&Found::Marked(mark.stamp()));
        let cases: Vec<(Observed, Vec<&str>)> = vec![
            (
                Observed::absent(),
                vec![
                    "created role tenant_acme",
                    "created schema tenant_acme",
                    "granted USAGE on schema tenant_acme",
                    "granted role tenant_acme to plexica_core_api",
                ],
            ),
            (Observed { role: Found::Absent, ..right.clone() }, vec!["created role tenant_acme"]),
            (Observed { schema: Found::Absent, ..right.clone() }, vec!["created schema tenant_acme"]),
            (Observed { can_login: true, ..right.clone() }, vec!["took the login of role tenant_acme"]),
            (Observed { privileges: vec![], ..right.clone() }, vec!["granted USAGE on schema tenant_acme"]),
            (
                Observed { members: vec!["other".into()], ..right.clone() },
                vec!["granted role tenant_acme to plexica_core_api"],
            ),
            (
                there(&Found::Marked(mark.retained(Timestamp::UNIX_EPOCH))),
                vec!["took back role tenant_acme", "took back schema tenant_acme"],
            ),
        ];
        for (observed, changes) in cases {
            let plan = plan(&space(&mark), &observed).unwrap();
            assert_eq!(plan.changes.iter().collect::<Vec<_>>(), changes, "{observed:?}");
        }
    }

    #[test]
    fn one_foreign_half_refuses_the_whole() {
        let (ours, theirs) = (mark("1"), Mark { installation: "staging".into(), ..mark("1") });
        let right = there(&Found::Marked(ours.stamp()));
        for observed in [
            Observed { role: Found::unmarked(), ..right.clone() },
            Observed { schema: Found::unmarked(), ..right.clone() },
            Observed { role: Found::Marked(theirs.stamp()), ..right.clone() },
            Observed { schema: Found::Marked(theirs.stamp()), role: Found::Absent, ..right.clone() },
        ] {
            assert_eq!(plan(&space(&ours), &observed).unwrap_err().kind, Kind::Conflict, "{observed:?}");
        }
        let earlier = there(&Found::Marked(mark("0").stamp()));
        let never = Space { adoption: AdoptionPolicy::Never, ..space(&ours) };
        assert_eq!(plan(&never, &earlier).unwrap_err().kind, Kind::AdoptionRefused);
    }
}
