//! The Helm chart: lint, and its manifests against the schemas of the API server.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{custom_schemas, schemas};
use crate::cache::Cache;
use crate::cargo::Workspace;
use crate::commands::chartdoc;
use crate::error::{Error, Result};
use crate::files;
use crate::parts::{kubeconform, tools};
use crate::process;

const CHART: &str = "charts/plexica";
/// Values as people set them, one file per case.
const CASES: &str = "charts/plexica/ci";

/// Values that are refused, in addition to those that have to be set; the comment in the first line of each is in what Helm says.
const REFUSED: &str = "charts/plexica/ci/refused";
/// The least that has to be set.
const MINIMAL: &str = "charts/plexica/ci/minimal.yaml";
/// Lints the chart and checks what it renders, once per file of values.
pub fn run(cache: &Cache, workspace: &Workspace) -> Result<()> {
    chartdoc::run(cache, workspace, true)?;
    let helm = tools::HELM.install(cache)?;
    let kubeconform = kubeconform::PROGRAM.install(cache)?;
    let schemas = [schemas::folder(cache)?, custom_schemas::folder(cache)?];
    let schemas = schemas.map(|folder| {
        let file = folder.join("{{.ResourceKind}}{{.KindSuffix}}.json");
        ["-schema-location".to_owned(), file.display().to_string()]
    });
    let chart = workspace.root().join(CHART);
    let render = |values: &[&Path]| {
        let mut command = Command::new(&helm);
        command.args(["template", "plexica"]).arg(&chart).args(["--namespace", "plexica-system"]);
        for values in values {
            command.arg("--values").arg(values);
        }
        process::run(&mut command)
    };
    for values in cases(&workspace.root().join(REFUSED))? {
        refuses(&values, render(&[&workspace.root().join(MINIMAL), &values]))?;
    }
    for values in cases(&workspace.root().join(CASES))? {
        process::run_aloud(Command::new(&helm).args(["lint", "--strict"]).arg(&chart).arg("--values").arg(&values))?;
        let manifests = render(&[&values])?;
        let rendered = workspace.target().join("chart.yaml");
        files::write(&rendered, manifests)?;
        let mut check = Command::new(&kubeconform);
        process::run_aloud(check.args(["-strict", "-summary"]).args(schemas.as_flattened()).arg(&rendered))?;
    }
    Ok(())
}

fn cases(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(Error::io("list", folder))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file());
    let mut cases: Vec<PathBuf> = files.collect();
    cases.sort_unstable();
    Ok(cases)
}

/// Whether Helm has refused the values, and said why.
fn refuses(values: &Path, rendered: Result<String>) -> Result<()> {
    let text = std::fs::read_to_string(values).map_err(Error::io("read", values))?;
    let why = text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default();
    let wrong = match rendered {
        Err(Error::Failed { tail, .. }) if !why.is_empty() && tail.contains(why) => return Ok(()),
        Err(error) => error.to_string(),
        Ok(_) => "the chart takes them".into(),
    };
    Err(Error::Usage(format!("{} are to be refused with \"{why}\": {wrong}", values.display())))
}
