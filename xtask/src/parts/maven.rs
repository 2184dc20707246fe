//! Artifacts of Maven Central.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Result;
use crate::process;

const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy";

/// Downloads `group:name:version:type` into a folder.
pub fn download(artifact: &str, folder: &Path) -> Result<PathBuf> {
    let maven = process::require("mvn", "install Maven (Debian: maven)")?;
    process::run(
        Command::new(maven)
            .args(["--quiet", "--batch-mode", PLUGIN])
            .arg(format!("-Dartifact={artifact}"))
            .arg(format!("-DoutputDirectory={}", folder.display())),
    )?;
    let kind = artifact.rsplit(':').next().unwrap_or("jar");
    crate::files::ending(folder, &format!(".{kind}"))
}
