//! A registry of images that wants credentials: shared, so a test uses names of its own.

use std::process::Command;

use crate::{
    docker::Engine,
    part::{Missing, listening, variable},
};

/// A running registry.
#[derive(Debug, Clone)]
pub struct Registry {
    /// Host and port, as images of it are named.
    pub address: String,
    /// Who may pull.
    pub user: String,
    /// That user's password.
    pub password: String,
}

impl Registry {
    /// The one that runs.
    pub fn find() -> Result<Self, Missing> {
        let read = |name: &str| variable("registry", &format!("REGISTRY_{name}"));
        let address = read("ADDRESS")?;
        listening("registry", &format!("http://{address}"))?;
        Ok(Self { address, user: read("USER")?, password: read("PASSWORD")? })
    }

    /// Gives it an image as the engine has it, but with a label that makes it another one. The engine has that no more.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn give(&self, engine: &Engine, image: &str, name: &str) {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("image.tar");
        let container = engine.docker(&["create", image]);
        engine.docker(&["commit", "--change", &format!("LABEL name={name}"), &container, name]);
        engine.docker(&["rm", &container]);
        engine.docker(&["save", "--output", archive.to_str().unwrap(), name]);
        engine.docker(&["image", "rm", name]);
        let output = Command::new("skopeo")
            .args(["--insecure-policy", "copy", "--dest-tls-verify=false", "--dest-creds"])
            .arg(format!("{}:{}", self.user, self.password))
            .args([format!("docker-archive:{}", archive.display()), format!("docker://{name}")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
