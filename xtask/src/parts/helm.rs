//! Helm, for the chart.

use super::golang::Program;

/// The program.
pub const PROGRAM: Program = Program { name: "helm", package: "helm.sh/helm/v4/cmd/helm", version: "v4.3.0" };
