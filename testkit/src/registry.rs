//! A registry of images that wants credentials: shared, and what is in it is only read.

use std::process::Command;

use crate::part::{Missing, listening, variable};

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

    /// Gives an image of the registry another name there.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn copy(&self, from: &str, to: &str) {
        let credentials = format!("{}:{}", self.user, self.password);
        let output = Command::new("skopeo")
            .args(["--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false"])
            .args(["--src-creds", &credentials, "--dest-creds", &credentials])
            .args([from, to].map(|image| format!("docker://{}/{image}", self.address)))
            .output()
            .unwrap();
        assert!(output.status.success(), "{from}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
