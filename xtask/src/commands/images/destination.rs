//! Who gets images that were built.

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;

use clap::ValueEnum;

use super::Built;
use crate::error::{Error, Result};
use crate::parts::registry;
use crate::process;
use crate::state::State;

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
pub struct Registry {
    place: String,
    /// Where it says with what to sign in, if not where people have that.
    signed_in: Option<PathBuf>,
}

impl FromStr for Registry {
    type Err = Infallible;

    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        Ok(Self { place: text.trim_end_matches('/').into(), signed_in: None })
    }
}

impl Registry {
    /// The one that tests pull from.
    pub fn of_tests(state: &State) -> Result<Self> {
        let known = |name: &str| {
            let value = state.env.get(&format!("PLEXICA_TEST_REGISTRY_{name}"));
            value.ok_or_else(|| Error::Usage(format!("this registry has no {name}")))
        };
        Ok(Self { place: format!("{}/tests", known("ADDRESS")?), signed_in: Some(known("AUTH_FILE")?.into()) })
    }

    /// Pushes the image, and sees that the registry knows it by the digest that it was written with. Who signs in to a
    /// registry does so with `skopeo login` or `docker login`.
    pub fn push(&self, image: &Built) -> Result<()> {
        let Built { name, tag, archive, digest, .. } = image;
        let there = format!("docker://{}/{name}:{tag}", self.place);
        let mut copy = self.skopeo(&["copy", "--quiet", "--preserve-digests"], "--dest-tls-verify=false");
        process::run(copy.arg(format!("oci-archive:{}:{tag}", archive.display())).arg(&there))?;
        let mut inspect = self.skopeo(&["inspect", "--no-tags", "--format", "{{.Digest}}"], "--tls-verify=false");
        let found = process::run(inspect.arg(&there))?;
        let found = found.trim();
        if found == digest {
            return Ok(());
        }
        Err(Error::Pushed { image: format!("{name}:{tag}"), digest: digest.clone(), found: found.into() })
    }

    fn skopeo(&self, arguments: &[&str], plain: &str) -> Command {
        let mut command = Command::new("skopeo");
        command.arg("--insecure-policy").args(arguments);
        if self.is_here() {
            command.arg(plain);
        }
        command.envs(self.signed_in.iter().map(|file| (registry::SIGNED_IN, file)));
        command
    }

    /// Whether there is a program that pushes.
    pub fn can_be_reached() -> Result<()> {
        process::require("skopeo", REMEDY).map(drop)
    }

    /// Engines speak plain HTTP to what is on the same machine, too.
    fn is_here(&self) -> bool {
        let host = self.place.split(['/', ':']).next().unwrap_or_default();
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
