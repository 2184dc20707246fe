//! The Helm chart: lint, and its manifests against the schemas of the API server.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::schemas;
use crate::cache::Cache;
use crate::cargo::Workspace;
use crate::commands::chartdoc;
use crate::error::{Error, Result};
use crate::files;
use crate::parts::{helm, kubeconform};
use crate::process;

const CHART: &str = "charts/plexica";
/// Values as people set them, one file per case.
const CASES: &str = "charts/plexica/ci";

/// Lints the chart and checks what it renders, once per file of values.
pub fn run(cache: &Cache, workspace: &Workspace) -> Result<()> {
    chartdoc::run(cache, workspace, true)?;
    let helm = helm::PROGRAM.install(cache)?;
    let kubeconform = kubeconform::PROGRAM.install(cache)?;
    let schemas = schemas::folder(cache)?;
    let chart = workspace.root().join(CHART);
    for values in cases(&workspace.root().join(CASES))? {
        process::run_aloud(Command::new(&helm).args(["lint", "--strict"]).arg(&chart).arg("--values").arg(&values))?;
        let manifests = process::run(
            Command::new(&helm)
                .args(["template", "plexica"])
                .arg(&chart)
                .args(["--namespace", "plexica-system", "--values"])
                .arg(&values),
        )?;
        let rendered = workspace.target().join("chart.yaml");
        files::write(&rendered, manifests)?;
        process::run_aloud(
            Command::new(&kubeconform)
                .args(["-strict", "-summary", "-schema-location"])
                .arg(format!("{}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json", schemas.display()))
                .arg(&rendered),
        )?;
    }
    Ok(())
}

fn cases(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(Error::io("list", folder))?;
    let mut cases: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    cases.sort_unstable();
    Ok(cases)
}
