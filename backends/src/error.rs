//! The one error of all outside systems.

use std::fmt;
use std::sync::Arc;

/// Shorthand.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Which system an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum System {
    /// The database.
    Postgres,
    /// The identity provider.
    Keycloak,
    /// The object store.
    S3,
    /// The Kubernetes API.
    Kubernetes,
    /// The Docker engine.
    Docker,
    /// Processes on this machine.
    Workloads,
}

impl System {
    /// Its name for people, and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "Postgres",
            Self::Keycloak => "Keycloak",
            Self::S3 => "S3",
            Self::Kubernetes => "Kubernetes",
            Self::Docker => "Docker",
            Self::Workloads => "Workloads",
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What sort of failure it is; it decides the condition's reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The system did not answer, or refused for a passing reason: try again.
    Unavailable,
    /// It answered that our identity may not do this.
    Denied,
    /// An object of that name exists and is not ours.
    Conflict,
    /// An object of an earlier resource of this name exists and may not be taken back.
    AdoptionRefused,
    /// What we asked for cannot be done; asking again will not help.
    Invalid,
}

/// An outside system's failure: fit for a condition's message, without secrets or internals. Those
/// are in its [source](std::error::Error::source), for the log.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{system}: {message}")]
pub struct Error {
    /// Which system.
    pub system: System,
    /// What sort of failure.
    pub kind: Kind,
    /// What happened, in a sentence.
    pub message: String,
    /// What to do about it, in a sentence.
    pub remedy: String,
    /// For the log.
    #[source]
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of that kind.
    pub fn new(system: System, kind: Kind, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { system, kind, message: message.into(), remedy: remedy.into(), source: None }
    }

    /// The system did not answer.
    pub fn unavailable(system: System, message: impl Into<String>) -> Self {
        Self::new(
            system,
            Kind::Unavailable,
            message,
            format!("Bring {system} back, or correct its address; this is tried again by itself."),
        )
    }

    /// Our identity may not do this.
    pub fn denied(system: System, message: impl Into<String>) -> Self {
        Self::new(system, Kind::Denied, message, "Run `plexica preflight`: it prints exactly what is missing.")
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn because(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Whether trying again may help although nobody changed anything.
    pub fn is_passing(&self) -> bool {
        self.kind == Kind::Unavailable
    }
}
