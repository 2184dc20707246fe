use super::*;
use crate::fixture;
use serde_json::json;

/// An install of the plugin at 1.4.0 that has that in force, for a spec of the second generation.
fn install(in_force: Option<(&str, i32)>, spec: i32) -> PluginInstall {
    let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
    install.metadata.generation = Some(2);
    install.spec.config = json!({ "at": spec });
    install.status.get_or_insert_default().configuration = in_force.map(|(version, at)| ConfigurationStatus {
        generation: Some(1),
        value: json!({ "at": at }),
        version: version.into(),
        restart: None,
        since_restart: None,
        before: None,
    });
    install
}

fn valid(install: &PluginInstall, reload: &str) -> Valid {
    let mut plugin = fixture::plugin("crm", "1.4.0");
    let configuration = json!({ "schema": { "type": "object" }, "reload": reload });
    plugin.spec.configuration = Some(serde_json::from_value(configuration).unwrap());
    fixture::valid(install, plugin)
}

#[test]
fn what_is_done_about_it() {
    for (in_force, reload, expected) in [
        (None, "Ask", "Begin"),
        (Some(("1.3.0", 1)), "Ask", "Begin"),
        (Some(("1.3.0", 2)), "Restart", "Begin"),
        (Some(("1.4.0", 2)), "Ask", "Keep"),
        (Some(("1.4.0", 2)), "Restart", "Keep"),
        (Some(("1.4.0", 1)), "Live", "Take"),
        (Some(("1.4.0", 1)), "Restart", "Restart"),
        (Some(("1.4.0", 1)), "Ask", "Ask"),
    ] {
        let install = install(in_force, 2);
        let change = change(&install, &valid(&install, reload));
        assert!(format!("{change:?}").starts_with(expected), "{in_force:?} {reload}: {change:?}");
        if let Change::Ask(request) = change {
            assert_eq!(
                (request.previous_config, request.parameters.config),
                (Some(json!({ "at": 1 })), json!({ "at": 2 }))
            );
        }
    }
}

#[test]
fn calls_tell_what_the_version_has() {
    for (in_force, at) in [(None, 2), (Some(("1.3.0", 1)), 2), (Some(("1.4.0", 1)), 1)] {
        let install = install(in_force, 2);
        assert_eq!(told(&install, &valid(&install, "Ask"))["at"], at, "{in_force:?}");
    }
}

#[test]
fn what_is_recorded_of_it() {
    let refused = || Err(Problem::new(Reason::ConfigRefused, "no."));
    let (generation, both) = (Some(2), Some(("1.3.0".to_owned(), 1)));
    for (in_force, configured, expected) in [
        (None, Ok(Configured::Taken), Some((generation, 2, None))),
        (None, refused(), None),
        (Some(("1.4.0", 1)), refused(), Some((Some(1), 1, None))),
        (Some(("1.4.0", 2)), Ok(Configured::Kept), Some((generation, 2, None))),
        (Some(("1.4.0", 1)), Ok(Configured::Taken), Some((generation, 2, None))),
        (Some(("1.3.0", 1)), Ok(Configured::Taken), Some((generation, 2, both))),
        (Some(("1.3.0", 1)), refused(), Some((Some(1), 1, None))),
    ] {
        let install = install(in_force, 2);
        let seen = Seen { configured: &configured, restart: Some(4), begun: false, serves: true };
        let next = record(&install, &valid(&install, "Ask"), seen);
        let number = |value: &Value| value["at"].as_i64().unwrap();
        let found = next.map(|next| {
            let before = next.before.map(|before| (before.version, number(&before.value)));
            let version_is_new = in_force.is_none_or(|(version, _)| version != "1.4.0");
            let is_begun = version_is_new && configured.is_ok();
            assert_eq!(next.since_restart, is_begun.then_some(4), "{in_force:?} {configured:?}");
            (next.generation, number(&next.value), before)
        });
        assert_eq!(found, expected, "{in_force:?} {configured:?}");
    }
}

#[test]
fn a_restart_is_wanted_begun_and_done() {
    let mut install = install(Some(("1.4.0", 1)), 2);
    let valid = valid(&install, "Restart");
    let (kept, refused) = (Ok(Configured::Kept), Err(Problem::new(Reason::ConfigRefused, "no.")));
    for (configured, begun, serves, expected, since) in [
        (&Ok(Configured::Restart), None, true, Some(Restart::Wanted), None),
        (&kept, None, true, Some(Restart::Wanted), None),
        (&kept, Some(7), false, Some(Restart::Rolling), Some(7)),
        (&kept, None, false, Some(Restart::Rolling), Some(7)),
        (&kept, None, true, None, Some(7)),
        (&kept, None, false, None, Some(7)),
        (&Ok(Configured::Restart), None, true, Some(Restart::Wanted), None),
        (&refused, Some(8), false, Some(Restart::Rolling), Some(8)),
        (&Ok(Configured::Restart), Some(9), true, Some(Restart::Wanted), None),
        (&Ok(Configured::Taken), None, true, None, None),
    ] {
        let (restart, is_begun) = (begun.or(Some(6)), begun.is_some());
        let next = record(&install, &valid, Seen { configured, restart, begun: is_begun, serves }).unwrap();
        assert_eq!((next.restart, next.since_restart), (expected, since), "{configured:?} {begun:?} {serves}");
        let mut conditions = Conditions::new(&[], Some(2), jiff::Timestamp::UNIX_EPOCH);
        let waits = tell(&mut conditions, configured, Some(&next));
        assert_eq!(waits.is_some(), expected.is_some() || configured.is_err(), "it is not said to be in force before");
        install.status.as_mut().unwrap().configuration = Some(next);
        assert_eq!(wants_restart(&install, &valid), expected == Some(Restart::Wanted));
    }
}

#[test]
fn another_configuration_does_not_wait_for_a_workload_that_the_one_before_keeps_down() {
    let failed = Problem::new(Reason::WorkloadFailed, "it does not come up.");
    let starting = Problem::new(Reason::WorkloadNotReady, "it is being started.");
    let request = Box::new(desired::call(&valid(&install(None, 1), "Ask"), Action::Configure));
    for (change, why, comes) in [
        (Change::Take, &failed, Some(Configured::Taken)),
        (Change::Take, &starting, Some(Configured::Taken)),
        (Change::Restart, &failed, Some(Configured::Restart)),
        (Change::Ask(request.clone()), &failed, Some(Configured::Restart)),
        (Change::Ask(request), &starting, None),
        (Change::Begin, &failed, None),
    ] {
        assert_eq!(without_workload(&change, why), comes, "{change:?}");
    }
}
