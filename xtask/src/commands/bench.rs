//! Measurements on the real parts.

use crate::cache::Cache;
use crate::cargo::Workspace;
use crate::commands::images;
use crate::error::{Error, Result};
use crate::parts::{self, Part};
use crate::process;
use crate::state::Owner;

const FOLDER: &str = "e2e/benches";

/// Runs `e2e/benches/<name>.rs` or `<name>/main.rs` with the parts it may want, built in release and
/// static as in the images, but for their link-time optimisation.
pub fn run(cache: &Cache, workspace: &Workspace, name: &str) -> Result<()> {
    let known = known(workspace)?;
    if !known.iter().any(|bench| bench == name) {
        return Err(Error::Usage(format!("no bench is called `{name}`; there are: {}", known.join(", "))));
    }
    let held = Part::DEFAULT.map(|part| parts::hold(part, cache));
    for part in Part::DEFAULT {
        parts::up(part, cache, Owner::Test)?;
    }
    let mut bench = workspace.cargo(&["bench", "--package=plexica-e2e", &format!("--bench={name}")]);
    images::built_alike(&mut bench);
    let measured = process::run_aloud(&mut bench);
    drop(held);
    for part in Part::DEFAULT.into_iter().rev() {
        parts::release(part, cache)?;
    }
    measured
}

fn known(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root().join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .map_err(Error::io("list", &folder))?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_bench =
                path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").is_file();
            path.file_stem().filter(|_| is_bench)?.to_str().map(str::to_owned)
        })
        .collect();
    names.sort_unstable();
    Ok(names)
}
