//! The CRDs as templates of the chart.

use std::fs;

use crate::cargo::Workspace;
use crate::error::{Error, Result};
use crate::process;

const PLACE: &str = "charts/plexica/templates/crds.yaml";
/// Helm neither upgrades nor keeps what lies in a chart's `crds` folder; a template it does.
const ANNOTATION: &str = "  annotations:\n    {{- if .Values.crds.keep }}\n    helm.sh/resource-policy: keep\n    \
                          {{- end }}\n    plexica.io/generated-by: cargo xtask crdgen\n";

/// Writes the template, or tells whether it is what would be written.
pub fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let documents = process::run(&mut workspace.cargo(&["run", "--quiet", "--package=plexica-crds", "--bin=crdgen"]))?;
    let wanted = template(&documents);
    let path = workspace.root().join(PLACE);
    if !check {
        if let Some(folder) = path.parent() {
            crate::files::folder(folder)?;
        }
        return fs::write(&path, wanted).map_err(Error::io("write", &path));
    }
    let found = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    if found == wanted {
        return Ok(());
    }
    Err(Error::Usage(format!("{PLACE} is not what the types say; run `cargo xtask crdgen`")))
}

/// Wraps the documents in the chart's switches. What looks like a template in a description is
/// kept from Helm.
fn template(documents: &str) -> String {
    let escaped = documents.replace("{{", "{{ \"{{\" }}");
    let annotated = escaped.replace("\nmetadata:\n", &format!("\nmetadata:\n{ANNOTATION}"));
    format!("{{{{- if .Values.crds.install }}}}\n{}\n{{{{- end }}}}\n", annotated.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_cannot_be_templates() {
        let text = template("---\nkind: X\nmetadata:\n  name: x\nspec:\n  description: a {{b}} c\n");
        assert!(text.contains("a {{ \"{{\" }}b}} c"), "{text}");
        assert!(text.starts_with("{{- if .Values.crds.install }}\n---\n"), "{text}");
        assert!(text.ends_with("\n{{- end }}\n"), "{text}");
        assert_eq!(text.matches("resource-policy: keep").count(), 1);
    }
}
