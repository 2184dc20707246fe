//! Measurements on the real parts.

use crate::cache::Cache;
use crate::cargo::Workspace;
use crate::commands::images;
use crate::error::{Error, Result};
use crate::parts::{self, Part, docker};
use crate::process;
use crate::state::Owner;

const FOLDER: &str = "e2e/benches";
/// The one that wants the images that are published, on an engine.
const IMAGES: &str = "images";
/// The one without parts, in a workspace of its own.
const POLICY: (&str, &str) = ("policy", "policy/bench/Cargo.toml");

/// Runs `e2e/benches/<name>.rs` or `<name>/main.rs` with the parts it may want, built in release and
/// static as in the images, but for their link-time optimisation.
pub fn run(cache: &Cache, workspace: &Workspace, name: &str) -> Result<()> {
    let known = known(workspace)?;
    if !known.iter().any(|bench| bench == name) {
        return Err(Error::Usage(format!("no bench is called `{name}`; there are: {}", known.join(", "))));
    }
    if name == POLICY.0 {
        let mut bench = workspace.cargo(&["bench", "--manifest-path", POLICY.1]);
        return process::run_aloud(bench.env("CARGO_TARGET_DIR", workspace.target()));
    }
    let parts = if name == IMAGES { &[Part::Docker][..] } else { &Part::DEFAULT };
    let held: Vec<_> = parts.iter().map(|part| parts::hold(*part, cache)).collect();
    for part in parts {
        parts::up(*part, cache, Owner::Test)?;
    }
    let measured = measure(cache, workspace, name);
    drop(held);
    for part in parts.iter().rev() {
        parts::release(*part, cache)?;
    }
    measured
}

fn measure(cache: &Cache, workspace: &Workspace, name: &str) -> Result<()> {
    let mut bench = workspace.cargo_static(&["bench", "--package=plexica-e2e", &format!("--bench={name}")]);
    if name == IMAGES {
        let built = images::build_published(cache, workspace)?;
        let engine = parts::running(Part::Docker, cache)?;
        let engine = engine.ok_or_else(|| Error::Unsupported("no Docker engine runs".into()))?;
        built.iter().try_for_each(|image| docker::load(&engine, &image.archive))?;
        bench.env("PLEXICA_BENCH_IMAGES", serde_json::json!(built).to_string());
    }
    process::run_aloud(&mut bench)
}

fn known(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root().join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let files: Vec<String> = std::fs::read_dir(&folder)
        .map_err(Error::io("list", &folder))?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_bench =
                path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").is_file();
            path.file_stem().filter(|_| is_bench)?.to_str().map(str::to_owned)
        })
        .collect();
    let mut names: Vec<_> = files.into_iter().chain([POLICY.0.to_owned()]).collect();
    names.sort_unstable();
    Ok(names)
}
