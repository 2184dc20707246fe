//! What keeps a resource, or a part of it, from being as its spec says.

use std::fmt;

use plexica_backends::{Error, Kind, System};
use plexica_crds::{ConditionType, Reason};

pub use plexica_crds::Remedy;

/// A reason for machines and a sentence for people. Fit for a condition: the details of a backend's
/// error go to the log where the problem is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Why.
    pub reason: Reason,
    /// What happened and what to do.
    pub message: String,
    /// Which system said so, if one did.
    pub system: Option<System>,
}

impl Problem {
    /// A problem.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), system: None }
    }

    /// The same, for another reason.
    #[must_use]
    pub fn because(self, reason: Reason) -> Self {
        Self { reason, ..self }
    }

    /// What helps against it.
    pub const fn remedy(&self) -> Remedy {
        self.reason.helped_by()
    }

    /// What kstatus reads beside Ready: whether the operator goes on by itself.
    pub const fn beside(&self) -> ConditionType {
        match self.remedy() {
            Remedy::Wait | Remedy::Retry => ConditionType::Reconciling,
            Remedy::Change => ConditionType::Stalled,
        }
    }

    /// Whether what has the name was looked at and is somebody else's, or an earlier owner's. Every
    /// other problem leaves what is ours ours.
    pub const fn is_anothers(&self) -> bool {
        matches!(self.reason, Reason::Conflict | Reason::AdoptionRefused)
    }

    /// What it is to a resource that goes: who waits for time alone is being deleted, and a person who holds it up is named.
    pub const fn of_departure(&self) -> Reason {
        match (self.remedy(), self.reason) {
            (_, Reason::Paused | Reason::DryRun) => self.reason,
            (Remedy::Wait, _) => Reason::Deleting,
            _ => self.reason,
        }
    }

    /// The same, with the part it is about in front.
    #[must_use]
    pub fn of_part(&self, part: &str) -> Self {
        Self { message: format!("{part}: {}", self.message), ..*self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let reason = match error.kind {
            Kind::Unavailable => Reason::BackendUnavailable,
            Kind::Denied => Reason::BackendDenied,
            Kind::Conflict => Reason::Conflict,
            Kind::AdoptionRefused => Reason::AdoptionRefused,
            Kind::Invalid => Reason::InvalidSpec,
        };
        if let Some(cause) = std::error::Error::source(&error) {
            tracing::warn!(system = %error.system, %cause, "{}", error.message);
        }
        Self { reason, message: format!("{error}. {}", error.remedy), system: Some(error.system) }
    }
}

/// What an API server says whose CRD is from before the operator selected by that field.
const UNSELECTABLE: &str = "field label not supported";

impl From<kube::Error> for Problem {
    fn from(error: kube::Error) -> Self {
        let problem = match &error {
            kube::Error::Api(status) if matches!(status.code, 401 | 403) => Self::new(
                Reason::BackendDenied,
                format!("Kubernetes refused: {}. Give the operator the rights of the chart's Role.", status.message),
            ),
            kube::Error::Api(status) if status.code == 422 => {
                Self::new(Reason::InvalidSpec, format!("Kubernetes refused: {}", status.message))
            }
            kube::Error::Api(status) if status.code == 400 && status.message.contains(UNSELECTABLE) => Self::new(
                Reason::BackendUnavailable,
                format!("{}: apply the CRDs of this release, on Kubernetes 1.31 or newer.", status.message),
            ),
            kube::Error::Api(status) => Self::new(
                Reason::BackendUnavailable,
                format!("Kubernetes answered {} {}; it is tried again.", status.code, status.reason),
            ),
            _ => Self::new(Reason::BackendUnavailable, "Kubernetes does not answer; it is tried again."),
        };
        let problem = Self { system: Some(System::Kubernetes), ..problem };
        match &error {
            // It changed in between, as things do: it is read again.
            kube::Error::Api(status) if status.code == 409 => tracing::debug!(%error, "a call to Kubernetes came late"),
            error => tracing::warn!(%error, "a call to Kubernetes failed"),
        }
        problem
    }
}

/// The worst of several: what only a person can mend comes before what is tried again.
pub fn worst(problems: &[Problem]) -> Option<&Problem> {
    // The first of equals: parts are listed in a fixed order, so the answer is stable.
    problems.iter().rev().max_by_key(|problem| problem.remedy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crd_of_an_earlier_release_is_told() {
        let text = "field label not supported: spec.plugin.id";
        let status = kube::core::Status { code: 400, message: text.into(), ..kube::core::Status::default() };
        let problem = Problem::from(kube::Error::Api(status.boxed()));
        assert!(problem.message.starts_with(text) && problem.message.contains("apply the CRDs"), "{problem}");
    }

    #[test]
    fn the_worst_comes_first_and_the_order_is_stable() {
        let problem = |reason, message: &str| Problem::new(reason, message);
        let list = [
            problem(Reason::Pending, "a"),
            problem(Reason::BackendUnavailable, "b"),
            problem(Reason::BackendDenied, "c"),
            problem(Reason::Pending, "d"),
        ];
        assert_eq!(worst(&list), Some(&list[1]));
        let with_conflict: Vec<_> = list.iter().cloned().chain([problem(Reason::Conflict, "e")]).collect();
        assert_eq!(worst(&with_conflict).map(|p| p.message.as_str()), Some("e"));
        assert_eq!(worst(&[]), None);
    }
}
