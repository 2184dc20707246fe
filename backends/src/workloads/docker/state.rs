//! How far a container is. Pure.

use bollard::models::ContainerStateStatusEnum as Status;
use url::Url;

use super::{
    desired::Wanted,
    found::{Container, Containers, Image},
    pull::{PATIENT, Pull},
};
use crate::workloads::{State, Workload, health::Unwell};

/// Who ended that often will end again.
pub(super) const DEATHS: i64 = 3;

/// The state of what was found; `health` is what its health check said, if it runs, and `late` whether it has had the
/// time to become well.
pub(super) fn of(
    workload: &Workload,
    wanted: &Wanted,
    found: &Containers,
    endpoint: Option<Url>,
    health: Result<(), Unwell>,
    late: bool,
) -> State {
    let Some(current) = &found.current else {
        return absent(workload, &found.image);
    };
    match current.status() {
        Status::RUNNING => match (endpoint, health) {
            (Some(endpoint), Ok(())) => State::Ready { endpoint },
            (None, _) => State::Starting("its container runs and has no address yet".into()),
            (Some(_), Err(why)) => unwell(workload, wanted, current, &why, late),
        },
        Status::PAUSED => State::Starting("its container is paused".into()),
        Status::RESTARTING | Status::EXITED | Status::DEAD => ended(workload, wanted, current),
        Status::CREATED | Status::REMOVING | Status::STOPPING | Status::EMPTY => match current.state.error.as_deref() {
            None | Some("") => State::Starting("its container has yet to be started".into()),
            Some(why) => State::Failing(format!("its container cannot be started: {why}")),
        },
    }
}

fn absent(workload: &Workload, image: &Image) -> State {
    let name = workload.image.as_deref().unwrap_or_default();
    match image {
        Image::Missing(Some(Pull::Running(progress))) => State::Starting(format!("image {name} is pulled: {progress}")),
        Image::Missing(Some(Pull::Failed { why, pause, .. })) => {
            let text = format!("image {name} cannot be pulled: {why}");
            if *pause < PATIENT { State::Starting(text) } else { State::Failing(text) }
        }
        Image::Present(user) if runs_as_root(user) => State::Failing(format!(
            "image {name} would run as {}. Give it a numeric USER other than 0",
            if user.is_empty() { "root" } else { user }
        )),
        Image::Present(_) | Image::Missing(None) | Image::Unasked => State::Absent,
    }
}

/// Whether that user of an image is root, or cannot be told from it: a name may stand for any id. The same
/// that a cluster refuses (`runAsNonRoot`).
pub(super) fn runs_as_root(user: &str) -> bool {
    let name = user.split_once(':').map_or(user, |(name, _)| name);
    !name.parse::<u32>().is_ok_and(|id| id != 0)
}

fn unwell(workload: &Workload, wanted: &Wanted, current: &Container, why: &Unwell, late: bool) -> State {
    let port = workload.port;
    let text = format!("its container runs, and its health check on port {port} says: {why}");
    if current.restarts >= DEATHS {
        let deaths = current.restarts;
        return State::Failing(format!("{text}; it ended {deaths} times before ({})", logs(wanted)));
    }
    if late { State::Failing(format!("{text} ({})", logs(wanted))) } else { State::Starting(text) }
}

fn ended(workload: &Workload, wanted: &Wanted, current: &Container) -> State {
    let state = &current.state;
    let memory = workload.resources.as_ref().and_then(|resources| resources.limits.as_ref()?.memory.as_deref());
    let how = match memory {
        Some(memory) if state.oom_killed == Some(true) => format!("used more memory than its limit of {memory}"),
        _ if state.oom_killed == Some(true) => "was ended since the machine has no memory left".to_owned(),
        _ => format!("ended with exit code {}", state.exit_code.unwrap_or_default()),
    };
    let text = format!("its container {how} and is started again ({})", logs(wanted));
    if current.restarts >= DEATHS { State::Failing(text) } else { State::Starting(text) }
}

fn logs(wanted: &Wanted) -> String {
    format!("docker logs {}", wanted.name)
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
