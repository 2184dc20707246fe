//! What can go wrong while setting up, each with what to do about it.

use std::path::{Path, PathBuf};

/// The result of a step of the set-up.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed step.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program the step needs is not on this machine.
    #[error("`{program}` is missing: {remedy}")]
    MissingProgram { program: String, remedy: String },
    /// A program ran and failed.
    #[error("{what} failed ({status}); the end of its output:\n{tail}")]
    Failed { what: String, status: String, tail: String },
    /// A condition did not come true in time.
    #[error("gave up after {seconds} s waiting until {what}; look at {}", log.display())]
    NotReady { what: String, seconds: u64, log: PathBuf },
    /// A started process ended before it was ready.
    #[error("{what} ended while starting; the end of {}:\n{tail}", log.display())]
    Ended { what: String, log: PathBuf, tail: String },
    /// No port of the range is free.
    #[error("no free port in {from}-{to}; set PLEXICA_PORTS=FROM-TO to another range")]
    NoPort { from: u16, to: u16 },
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    /// A file of ours does not hold what it should.
    #[error("{} is not what this version of xtask writes ({source}); remove it", path.display())]
    State { path: PathBuf, source: serde_json::Error },
    /// A registry changed an image.
    #[error(
        "the registry knows {image} as {found}, and it was written as {digest}; push to one that keeps manifests as they are"
    )]
    Pushed { image: String, digest: String, found: String },
    /// An argument or environment variable makes no sense.
    #[error("{0}")]
    Usage(String),
    /// This machine cannot do it.
    #[error("not on this machine: {0}")]
    Unsupported(String),
}

impl Error {
    /// Names the file or folder an I/O error is about.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}
