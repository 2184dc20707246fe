//! The CRDs as templates of the chart.

use crate::cargo::Workspace;
use crate::error::Result;
use crate::generated::Generated;
use crate::process;

const TEMPLATE: Generated =
    Generated { place: "charts/plexica/templates/crds.yaml", source: "the types say", task: "crdgen" };
/// Helm neither upgrades nor keeps what lies in a chart's `crds` folder; a template it does.
const ANNOTATION: &str = "  annotations:\n    {{- if .Values.crds.keep }}\n    helm.sh/resource-policy: keep\n    \
                          {{- end }}\n    plexica.io/generated-by: cargo xtask crdgen\n";

/// Writes the template, or tells whether it is what would be written.
pub fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let documents = process::run(&mut workspace.cargo(&["run", "--quiet", "--package=plexica-crds", "--bin=crdgen"]))?;
    TEMPLATE.keep(workspace, &template(&documents), check)
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
