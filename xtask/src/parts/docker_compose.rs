//! Docker Compose, which can only be built as a requirement of another module.

use std::path::PathBuf;

use super::golang;
use crate::cache::Cache;
use crate::error::Result;

const VERSION: &str = "2.40.3";
const PACKAGE: &str = "github.com/docker/compose/v2/cmd";
const PROGRAM: &str = "docker-compose";
const SOURCES: [(&str, &str); 3] = [
    ("tools.go", include_str!("../../docker-compose/tools.go")),
    ("go.mod", include_str!("../../docker-compose/go.mod")),
    ("go.sum", include_str!("../../docker-compose/go.sum")),
];

/// The program: three minutes of work for two cores, once.
pub fn install(cache: &Cache) -> Result<PathBuf> {
    let folder = cache.entry(PROGRAM, VERSION, |folder| {
        // One that was built from modules does not know its version unless it is told.
        let flags = format!("-s -w -X github.com/docker/compose/v2/internal.Version=v{VERSION}");
        golang::build(&SOURCES, PACKAGE, &flags, folder, &folder.join(PROGRAM))
    })?;
    Ok(folder.join(PROGRAM))
}
