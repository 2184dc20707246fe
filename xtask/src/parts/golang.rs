//! Programs that are built from the public Go modules.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::{files, process};

/// Nobody debugs these, and what a debugger would want is left out of them in the end anyway.
const LEAN: &str = "-gcflags=all=-dwarf=false";
const REMEDY: &str = "install Go 1.25 or newer (https://go.dev/dl)";

/// A program that `go install` builds.
#[derive(Debug)]
pub struct Program {
    /// Its name, the last segment of the package.
    pub name: &'static str,
    /// The package.
    pub package: &'static str,
    /// The module's version.
    pub version: &'static str,
}

impl Program {
    /// The path of the built program.
    pub fn install(&self, cache: &Cache) -> Result<PathBuf> {
        let folder = cache.entry(self.name, self.version, |folder| {
            process::run(
                go()?
                    .env("GOBIN", folder)
                    .args(["install", "-trimpath", LEAN, "-ldflags", "-s -w"])
                    .arg(format!("{}@{}", self.package, self.version)),
            )?;
            Ok(())
        })?;
        Ok(folder.join(self.name))
    }
}

/// Builds a main package into `output`: one of a module whose files these are (`.`), or one that the module requires.
pub fn build(sources: &[(&str, &str)], package: &str, flags: &str, folder: &Path, output: &Path) -> Result<()> {
    let source = folder.join("source");
    for (name, text) in sources {
        let path = source.join(name);
        files::folder(path.parent().unwrap_or(&source))?;
        files::write(&path, text)?;
    }
    process::run(
        go()?
            .current_dir(&source)
            .args(["build", "-mod=readonly", "-trimpath", LEAN, "-ldflags", flags, "-o"])
            .arg(output)
            .arg(package),
    )?;
    files::remove(&source)
}

/// The folder of a module's sources.
pub fn sources(module: &str, version: &str) -> Result<PathBuf> {
    let mut command = go()?;
    let told = process::run(command.args(["mod", "download", "-json"]).arg(format!("{module}@{version}")))?;
    let told: serde_json::Value = serde_json::from_str(&told)
        .map_err(|source| Error::State { path: format!("{module}@{version}").into(), source })?;
    let folder = told["Dir"].as_str().map(PathBuf::from);
    folder.ok_or_else(|| Error::Unsupported(format!("{module}@{version} cannot be had: {told}")))
}

fn go() -> Result<Command> {
    let mut command = Command::new(process::require("go", REMEDY)?);
    // The compiler's own garbage is not worth collecting as often as that of a program that goes on.
    command.env("CGO_ENABLED", "0").env("GOFLAGS", "-buildvcs=false").env("GOGC", "400");
    Ok(command)
}
