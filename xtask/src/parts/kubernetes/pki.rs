//! Keys, certificates, tokens and kubeconfigs of a cluster.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Tier, node};
use crate::error::Result;
use crate::{files, process};

/// A user of the API server: name of its kubeconfig, user name, groups.
const USERS: [(&str, &str, &str); 5] = [
    ("admin", "admin", "system:masters"),
    ("controller-manager", "system:kube-controller-manager", ""),
    ("scheduler", "system:kube-scheduler", ""),
    ("node", "system:node:node1", "system:nodes"),
    ("proxy", "system:kube-proxy", ""),
];

/// Where the API server listens and what proves who is who.
#[derive(Debug)]
pub struct Credentials {
    /// Folder of keys and certificates.
    pub folder: PathBuf,
    /// Port of the API server.
    pub port: u16,
}

impl Credentials {
    /// Makes them in a cluster's run folder.
    pub fn create(run: &Path, tier: Tier, port: u16) -> Result<Self> {
        let folder = run.join("pki");
        files::folder(&folder)?;
        authority(&folder)?;
        server(&folder, tier)?;
        service_accounts(&folder)?;
        let mut tokens = Vec::new();
        for (place, (file, user, groups)) in USERS.iter().enumerate() {
            let token = files::random_hex()?;
            tokens.push(format!("{token},{user},{place},\"{groups}\"\n"));
            files::write(&run.join(format!("{file}.kubeconfig")), kubeconfig(&folder.join("ca.crt"), port, &token))?;
        }
        files::write(&folder.join("tokens.csv"), tokens.concat())?;
        Ok(Self { folder, port })
    }

    /// A file of the folder.
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

fn openssl(folder: &Path) -> Result<Command> {
    let mut command = Command::new(process::require("openssl", "install OpenSSL 3")?);
    command.current_dir(folder);
    Ok(command)
}

const NEW_KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"];

fn authority(folder: &Path) -> Result<()> {
    process::run(
        openssl(folder)?
            .args(["req", "-x509"])
            .args(NEW_KEY)
            .args(["-keyout", "ca.key", "-out", "ca.crt", "-days", "3650"])
            .args(["-subj", "/CN=plexica-test"]),
    )?;
    Ok(())
}

/// The server's certificate serves as its client certificate towards the kubelet too.
fn server(folder: &Path, tier: Tier) -> Result<()> {
    let mut names = "subjectAltName=IP:127.0.0.1,IP:10.0.0.1,DNS:localhost,DNS:kubernetes,\
                     DNS:kubernetes.default,DNS:kubernetes.default.svc"
        .to_owned();
    if tier == Tier::T2 {
        names.push_str(",IP:");
        names.push_str(node::ADDRESS);
    }
    files::write(&folder.join("server.ext"), names)?;
    process::run(
        openssl(folder)?
            .arg("req")
            .args(NEW_KEY)
            .args(["-keyout", "server.key", "-out", "server.csr"])
            .args(["-subj", "/CN=kube-apiserver/O=system:masters"]),
    )?;
    process::run(
        openssl(folder)?
            .args(["x509", "-req", "-in", "server.csr", "-CA", "ca.crt"])
            .args(["-CAkey", "ca.key", "-CAcreateserial", "-out", "server.crt"])
            .args(["-days", "3650", "-extfile", "server.ext"]),
    )?;
    Ok(())
}

fn service_accounts(folder: &Path) -> Result<()> {
    process::run(openssl(folder)?.args(["genrsa", "-out", "sa.key", "2048"]))?;
    process::run(openssl(folder)?.args(["rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub"]))?;
    Ok(())
}

fn kubeconfig(authority: &Path, port: u16, token: &str) -> String {
    format!(
        "apiVersion: v1\n\
         kind: Config\n\
         clusters:\n\
         - name: plexica-test\n\
         \x20 cluster:\n\
         \x20   server: https://127.0.0.1:{port}\n\
         \x20   certificate-authority: {}\n\
         users:\n\
         - name: user\n\
         \x20 user:\n\
         \x20   token: {token}\n\
         contexts:\n\
         - name: plexica-test\n\
         \x20 context: {{cluster: plexica-test, user: user}}\n\
         current-context: plexica-test\n",
        authority.display()
    )
}
