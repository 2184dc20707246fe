//! `plexica standalone`: the Kubernetes API for machines without a cluster, as a service of its own, and what it takes
//! to begin with. Compose runs these; `plexica dev` has the same API in its own process.

mod healthcheck;
mod init;
pub mod rights;
mod secrets;
mod serve;
mod share;

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use rand::{RngExt, distr::Alphanumeric};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the secrets that are missing, and give each container's folder those that it needs.
    Init(init::Options),
    /// Run until it is told to stop.
    Serve(serve::Options),
    /// Ask the running API whether it is ready; for engines' health checks.
    Healthcheck(healthcheck::Options),
}

/// Does what is asked.
pub async fn run(command: Command) -> Result<(), crate::error::Error> {
    match command {
        Command::Init(options) => init::run(&options)?,
        Command::Serve(options) => serve::run(options).await?,
        Command::Healthcheck(options) => healthcheck::run(&options).await?,
    }
    Ok(())
}

/// Each says what happened and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} cannot be used: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{} cannot be used: {reason}; correct it, or remove it to have another made", path.display())]
    Secret { path: PathBuf, reason: &'static str },
    #[error(transparent)]
    Certificates(#[from] plexica_standalone::TlsError),
    #[error("the database does not answer as it should: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the Kubernetes API did not start: {0}")]
    Start(#[from] plexica_standalone::Error),
    #[error("the Kubernetes API ended by itself: the log says why")]
    Ended,
    #[error("the Kubernetes API is not well: {0}")]
    Unwell(#[from] plexica_service::healthcheck::Error),
}

impl Error {
    /// For `map_err` on file operations.
    fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(Error::file(path))
}

/// A random password of that many letters and digits.
pub fn word(length: usize) -> String {
    rand::rng().sample_iter(&Alphanumeric).take(length).map(char::from).collect()
}
