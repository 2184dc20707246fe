//! helm-docs: says what a chart's values do, from the comments beside them.

use super::golang::Program;

/// The program.
pub const PROGRAM: Program =
    Program { name: "helm-docs", package: "github.com/norwoodj/helm-docs/cmd/helm-docs", version: "v1.14.2" };
