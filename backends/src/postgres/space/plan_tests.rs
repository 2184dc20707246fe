use super::*;
use crate::ownership::{Found, Mark, Stamp};
use crate::postgres::space::Astray;
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
        ..Observed::absent()
    }
}

/// A schema that a superuser gave to another role of ours.
fn astray(owner: &str, stamp: Stamp) -> Observed {
    let right = there(&Found::Marked(mark("1").stamp()));
    let astray = Some(Astray { owner: owner.into(), stamp });
    Observed { schema: Found::unmarked(), astray, stranger: Some(owner.into()), ..right }
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
                "granted role tenant_acme to plexica_core_api",
                "created schema tenant_acme",
                "granted USAGE on schema tenant_acme",
            ],
        ),
        (Observed { role: Found::Absent, ..right.clone() }, vec!["created role tenant_acme"]),
        (Observed { schema: Found::Absent, ..right.clone() }, vec!["created schema tenant_acme"]),
        (Observed { can_login: true, ..right.clone() }, vec!["took the login of role tenant_acme"]),
        (Observed { privileges: vec![], ..right.clone() }, vec!["granted USAGE on schema tenant_acme"]),
        (
            Observed { privileges: vec!["CREATE".into(), "USAGE".into()], ..right.clone() },
            vec!["revoked CREATE on schema tenant_acme from tenant_acme"],
        ),
        (
            Observed { public: vec!["CREATE".into(), "USAGE".into()], ..right.clone() },
            vec!["revoked CREATE and USAGE on schema tenant_acme from PUBLIC"],
        ),
        (astray("tenant_beta", mark.stamp()), vec!["took schema tenant_acme back from role tenant_beta"]),
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
fn a_schema_that_went_astray_comes_back_only_with_the_very_mark() {
    let mark = mark("1");
    for stamp in [self::mark("0").stamp(), mark.retained(Timestamp::UNIX_EPOCH)] {
        let error = plan(&space(&mark), &astray("tenant_beta", stamp)).unwrap_err();
        assert_eq!(error.kind, Kind::Conflict);
        assert!(error.message.contains("belongs to the role tenant_beta"), "{error}");
        assert!(error.remedy.contains("ALTER SCHEMA \"tenant_acme\" OWNER TO plexica_provisioner"), "{error:?}");
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
