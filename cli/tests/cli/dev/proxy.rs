//! `plexica dev` where a proxy is configured: everything of it is on loopback, which no proxy reaches.

use crate::support::{Dev, plexica, succeed};

/// Nothing listens there.
const PROXY: &str = "http://127.0.0.1:1";

#[test]
fn a_proxy_in_the_environment_is_not_asked_for_loopback() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("dev");
    let behind = |arguments: &[&str]| {
        let mut command = plexica();
        for variable in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "ALL_PROXY"] {
            command.env(variable, PROXY);
        }
        command.env_remove("NO_PROXY").env_remove("no_proxy").args(arguments).arg("--data-dir").arg(&folder);
        command
    };
    let dev = Dev::spawn(behind(&["dev", "--output", "json", "--port", "0"]), &folder);
    for arguments in [&["get", "tenants"][..], &["token", "--tenant", "acme", "--user", "grace"]] {
        succeed(&behind(arguments).output().unwrap(), arguments);
    }
    assert!(dev.stop().success());
}
