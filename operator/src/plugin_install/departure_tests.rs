use jiff::Timestamp;
use plexica_backends::Retired;

use super::*;
use crate::plugin_install::Step;

fn parted(part: PartName, fate: Step<Fate>) -> Parted<PartName> {
    Parted { part, object: part.as_str().into(), fate }
}

/// Reasons of route, workload and data, after those.
fn told(last: &mut PluginInstallStatus, departure: &Departure) -> [String; 3] {
    let mut conditions = Conditions::new(&last.conditions, Some(1), Timestamp::UNIX_EPOCH);
    departure.tell(last, &mut conditions);
    last.conditions = conditions.finish();
    ["Routed", "WorkloadReady", "Migrated"].map(|kind| {
        let condition = last.conditions.iter().find(|condition| condition.type_ == kind).unwrap();
        assert_eq!(condition.status, "False", "{kind}");
        condition.reason.clone()
    })
}

#[test]
fn each_part_says_what_came_of_it_and_remembers_that() {
    let mut last = PluginInstallStatus::default();
    let down = Problem::new(Reason::BackendUnavailable, "no answer.");
    let removed = parted(PartName::Workload, Ok(Fate::Retired(Retired::Removed)));
    let held = |parts| Departure { holding: Some(down.clone()), parts };
    assert_eq!(told(&mut last, &held(Vec::new())), ["Removed", "Deleting", "Deleting"]);
    let at_the_data = held(vec![removed, parted(PartName::Database, Err(down.clone()))]);
    assert_eq!(told(&mut last, &at_the_data), ["Removed", "Removed", "BackendUnavailable"]);
    // The next look finds nothing there any more, or does not come as far.
    let gone = parted(PartName::Workload, Ok(Fate::Retired(Retired::Gone)));
    let kept = parted(PartName::Database, Ok(Fate::Retired(Retired::Kept)));
    assert_eq!(told(&mut last, &held(vec![gone.clone()])), ["Removed", "Removed", "Deleting"]);
    let done = Departure { holding: None, parts: vec![gone, kept] };
    assert_eq!(told(&mut last, &done), ["Removed", "Removed", "Retained"]);
    assert_eq!(told(&mut last, &held(Vec::new())), ["Removed", "Removed", "Retained"]);
}

#[test]
fn what_never_had_anything_says_so_and_what_was_given_up_is_named() {
    let mut last = PluginInstallStatus::default();
    assert_eq!(told(&mut last, &Departure::default()), ["Removed", "Gone", "Gone"]);
    let abandoned = || Ok(Fate::Abandoned { by: None });
    let parts =
        vec![parted(PartName::Workload, Ok(Fate::Retired(Retired::Removed))), parted(PartName::Database, abandoned())];
    let departure = Departure { holding: None, parts };
    assert_eq!(departure.given_up(), ["database"]);
    assert_eq!(told(&mut PluginInstallStatus::default(), &departure), ["Removed", "Removed", "Abandoned"]);
}
