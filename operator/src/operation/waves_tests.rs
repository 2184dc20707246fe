use super::*;
use crate::fixture;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_crds::plugin::Yank;
use serde_json::json;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn entry() -> Plugin {
    let mut plugin = fixture::plugin("crm", "2.0.0");
    plugin.spec.rollout = Some(serde_json::from_value(json!({ "canary": { "tenants": ["first"] } })).unwrap());
    plugin
}

/// Of three installs.
fn rollout(phase: RolloutPhase, migrated: i64, baking: bool) -> RolloutStatus {
    let failed = if phase == RolloutPhase::Stopped { vec!["first".to_owned()] } else { Vec::new() };
    let baking_since = baking.then(|| Time(at(0)));
    RolloutStatus { phase, total: 3, migrated, failed, baking_since, message: format!("migrated {migrated}/3") }
}

/// Goes on from the entry's status, and keeps it there.
fn go(plugin: &mut Plugin, rollout: &RolloutStatus, now: i64) -> Option<OperationStatus> {
    let operation = next(plugin, (Some(rollout), None), || format!("id-{now}"), at(now));
    let status = plugin.status.get_or_insert_default();
    status.operation.clone_from(&operation);
    status.rollout = Some(rollout.clone());
    operation
}

fn told(operation: &OperationStatus) -> (&str, OperationPhase, i64, &str) {
    (&operation.id, operation.phase, operation.retries, &operation.progress)
}

fn steps_of(operation: &OperationStatus) -> Vec<(&str, StepPhase, &str)> {
    operation.steps.iter().map(|step| (step.name.as_str(), step.phase, step.message.as_str())).collect()
}

use OperationPhase::{Failed, Running, Succeeded, Superseded};
use RolloutPhase::{Canary, Open, Stopped};
use StepPhase::{Done, Failed as Fails, Waiting};

#[test]
fn from_the_first_wave_to_the_last() {
    let mut plugin = entry();
    for (now, seen, told_then, steps) in [
        (
            1,
            rollout(Canary, 0, false),
            ("id-1", Running, 0, "0/3"),
            [("Canary", Waiting, "migrated 0/3"), ("Bake", Waiting, ""), ("Others", Waiting, "")],
        ),
        (
            2,
            rollout(Canary, 1, true),
            ("id-1", Running, 0, "1/3"),
            [("Canary", Done, ""), ("Bake", Waiting, "migrated 1/3"), ("Others", Waiting, "")],
        ),
        (
            3,
            rollout(Open, 1, true),
            ("id-1", Running, 0, "2/3"),
            [("Canary", Done, ""), ("Bake", Done, ""), ("Others", Waiting, "migrated 1/3")],
        ),
        (
            4,
            rollout(Open, 3, true),
            ("id-1", Succeeded, 0, "3/3"),
            [("Canary", Done, ""), ("Bake", Done, ""), ("Others", Done, "")],
        ),
    ] {
        let operation = go(&mut plugin, &seen, now).unwrap();
        assert_eq!((told(&operation), steps_of(&operation)), (told_then, steps.to_vec()), "{now}");
        assert_eq!((operation.kind, &operation.started_at), (OperationKind::Rollout, &Time(at(1))));
        assert_eq!(operation.completed_at, (now == 4).then(|| Time(at(4))));
        let again = go(&mut plugin, &seen, now + 10).unwrap();
        assert_eq!(again, operation, "whoever looks next goes on with it, and writes nothing");
    }
    // Who comes later comes to a version that is open.
    let done = plugin.status.as_ref().unwrap().operation.clone();
    plugin.metadata.generation = Some(2);
    assert_eq!(go(&mut plugin, &rollout(Open, 2, true), 20), done);
    // Where one of them fails, the others wait again.
    let again = go(&mut plugin, &rollout(Stopped, 2, true), 21).unwrap();
    assert_eq!(told(&again), ("id-21", Failed, 0, "2/3"), "the first ones had baked");
}

#[test]
fn what_stops_it_fails_and_goes_on_when_it_is_mended() {
    let mut plugin = entry();
    go(&mut plugin, &rollout(Canary, 0, false), 1);
    let failed = go(&mut plugin, &rollout(Stopped, 0, false), 2).unwrap();
    assert_eq!((told(&failed), &failed.completed_at), (("id-1", Failed, 0, "0/3"), &Some(Time(at(2)))));
    assert_eq!(steps_of(&failed)[0], ("Canary", Fails, "migrated 0/3"));
    assert_eq!(go(&mut plugin, &rollout(Stopped, 0, false), 3), Some(failed), "it is told once");
    // Another spec of the entry is the same rollout.
    plugin.metadata.generation = Some(2);
    let mended = go(&mut plugin, &rollout(Canary, 1, true), 4).unwrap();
    assert_eq!((told(&mended), &mended.completed_at), (("id-1", Running, 1, "1/3"), &None));
    assert_eq!(mended.generation, Some(2));
    go(&mut plugin, &rollout(Open, 1, true), 5);
    let later = go(&mut plugin, &rollout(Stopped, 1, true), 6).unwrap();
    assert_eq!(told(&later), ("id-1", Failed, 1, "2/3"), "the first ones had baked");
    assert_eq!(steps_of(&later)[2], ("Others", Fails, "migrated 1/3"));
    assert_eq!(go(&mut plugin, &rollout(Stopped, 1, true), 7), Some(later));
    let done = go(&mut plugin, &rollout(Open, 3, true), 8).unwrap();
    assert_eq!((told(&done), &done.completed_at), (("id-1", Succeeded, 2, "3/3"), &Some(Time(at(8)))));
}

