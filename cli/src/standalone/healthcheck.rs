//! `plexica standalone healthcheck`: whether the API of the same container is ready.

use std::path::PathBuf;

use plexica_service::healthcheck;
use reqwest::{Certificate, Client};

use super::{Error, read};

/// Where containers have what is theirs alone.
pub const FOLDER: &str = "/run/plexica";

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
    let authority = Certificate::from_pem(read(&path)?.as_bytes());
    let authority = authority.map_err(|_| Error::Secret { path, reason: "it is no certificate" })?;
    let client = Client::builder().tls_certs_only([authority]);
    Ok(healthcheck::ask(client, &format!("{}/readyz", options.url)).await?)
}
