//! Who gets images that were built.

use std::convert::Infallible;
use std::process::Command;
use std::str::FromStr;

use clap::ValueEnum;

use super::Built;
use crate::error::Result;
use crate::process;

const REMEDY: &str = "install it with the package manager";

/// Something on this machine that runs containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The one that `docker` talks to.
    Docker,
    /// What kubelet talks to; as `ctr` finds it (`CONTAINERD_ADDRESS`).
    Containerd,
}

impl Engine {
    const fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Containerd => "ctr",
        }
    }

    /// Whether there is a program that speaks to it.
    pub fn is_there(self) -> Result<()> {
        process::require(self.program(), REMEDY).map(drop)
    }

    /// Gives it the image.
    pub fn load(self, image: &Built) -> Result<()> {
        let arguments: &[&str] = match self {
            Self::Docker => &["load", "--quiet", "--input"],
            Self::Containerd => &["--namespace", "k8s.io", "images", "import"],
        };
        process::run(Command::new(self.program()).args(arguments).arg(&image.archive)).map(drop)
    }
}

/// A registry, and what comes before the names of images there: `registry.example/team`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry(String);

impl FromStr for Registry {
    type Err = Infallible;

    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        Ok(Self(text.trim_end_matches('/').into()))
    }
}

impl Registry {
    /// Pushes the image under the digest that it was written with. Who signs in to a registry does so with `skopeo login`
    /// or `docker login`.
    pub fn push(&self, image: &Built) -> Result<()> {
        let Built { name, tag, archive, .. } = image;
        let mut command = Command::new("skopeo");
        command.args(["--insecure-policy", "copy", "--quiet", "--preserve-digests"]);
        if self.is_here() {
            command.arg("--dest-tls-verify=false");
        }
        command.arg(format!("oci-archive:{}:{tag}", archive.display()));
        command.arg(format!("docker://{}/{name}:{tag}", self.0));
        process::run(&mut command).map(drop)
    }

    /// Whether there is a program that pushes.
    pub fn can_be_reached() -> Result<()> {
        process::require("skopeo", REMEDY).map(drop)
    }

    /// Engines speak plain HTTP to what is on the same machine, too.
    fn is_here(&self) -> bool {
        let host = self.0.split(['/', ':']).next().unwrap_or_default();
        host == "localhost" || host.starts_with("127.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for (registry, expected) in [
            ("localhost:5000", true),
            ("127.0.0.1:5000/team/", true),
            ("localhost.example", false),
            ("registry.example:5000", false),
        ] {
            let registry: Registry = registry.parse().unwrap();
            assert_eq!(registry.is_here(), expected, "{registry:?}");
        }
    }
}
