//! Why `plexica dev` did not start, or ended.

use std::path::PathBuf;

/// Each says what happened and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} is in use by another `plexica dev`{}: stop that one, or give this one another --data-dir", folder.display(), pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    Locked { folder: PathBuf, pid: Option<i32> },
    #[error("{} cannot be used: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{} is damaged: {reason}; start over with `plexica dev --reset`", path.display())]
    Secrets { path: PathBuf, reason: String },
    #[error("PostgreSQL could not be fetched: {0}. Set DATABASE_URL to use one that runs already")]
    Fetch(String),
    #[error("PostgreSQL did not start: {reason}; its log is {}", log.display())]
    Postgres { reason: String, log: PathBuf },
    #[error("the database does not answer as it should: {0}")]
    Database(#[from] sqlx::Error),
    #[error("{variable} cannot be used: {reason}")]
    Given { variable: &'static str, reason: String },
    #[error("port {port} is taken: stop what uses it, or choose another with --port")]
    PortTaken { port: u16 },
    #[error("{service} did not start: {reason}")]
    Service { service: &'static str, reason: String },
    #[error("the sample tenant could not be applied: {0}")]
    Sample(String),
    #[error("{what} did not become ready within {seconds} s: {last}")]
    NotReady { what: String, seconds: u64, last: String },
    #[error("{what} is stalled ({reason}): {message}; `plexica explain-condition {reason}` says what to do")]
    Stalled { what: String, reason: String, message: String },
    #[error("user {user} cannot sign in with the password of the data folder: {reason}")]
    SignIn { user: String, reason: String },
    #[error("PostgreSQL ended by itself ({status}): start `plexica dev` again; its log is {}", log.display())]
    PostgresEnded { status: String, log: PathBuf },
    #[error("asked to stop a second time: what was under way is cut off, and the next start repairs it")]
    CutOff,
    #[error("{part} ended by itself{}: the log says why", if reason.is_empty() { String::new() } else { format!(" ({reason})") })]
    Ended { part: &'static str, reason: String },
}

impl Error {
    /// For `map_err` on file operations.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// For `map_err` on a service's start.
    pub fn service<E: std::fmt::Display>(service: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Service { service, reason: error.to_string() }
    }
}
