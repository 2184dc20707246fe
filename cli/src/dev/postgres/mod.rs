//! Postgres of dev mode: real binaries, fetched once, run as a child process.

mod account;
mod initialise;
mod install;
mod left_over;
mod place;
mod program;
mod server;

pub use server::Server;

use super::{DataDir, Error};

/// Fetches if need be, and starts. Whoever keeps it waits until it answers.
pub async fn start(data: &DataDir, password: &str) -> Result<Server, Error> {
    let account = account::Account::choose()?;
    let binaries = install::install(&place::cache(account.as_ref())).await?;
    let folder = place::data(data.path(), account.as_ref())?;
    Server::start(&binaries, &folder, account.as_ref(), password).await
}

/// Ends what still runs there, and removes what `place::data` put outside the data folder.
pub async fn clear(data: &DataDir) -> Result<(), Error> {
    let account = account::Account::choose()?;
    let folder = place::data(data.path(), account.as_ref())?;
    let left = left_over::end(&folder.join("data")).await;
    left.map_err(|reason| Error::Postgres { reason, log: folder.join("log") })?;
    std::fs::remove_dir_all(&folder).map_err(Error::file(&folder))
}

/// Whether the account Postgres runs as has to pass through the folder.
pub fn passes_through(folder: &std::path::Path) -> bool {
    matches!(account::Account::choose(), Ok(Some(_))) && folder.parent().is_none_or(place::open_to_all)
}
