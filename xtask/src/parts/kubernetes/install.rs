//! Builds the one program, and names it once per component.

use std::path::PathBuf;

use crate::cache::Cache;
use crate::error::Result;
use crate::files;
use crate::parts::golang;

/// The version under test.
pub const VERSION: &str = "1.35.4";
const PROGRAM: &str = "kubernetes";
const COMPONENTS: [&str; 7] =
    ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"];
const SOURCES: [(&str, &str); 3] = [
    ("main.go", include_str!("../../../kubernetes/main.go")),
    ("go.mod", include_str!("../../../kubernetes/go.mod")),
    ("go.sum", include_str!("../../../kubernetes/go.sum")),
];

/// The folder with the components: seven minutes of work for two cores, once.
pub fn install(cache: &Cache) -> Result<PathBuf> {
    cache.entry("kubernetes", VERSION, |folder| {
        golang::build(&SOURCES, ".", &flags(), folder, &folder.join(PROGRAM))?;
        COMPONENTS.iter().try_for_each(|component| files::link(PROGRAM, &folder.join(component)))
    })
}

/// A program built from modules does not know its version unless it is told.
fn flags() -> String {
    let mut parts = VERSION.split('.');
    let [major, minor] = [parts.next(), parts.next()].map(Option::unwrap_or_default);
    let own = "k8s.io/component-base/version";
    let client = "k8s.io/client-go/pkg/version";
    format!(
        "-s -w -X {own}.gitVersion=v{VERSION} -X {own}.gitMajor={major} \
         -X {own}.gitMinor={minor} -X {client}.gitVersion=v{VERSION}"
    )
}