#[test]
fn what_has_no_waves_or_nothing_to_do_has_none() {
    let mut plain = fixture::plugin("crm", "2.0.0");
    plain.spec.rollout = Some(serde_json::from_value(json!({ "bakeSeconds": 0 })).unwrap());
    assert_eq!(go(&mut plain, &rollout(Open, 0, false), 1), None);
    let mut plugin = entry();
    assert_eq!(next(&plugin, (None, None), || "id".into(), at(1)), None);
    let nobody = RolloutStatus { total: 0, ..rollout(Canary, 0, false) };
    assert_eq!(go(&mut plugin, &nobody, 1), None);
    assert_eq!(go(&mut plugin, &rollout(Open, 3, true), 1), None, "from before there were any");
    assert_eq!(go(&mut plugin, &rollout(Canary, 3, false), 1), None, "all are there who are to be");
    plugin.spec.yanked = Some(Yank { reason: "it loses notes".into() });
    assert_eq!(go(&mut plugin, &rollout(Canary, 0, false), 1), None);
    plugin.spec.yanked = None;
    assert!(go(&mut plugin, &rollout(Canary, 3, true), 1).is_some(), "the first ones bake");
}

#[test]
fn what_is_to_reach_nobody_else_in_waves_is_superseded() {
    let yanked = |plugin: &mut Plugin| plugin.spec.yanked = Some(Yank { reason: "it loses notes".into() });
    let open_to_all = |plugin: &mut Plugin| plugin.spec.rollout.as_mut().unwrap().canary = None;
    let leaves = |plugin: &mut Plugin| plugin.metadata.deletion_timestamp = Some(Time(at(2)));
    let changes: [&dyn Fn(&mut Plugin); 3] = [&yanked, &open_to_all, &leaves];
    for (nth, change) in changes.into_iter().enumerate() {
        let mut plugin = entry();
        let begun = go(&mut plugin, &rollout(Canary, 1, true), 1).unwrap();
        change(&mut plugin);
        let ended = go(&mut plugin, &rollout(Open, 1, true), 2).unwrap();
        let expected = OperationStatus { phase: Superseded, completed_at: Some(Time(at(2))), ..begun };
        assert_eq!(ended, expected, "{nth}");
        assert_eq!(go(&mut plugin, &rollout(Open, 1, true), 3), Some(ended), "{nth}: it is told once");
    }
    let mut plugin = entry();
    go(&mut plugin, &rollout(Stopped, 0, false), 1);
    let elsewhere = RolloutStatus { total: 0, ..rollout(Canary, 0, false) };
    assert_eq!(go(&mut plugin, &elsewhere, 2).unwrap().phase, Superseded, "a newer version takes its place");
    let anew = go(&mut plugin, &rollout(Canary, 0, false), 3).unwrap();
    assert_eq!(told(&anew), ("id-3", Running, 0, "0/3"));
}

#[test]
fn what_nobody_is_left_for_is_done() {
    let mut plugin = entry();
    go(&mut plugin, &rollout(Canary, 1, true), 1);
    // All others rest by now, and so does who goes first.
    let resting = RolloutStatus { total: 1, ..rollout(Canary, 1, false) };
    let done = go(&mut plugin, &resting, 2).unwrap();
    assert_eq!(told(&done), ("id-1", Succeeded, 0, "3/3"));
    assert_eq!(go(&mut plugin, &resting, 3), Some(done));
    let woken = go(&mut plugin, &rollout(Canary, 1, true), 4).unwrap();
    assert_eq!(told(&woken), ("id-4", Running, 0, "1/3"));
}

#[test]
fn what_is_refused_brings_nobody_anywhere() {
    let mut plugin = entry();
    let seen = rollout(Canary, 0, false);
    assert_eq!(next(&plugin, (Some(&seen), Some("no command")), || "id".into(), at(1)), None);
    go(&mut plugin, &seen, 1);
    let failed = next(&plugin, (Some(&seen), Some("no command")), || "id".into(), at(2)).unwrap();
    assert_eq!((told(&failed), failed.completed_at.clone()), (("id-1", Failed, 0, "0/3"), Some(Time(at(2)))));
    assert_eq!(steps_of(&failed)[0], ("Canary", Fails, "no command"));
    plugin.status.as_mut().unwrap().operation = Some(failed);
    assert_eq!(told(&go(&mut plugin, &seen, 3).unwrap()), ("id-1", Running, 1, "0/3"));
}
