//! kubeconform: checks rendered manifests against the Kubernetes schemas.

use super::golang::Program;

/// The program.
pub const PROGRAM: Program =
    Program { name: "kubeconform", package: "github.com/yannh/kubeconform/cmd/kubeconform", version: "v0.8.0" };
