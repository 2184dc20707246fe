use super::*;
use crate::{drift::Course, fixture, tenant::backup::Place};
use plexica_backends::Changes;
use plexica_crds::plugin_install::{DatabaseStatus, RouteStatus};

fn would(part: &'static str, course: Course, changes: &[&str]) -> Would {
    Would { part, course, changes: changes.iter().copied().collect::<Changes>() }
}

fn installs() -> Vec<PluginInstall> {
    let mut install = fixture::install("tenant-acme", "it", "acme", "crm");
    let status = install.status.get_or_insert_default();
    status.database = Some(DatabaseStatus { schema: "s".into(), role: "s".into() });
    status.route = Some(RouteStatus {
        path: "/api/plugins/crm".into(),
        upstream: "http://x".into(),
        isolation: None,
        since: None,
    });
    vec![install, fixture::install("plexica-system", "files", "acme", "files")]
}

#[test]
fn who_stays() {
    let tenant = fixture::tenant("acme");
    let told = |foreseen: Foreseen| staying(&tenant, &installs(), &foreseen);
    assert_eq!(told(Foreseen::default()), "there is nothing to do.");
    let created = vec![
        would("database", Course::Apply, &["created role a", "created schema a"]),
        would("identity", Course::Apply, &["created realm a"]),
    ];
    let plan = Some(("gold".to_owned(), None));
    assert_eq!(
        told(Foreseen { parts: created, plan, ..Foreseen::default() }),
        "it would create role a, create schema a; create realm a; put the plan gold in force."
    );
    let drifted = vec![
        would("database", Course::Repair, &["granted USAGE on schema a"]),
        would("identity", Course::Report, &["set displayName of realm a"]),
    ];
    let plan = Some(("gold".to_owned(), Some("free".to_owned())));
    let problems = vec![Problem::new(Reason::BackendUnavailable, "storage: no answer.")];
    let credentials = vec!["replace the keys to the bucket by generation 2".to_owned()];
    assert_eq!(
        told(Foreseen { parts: drifted, plan, plugins_told: true, problems, credentials }),
        "it would replace the keys to the bucket by generation 2; repair the drift of database (grant USAGE on schema \
         a); leave the drift of identity as driftPolicy Report says (a repair would set displayName of realm a); put \
         the plan gold in force instead of free; tell crm, files what the plan allows. In the way: storage: no answer."
    );
    let problem = Problem::new(Reason::UnknownPlacement, "there is none.");
    assert_eq!(refused(&problem), "it would be refused (UnknownPlacement): there is none.");
}

#[test]
fn who_is_suspended_and_who_is_let_in_again() {
    let mut tenant = fixture::tenant("acme");
    tenant.metadata.annotations = Some([(DRY_RUN.to_owned(), "true".to_owned())].into());
    tenant.spec.suspend = true;
    assert_eq!(
        staying(&tenant, &installs(), &Foreseen::default()),
        "it would refuse its users' requests; take the routes of crm away and end their workloads."
    );
    tenant.status.as_mut().unwrap().conditions[0].reason = Reason::Suspended.to_string();
    assert_eq!(staying(&tenant, &installs(), &Foreseen::default()), "there is nothing to do.");
    tenant.spec.suspend = false;
    assert_eq!(
        staying(&tenant, &installs(), &Foreseen::default()),
        "it would let its users in again; start crm, files and route them."
    );
}

#[test]
fn who_goes() {
    let mut tenant = fixture::tenant("acme");
    let parts = || Departing {
        parts: vec![
            ("schema a".into(), Ok(Parting::Part)),
            ("realm a".into(), Ok(Parting::Gone)),
            ("bucket a".into(), Ok(Parting::Leave)),
            ("namespace a".into(), Err(Problem::new(Reason::BackendUnavailable, "namespace: no answer."))),
        ],
        ..Departing::default()
    };
    assert_eq!(
        going(&tenant, &installs(), &parts()),
        "it would remove the install tenant-acme/it of crm and keep its schema s; remove the install \
         plexica-system/files of files; keep schema a, marked with the time; leave bucket a alone, which is not this \
         tenant's. In the way: namespace: no answer."
    );
    tenant.spec.deletion_policy = DeletionPolicy::Delete;
    let mut installs = installs();
    installs.truncate(1);
    installs[0].annotations_mut().insert(PAUSED.into(), "true".into());
    let backup = Place { bucket: "backups".into(), prefix: "p".into(), deleted_at: jiff::Timestamp::UNIX_EPOCH };
    let problems = vec![Problem::new(Reason::DeletionNotConfirmed, "not confirmed.")];
    let parts = Departing {
        given_up: vec!["realm a".into()],
        backup: Some(backup),
        problems,
        parts: parts().parts[..1].to_vec(),
    };
    assert_eq!(
        going(&tenant, &installs, &parts),
        "it would make the final backup in bucket backups; remove the install tenant-acme/it of crm and its schema s \
         with its data for good; remove schema a with all that is in it for good; give up realm a without a look at \
         it. In the way: not confirmed. the install tenant-acme/it has the annotation plexica.io/paused."
    );
    assert_eq!(going(&tenant, &[], &Departing::default()), "there is nothing to do.");
}
