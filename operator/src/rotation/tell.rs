//! What is told of it.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_backends::Generation;
use plexica_crds::{CredentialStatus, Reason};

use super::Policy;
use crate::resource::Note;

/// A credential in a status.
pub fn status(generation: &Generation, policy: &Policy) -> CredentialStatus {
    CredentialStatus {
        generation: generation.number.into(),
        rotated_at: generation.rotated_at.map(Time),
        previous_until: policy.until(generation).map(Time),
    }
}

/// That a new generation is in force; the old one may end later than said, never earlier.
pub fn rotated(what: &str, number: u32, until: Option<Timestamp>) -> Note {
    let until = until.map(|until| format!("; those before work until {until}")).unwrap_or_default();
    note(Reason::CredentialsRotated, format!("{what}: generation {number} is in force{until}."))
}

/// That the generation before has ended.
pub fn ended(what: &str, number: u32) -> Note {
    note(Reason::RotationEnded, format!("{what}: what was before generation {number} does not work any more."))
}

fn note(reason: Reason, text: String) -> Note {
    Note { warning: false, reason: reason.to_string(), text }
}
