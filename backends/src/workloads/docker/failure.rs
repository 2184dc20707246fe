//! The client's errors as ours.

use bollard::errors::Error as Engine;

use crate::{Error, Kind, System};

/// The most that is told of what an engine said.
const LONGEST: usize = 300;

/// Turns an error of a call into ours; `doing` is such as `start container a`.
pub(super) fn failure(doing: impl Into<String>) -> impl FnOnce(Engine) -> Error {
    let doing = doing.into();
    move |error| {
        let said = said(&error);
        let (kind, remedy) = match status(&error) {
            Some(401 | 403) => (
                Kind::Denied,
                "Let the operator do this: what stands between it and the Docker socket refuses it.".to_owned(),
            ),
            Some(400) => (Kind::Invalid, "Correct what the engine names.".to_owned()),
            // It came or went between the look and this.
            Some(404 | 409) => (Kind::Unavailable, "This is tried again by itself.".to_owned()),
            Some(_) => (
                Kind::Unavailable,
                "See the engine's log, such as `journalctl -u docker`; this is tried again by itself.".to_owned(),
            ),
            None => (
                Kind::Unavailable,
                "Start the Docker engine, or correct DOCKER_HOST; this is tried again by itself.".to_owned(),
            ),
        };
        Error::new(System::Docker, kind, format!("could not {doing}: {said}"), remedy).because(error)
    }
}

/// The status that the engine answered with.
pub(super) const fn status(error: &Engine) -> Option<u16> {
    match error {
        Engine::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// `None` for what is not there.
pub(super) fn optional<T>(result: Result<T, Engine>) -> Result<Option<T>, Engine> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if status(&error) == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the engine said, in a line.
pub(super) fn said(error: &Engine) -> String {
    let text = match error {
        Engine::DockerResponseServerError { message, .. } => message,
        Engine::DockerStreamError { error } => error,
        _ => return "the Docker engine does not answer".to_owned(),
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status_code: u16, message: &str) -> Engine {
        Engine::DockerResponseServerError { status_code, message: message.into() }
    }

    #[test]
    fn kinds_by_answer() {
        for (error, kind) in [
            (answered(400, "invalid reference format"), Kind::Invalid),
            (answered(403, "refused by the proxy"), Kind::Denied),
            (answered(404, "no such container"), Kind::Unavailable),
            (answered(409, "removal in progress"), Kind::Unavailable),
            (answered(500, "no space left on device"), Kind::Unavailable),
            (Engine::RequestTimeoutError, Kind::Unavailable),
        ] {
            assert_eq!(failure("create container a")(error).kind, kind);
        }
    }

    #[test]
    fn what_is_not_there_is_no_failure() {
        assert_eq!(optional(Ok(1)).unwrap(), Some(1));
        assert_eq!(optional::<u8>(Err(answered(404, "No such container: a"))).unwrap(), None);
        assert!(optional::<u8>(Err(answered(500, "no"))).is_err());
    }

    #[test]
    fn what_an_engine_says_is_told_in_a_short_line() {
        assert_eq!(said(&answered(500, "first\n  second")), "first second");
        assert_eq!(said(&answered(500, &"ä".repeat(1_000))).chars().count(), LONGEST + 1);
    }
}
