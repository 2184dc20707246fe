//! Programs that T2 and Compose need, of one Go module: what they have in common is compiled once.

use std::path::PathBuf;

use super::golang;
use crate::cache::Cache;
use crate::error::Result;

const GO_MOD: &str = include_str!("../../tools/go.mod");
const SOURCES: [(&str, &str); 5] = [
    ("main.go", include_str!("../../tools/main.go")),
    ("firewall/main.go", include_str!("../../tools/firewall/main.go")),
    ("tools.go", include_str!("../../tools/tools.go")),
    ("go.mod", GO_MOD),
    ("go.sum", include_str!("../../tools/go.sum")),
];

/// The cluster's name server, a host process on T2.
pub const COREDNS: Tool = Tool { name: "coredns", module: "github.com/coredns/coredns", version: "v1.15.0", main: "." };

/// What makes the cluster's network heed `NetworkPolicies`, a host process on T2.
pub const FIREWALL: Tool = Tool {
    name: "kube-router-firewall",
    module: "github.com/cloudnativelabs/kube-router/v2",
    version: "v2.1.0",
    main: "./firewall",
};

/// For the chart.
pub const HELM: Tool =
    Tool { name: "helm", module: "helm.sh/helm/v4", version: "v4.3.0", main: "helm.sh/helm/v4/cmd/helm" };

/// Which can only be built as a requirement of another module.
pub const DOCKER_COMPOSE: Tool = Tool {
    name: "docker-compose",
    module: "github.com/docker/compose/v2",
    version: "v2.40.3",
    main: "github.com/docker/compose/v2/cmd",
};

/// One of them.
#[derive(Debug)]
pub struct Tool {
    /// Its name.
    name: &'static str,
    /// The module it is of, as `go.mod` requires it.
    module: &'static str,
    /// The module's version.
    version: &'static str,
    /// Its main package.
    main: &'static str,
}

impl Tool {
    /// The path of the built program.
    pub fn install(&self, cache: &Cache) -> Result<PathBuf> {
        let Self { name, module, version, main } = self;
        let folder = cache.entry(name, version, |folder| {
            // One that was built from modules does not know its version unless it is told; who does has nothing of that name.
            let flags = format!("-s -w -X {module}/internal.Version={version}");
            golang::build(&SOURCES, main, &flags, folder, &folder.join(name))
        })?;
        Ok(folder.join(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_that_are_required() {
        for Tool { module, version, .. } in [COREDNS, FIREWALL, HELM, DOCKER_COMPOSE] {
            assert!(GO_MOD.contains(&format!("\t{module} {version}\n")), "{module} {version}");
        }
    }
}
