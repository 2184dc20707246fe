use super::super::{
    desired::{
        self,
        tests::{limited, settings, workload},
    },
    pull::Progress,
};
use super::*;
use bollard::models::ContainerState;
use std::time::{Duration, Instant};

fn state(workload: &Workload, found: &Containers, health: Result<(), &str>) -> State {
    seen(workload, found, health, false)
}

fn seen(workload: &Workload, found: &Containers, health: Result<(), &str>, late: bool) -> State {
    let wanted = desired::of(workload, &settings());
    let endpoint = Some("http://crm:8080".parse().unwrap());
    of(workload, &wanted, found, endpoint, health.map_err(|why| Unwell::Silent(why.to_owned())), late)
}

fn container(status: Status, restarts: i64) -> Containers {
    let state = ContainerState { status: Some(status), exit_code: Some(3), ..ContainerState::default() };
    Containers { current: Some(Container { state, restarts, ..Container::default() }), ..Containers::default() }
}

#[test]
fn who_runs_and_is_well_is_ready() {
    let found = container(Status::RUNNING, 5);
    assert!(matches!(state(&workload(), &found, Ok(())), State::Ready { .. }));
}

#[test]
fn who_is_not_well_is_starting_until_it_has_had_its_time() {
    for (restarts, late, failing) in [(0, false, false), (0, true, true), (2, false, false), (3, false, true)] {
        match seen(&workload(), &container(Status::RUNNING, restarts), Err("no answer"), late) {
            State::Starting(text) => assert!(!failing && text.contains("port 8080 says: no answer"), "{text}"),
            State::Failing(text) => assert!(failing && text.contains("docker logs plexica."), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn how_it_ended_is_told() {
    let told = |workload: &Workload, found: &Containers| match state(workload, found, Ok(())) {
        State::Starting(text) | State::Failing(text) => text,
        other => panic!("{other:?}"),
    };
    let mut found = container(Status::RESTARTING, 1);
    assert!(told(&workload(), &found).starts_with("its container ended with exit code 3"));
    found.current.as_mut().unwrap().state.oom_killed = Some(true);
    let limited = limited(None, Some("64Mi"));
    assert!(told(&limited, &found).starts_with("its container used more memory than its limit of 64Mi"));
    assert!(told(&workload(), &found).contains("the machine has no memory left"));
    assert!(matches!(state(&workload(), &found, Ok(())), State::Starting(_)));
    found.current.as_mut().unwrap().restarts = DEATHS;
    assert!(matches!(state(&workload(), &found, Ok(())), State::Failing(_)));
}

#[test]
fn what_cannot_be_started_says_why() {
    let mut found = container(Status::CREATED, 0);
    assert!(matches!(state(&workload(), &found, Ok(())), State::Starting(_)));
    found.current.as_mut().unwrap().state.error = Some("exec format error".into());
    assert_eq!(
        state(&workload(), &found, Ok(())),
        State::Failing("its container cannot be started: exec format error".into())
    );
}

#[test]
fn an_image_that_is_missing_or_may_not_run_is_told() {
    let with = |image| state(&workload(), &Containers { image, ..Containers::default() }, Ok(()));
    assert_eq!(with(Image::Missing(None)), State::Absent);
    assert_eq!(with(Image::Present("65532".into())), State::Absent);
    assert_eq!(
        with(Image::Missing(Some(Pull::Running(Progress::default())))),
        State::Starting("image plexica/crm:1.4.0 is pulled: the registry is asked".into())
    );
    let failed =
        |pause| with(Image::Missing(Some(Pull::Failed { why: "no such host".into(), again: Instant::now(), pause })));
    let text = "image plexica/crm:1.4.0 cannot be pulled: no such host".to_owned();
    assert_eq!(failed(Duration::from_secs(10)), State::Starting(text.clone()));
    assert_eq!(failed(PATIENT), State::Failing(text));
    for (user, told) in [("", "root"), ("0", "0"), ("0:0", "0:0"), ("app", "app")] {
        let State::Failing(text) = with(Image::Present(user.into())) else { panic!("{user:?} may not run") };
        assert!(text.contains(&format!("would run as {told}. Give it a numeric USER")), "{text}");
    }
    assert_eq!(with(Image::Present("1000:0".into())), State::Absent);
}
