//! `plexica standalone healthcheck`: whether the API of the same container is ready.

use std::{path::PathBuf, time::Duration};

use reqwest::{Certificate, Client};

use super::Error;

/// Where containers have what is theirs alone.
pub const FOLDER: &str = "/run/plexica";
/// Shorter than an engine waits for a check.
const TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The API, by a name of its certificate.
    #[arg(long, default_value = "https://localhost:6443")]
    url: String,
    /// Folder with the authority of its certificate, `ca.pem`.
    #[arg(long, default_value = FOLDER)]
    folder: PathBuf,
}

/// Asks it once.
pub async fn run(options: &Options) -> Result<(), Error> {
    let path = options.folder.join("ca.pem");
    let authority = std::fs::read(&path).map_err(Error::file(&path))?;
    let authority = Certificate::from_pem(&authority)?;
    let client = Client::builder().timeout(TIMEOUT).no_proxy().tls_certs_only([authority]).build()?;
    let answer = client.get(format!("{}/readyz", options.url)).send().await?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(Error::NotReady(answer.text().await?.trim_end().to_owned()))
}
