//! The chart's README: every value, by default what, and what it does.

use std::process::Command;

use crate::cache::Cache;
use crate::cargo::Workspace;
use crate::error::{Error, Result};
use crate::generated::Generated;
use crate::parts::helm_docs;
use crate::process;

const CHART: &str = "charts/plexica";
const README: Generated = Generated { place: "charts/plexica/README.md", source: "values.yaml says", task: "chartdoc" };

/// Writes it, or tells whether it is what would be written.
pub fn run(cache: &Cache, workspace: &Workspace, check: bool) -> Result<()> {
    let mut command = Command::new(helm_docs::PROGRAM.install(cache)?);
    command.current_dir(workspace.root()).args(["--log-level=error", "--dry-run", "--sort-values-order=file"]);
    let wanted = process::run(command.args(["--chart-search-root", CHART]))?;
    if let Some(value) = untold(&wanted) {
        return Err(Error::Usage(format!(
            "{CHART}/values.yaml does not say what {value} does: `# -- …` above it does"
        )));
    }
    README.keep(workspace, &wanted, check)
}

/// The first value in the table of which nothing is said.
fn untold(readme: &str) -> Option<&str> {
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter(|row| row.ends_with("|  |")).find_map(|row| row.split('`').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_which_nothing_is_said_is_named() {
        assert_eq!(untold("| `a.b` | `1` | Counts. |\n| `a.c` | `2` |  |\n"), Some("a.c"));
        assert_eq!(untold("| `a.b` | `1` | Counts. |\n"), None);
    }
}
