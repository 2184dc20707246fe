//! Keycloak's answers as our errors.

use keycloak::KeycloakError;

use crate::{Error, Kind, System};

const SYSTEM: System = System::Keycloak;

/// The status of an answer that is no success.
pub(super) fn status(error: &KeycloakError) -> Option<u16> {
    match error {
        KeycloakError::HttpFailure { status, .. } => Some(*status),
        KeycloakError::ReqwestFailure(_) => None,
    }
}

/// A failed admin call; `what` completes "while …".
pub(super) fn admin(what: &str, error: KeycloakError) -> Error {
    let Some(status) = status(&error) else { return transport(what, error) };
    let fault = match status {
        401 | 403 => Error::denied(SYSTEM, format!("the service account was refused while {what}")),
        409 => Error::new(
            SYSTEM,
            Kind::Conflict,
            format!("something of that name came into being while {what}"),
            "It is looked at again by itself; if this stays, remove what has the name.",
        ),
        400 | 413 | 422 => Error::new(
            SYSTEM,
            Kind::Invalid,
            format!("it refused the request while {what}{}", reason(&error)),
            "Correct the field that the message names.",
        ),
        404 => Error::unavailable(SYSTEM, format!("something vanished while {what}")),
        _ => Error::unavailable(SYSTEM, format!("it answered {status} while {what}")),
    };
    fault.because(error)
}

/// A failed sign-in of the service account.
pub(super) fn sign_in(error: KeycloakError) -> Error {
    let what = "signing in the service account";
    match status(&error) {
        None => transport(what, error),
        Some(400 | 401 | 403) => {
            Error::denied(SYSTEM, "it does not accept the service account's id and secret").because(error)
        }
        Some(404) => Error::unavailable(SYSTEM, "there is no realm master at KEYCLOAK_URL").because(error),
        Some(status) => Error::unavailable(SYSTEM, format!("it answered {status} while {what}")).because(error),
    }
}

fn transport(what: &str, error: KeycloakError) -> Error {
    let how = match &error {
        KeycloakError::ReqwestFailure(error) if error.is_timeout() => "did not answer in time",
        KeycloakError::ReqwestFailure(error) if error.is_connect() => "could not be reached",
        KeycloakError::ReqwestFailure(error) if error.is_decode() => "gave an answer that cannot be read",
        _ => "broke off",
    };
    Error::unavailable(SYSTEM, format!("it {how} while {what}")).because(error)
}

/// What Keycloak says is wrong with our request: its own words about what we wrote.
fn reason(error: &KeycloakError) -> String {
    match error {
        KeycloakError::HttpFailure { body: Some(body), .. } => {
            body.message().map(|message| format!(": {message}")).unwrap_or_default()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16) -> KeycloakError {
        KeycloakError::HttpFailure { status, body: None, text: "at org.keycloak.Internal.java:12".into() }
    }

    #[test]
    fn a_status_becomes_a_kind_and_internals_stay_inside() {
        for (status, kind) in [
            (400, Kind::Invalid),
            (401, Kind::Denied),
            (403, Kind::Denied),
            (404, Kind::Unavailable),
            (409, Kind::Conflict),
            (422, Kind::Invalid),
            (429, Kind::Unavailable),
            (500, Kind::Unavailable),
            (503, Kind::Unavailable),
        ] {
            let error = admin("reading realm x", failure(status));
            assert_eq!(error.kind, kind, "{status}");
            assert!(!error.to_string().contains("org.keycloak"), "{error}");
        }
    }

    #[test]
    fn a_wrong_secret_is_denied_and_a_wrong_address_is_not() {
        assert_eq!(sign_in(failure(401)).kind, Kind::Denied);
        assert_eq!(sign_in(failure(404)).kind, Kind::Unavailable);
        assert_eq!(sign_in(failure(502)).kind, Kind::Unavailable);
    }
}
