//! Kubernetes, the real one: a single Go program of ours links all of its components, since no
//! registry of container images is needed for that.

pub mod control_plane;
pub mod install;
pub mod leftovers;
pub mod node;
pub mod pause;
pub mod pki;

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use crate::cache::Cache;
use crate::error::Result;
use crate::state::{Owner, Start, State};

/// How much of a cluster runs. Each tier is a cluster of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// etcd and the API server.
    T0,
    /// With controllers and scheduler.
    T1,
    /// With a node that runs pods.
    T2,
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::T0 => "t0",
            Self::T1 => "t1",
            Self::T2 => "t2",
        })
    }
}

/// A cluster that is being started.
pub struct Cluster<'a> {
    tier: Tier,
    /// The folder with the components.
    bin: PathBuf,
    cache: &'a Cache,
    start: Start,
    credentials: pki::Credentials,
}

impl Cluster<'_> {
    /// A component, by its name.
    fn component(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        // They are small beside this machine's memory, and collect garbage less often than they would.
        command.current_dir(self.start.path("")).env("GOGC", "400");
        command
    }

    fn kubectl(&self) -> Command {
        let mut command = self.component("kubectl");
        command.arg("--kubeconfig").arg(self.start.path("admin.kubeconfig"));
        command
    }
}

/// Starts a fresh cluster.
pub fn start(tier: Tier, cache: &Cache, mut start: Start, owner: Owner) -> Result<State> {
    if tier == Tier::T2 {
        node::check()?;
    }
    let bin = install::install(cache)?;
    let credentials = pki::Credentials::create(&start.path(""), tier, start.port()?)?;
    let mut cluster = Cluster { tier, bin, cache, start, credentials };
    control_plane::start(&mut cluster)?;
    if tier >= Tier::T1 {
        control_plane::start_controllers(&mut cluster)?;
    }
    if tier == Tier::T2 {
        node::start(&mut cluster)?;
    }
    let kubeconfig = cluster.start.path("admin.kubeconfig");
    let kubectl = cluster.bin.join("kubectl");
    let name = tier.to_string().to_uppercase();
    let start = &mut cluster.start;
    start.export(&format!("KUBERNETES_{name}_KUBECONFIG"), kubeconfig.display().to_string());
    start.export("KUBECTL", kubectl.display().to_string());
    cluster.start.finish(owner)
}
