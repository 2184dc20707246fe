//! A registry of images that wants to know who asks: the CNCF's Distribution.

use std::path::Path;
use std::process::Command;

use crate::error::Result;
use crate::files;
use crate::ports;
use crate::process;
use crate::state::{Owner, Start, State};

/// What it needs, and the package of Debian that has it; skopeo is what images are pushed with.
pub const PROGRAMS: [(&str, &str); 2] = [("docker-registry", "docker-registry"), ("skopeo", "skopeo")];
/// Who may pull and push; the server listens on loopback only.
const USER: &str = "plexica";
const PASSWORD: &str = "plexica-registry-secret";
/// The password's bcrypt, as the server reads it.
const USERS: &str = "plexica:$2b$05$abcdefghijklmnopqrstuuk0SUHKlIhMnvZwYbu9gJV5jD8CE5odO\n";
/// The variable by which skopeo finds with what to sign in.
pub const SIGNED_IN: &str = "REGISTRY_AUTH_FILE";

/// Starts an empty registry.
pub fn start(mut start: Start, owner: Owner) -> Result<State> {
    for (program, package) in PROGRAMS {
        process::require(program, &format!("install the package {package}"))?;
    }
    let port = start.port()?;
    let address = format!("127.0.0.1:{port}");
    let [users, data, configuration, signed_in] =
        ["users", "data", "config.yml", "auth.json"].map(|name| start.path(name));
    files::write(&users, USERS)?;
    files::write(&configuration, configured(&address, &users, &data))?;
    start.spawn("registry", Command::new("docker-registry").arg("serve").arg(&configuration), 30, || {
        ports::answers(port, "/")
    })?;
    process::run(
        Command::new("skopeo")
            .args(["login", "--tls-verify=false", "--username", USER, "--password", PASSWORD, &address])
            .env(SIGNED_IN, &signed_in),
    )?;
    start.export("REGISTRY_ADDRESS", address);
    start.export("REGISTRY_USER", USER);
    start.export("REGISTRY_PASSWORD", PASSWORD);
    start.export("REGISTRY_AUTH_FILE", signed_in.display().to_string());
    start.finish(owner)
}

/// <https://distribution.github.io/distribution/about/configuration/>
fn configured(address: &str, users: &Path, data: &Path) -> String {
    serde_json::json!({
        "version": 0.1,
        "log": { "level": "warn", "accesslog": { "disabled": true } },
        "storage": { "filesystem": { "rootdirectory": data } },
        "http": { "addr": address },
        "auth": { "htpasswd": { "realm": "plexica", "path": users } },
    })
    .to_string()
}
