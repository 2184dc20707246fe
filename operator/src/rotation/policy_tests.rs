use super::*;
use crate::fixture;
use serde_json::json;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn policy(interval: Option<i64>, requests: &[&str]) -> Policy {
    Policy {
        interval: interval.map(SignedDuration::from_secs),
        overlap: SignedDuration::from_secs(10),
        requests: requests.iter().map(|&request| request.to_owned()).collect(),
    }
}

fn generation(number: u32, rotated_at: Option<i64>, requests: &[&str], previous: bool) -> Generation {
    let requests = requests.iter().map(|&request| request.to_owned()).collect();
    Generation { number, rotated_at: rotated_at.map(at), requests, previous }
}

#[test]
fn what_is_due() {
    let first = generation(1, None, &[], false);
    let overlapping = generation(2, Some(100), &["a"], true);
    let settled = generation(2, Some(100), &["a"], false);
    let (never, yearly) = (policy(None, &[]), policy(Some(50), &[]));
    for (policy, generation, now, due, next) in [
        (&never, &first, 9999, Due::Nothing, None),
        (&never, &settled, 9999, Due::Nothing, None),
        (&never, &overlapping, 109, Due::Nothing, Some(110)),
        (&never, &overlapping, 110, Due::End, Some(110)),
        (&yearly, &first, 29, Due::Nothing, Some(30)),
        (&yearly, &first, 30, Due::Rotate, Some(30)),
        (&yearly, &settled, 149, Due::Nothing, Some(150)),
        (&yearly, &settled, 150, Due::Rotate, Some(150)),
        // A generation ends before the next one comes, however late it is.
        (&yearly, &overlapping, 9999, Due::End, Some(110)),
        (&policy(None, &["a"]), &first, 0, Due::Rotate, None),
        (&policy(None, &["a"]), &settled, 9999, Due::Nothing, None),
        (&policy(None, &["b"]), &settled, 0, Due::Rotate, None),
        (&policy(None, &["a", "b"]), &settled, 0, Due::Rotate, None),
        (&policy(None, &["b"]), &overlapping, 105, Due::Nothing, Some(110)),
    ] {
        assert_eq!(policy.due(generation, Some(at(-20)), at(now)), due, "{policy:?} {generation:?} {now}");
        assert_eq!(policy.next(generation, Some(at(-20))), next.map(at));
    }
    // A record that lacks its time does not keep the one before alive for ever.
    assert_eq!(never.due(&generation(2, None, &[], true), None, at(0)), Due::End);
}

#[test]
fn a_rotation_leads_to_rest() {
    let policy = policy(Some(50), &["a"]);
    let mut generation = Generation::default();
    let mut seen = Vec::new();
    for now in 0..200 {
        match policy.due(&generation, Some(at(0)), at(now)) {
            Due::Nothing => continue,
            Due::Rotate => generation = generation.next(policy.requests.clone(), at(now)),
            Due::End => generation = generation.alone(),
        }
        seen.push((now, generation.number, generation.previous));
    }
    let expected = [(0, 2, true), (10, 2, false), (50, 3, true), (60, 3, false), (100, 4, true), (110, 4, false)];
    assert_eq!(seen[..6], expected);
}

#[test]
fn what_a_spec_says() {
    let of = |rotation: serde_json::Value, value: &str| {
        let mut tenant = fixture::tenant("acme");
        tenant.spec.rotation = serde_json::from_value(rotation).unwrap();
        tenant.annotations_mut().insert(ROTATE.into(), value.into());
        Policy::of_tenant(&tenant, &fixture::settings())
    };
    let hours = SignedDuration::from_hours;
    let read = of(json!({ "interval": "720h" }), "now").unwrap();
    assert_eq!((read.interval, read.overlap, read.requests.len()), (Some(hours(720)), hours(1), 1));
    let read = of(json!({ "interval": "1h30m", "overlap": "90s" }), "").unwrap();
    assert_eq!((read.interval, read.overlap), (Some(SignedDuration::from_mins(90)), SignedDuration::from_secs(90)));
    assert!(read.requests.is_empty());
    let read = of(json!(null), "now").unwrap();
    assert_eq!((read.interval, read.overlap), (None, fixture::settings().rotation_overlap));
    for (bad, said) in [
        (json!({ "interval": "1h" }), "longer"),
        (json!({ "interval": "soon" }), "spec.rotation.interval"),
        (json!({ "interval": "99999999999999999999h" }), "spec.rotation.interval"),
        (json!({ "overlap": "0s" }), "spec.rotation.overlap"),
    ] {
        let problem = of(bad, "").unwrap_err();
        assert!(problem.reason == Reason::InvalidSpec && problem.message.contains(said), "{problem}");
    }
}

#[test]
fn what_is_asked_of_any_version_counts_and_the_same_value_once() {
    let mut entries =
        [fixture::plugin("crm", "1.0.0"), fixture::plugin("crm", "2.0.0"), fixture::plugin("crm", "3.0.0")];
    for (entry, value) in entries.iter_mut().zip(["a", "a", "b"]) {
        entry.annotations_mut().insert(ROTATE.into(), value.into());
    }
    let read = Policy::of_plugin(entries.iter(), &fixture::settings());
    assert_eq!((read.requests.len(), read.interval), (2, None));
    let day = Some(SignedDuration::from_hours(24));
    let settings = crate::settings::Settings { rotation_interval: day, ..fixture::settings() };
    assert_eq!(Policy::of_plugin(entries.iter(), &settings).interval, day);
}

#[test]
fn a_generation_that_ought_to_have_ended_is_looked_at_soon() {
    let (policy, rotated) = (policy(Some(3600), &[]), Generation::default().next(BTreeSet::new(), at(100)));
    for (generation, now, look) in [
        (&Generation::default(), 0, Some(3600)),
        (&Generation::default(), 3600, None),
        (&rotated, 100, Some(110)),
        (&rotated, 109, Some(110)),
        (&rotated, 110, Some(120)),
        (&rotated, 5000, Some(5010)),
        (&rotated.alone(), 130, Some(3700)),
    ] {
        let found = policy.look_again(generation, Some(at(0)), at(now));
        assert_eq!(found, look.map(at), "{generation:?} {now}");
    }
}
