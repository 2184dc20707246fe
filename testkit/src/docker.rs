//! A Docker engine: shared, so a test uses names of its own.

use std::process::Command;

use crate::part::{Missing, variable};

/// A running engine.
#[derive(Debug, Clone)]
pub struct Engine {
    /// As `DOCKER_HOST` has it.
    pub host: String,
}

impl Engine {
    /// The one that runs.
    pub fn find() -> Result<Self, Missing> {
        let host = variable("docker", "DOCKER_HOST")?;
        let engine = Self { host };
        let answers = engine.command(&["version"]).output().is_ok_and(|output| output.status.success());
        let silent = || Missing::because("docker does not answer; start it with `cargo xtask up docker`");
        if answers { Ok(engine) } else { Err(silent()) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", &self.host).args(arguments);
        command
    }

    /// What the real command line says.
    ///
    /// # Panics
    /// When it fails.
    pub fn docker(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}
