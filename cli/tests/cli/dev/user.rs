//! `plexica dev` by somebody who is not root.

use std::{
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::Command,
};

use crate::support::{Dev, descendants, succeed};
use nix::unistd::{Uid, User, chown};
use plexica_testkit::{Missing, or_skip};

/// Where root's own `dev` keeps PostgreSQL if its home is closed: fetched already, open to all.
const SHARED_CACHE: &str = "/var/cache";

#[test]
fn an_ordinary_user_runs_everything_as_themselves() {
    let home = tempfile::tempdir().unwrap();
    let (user, program) = if Uid::effective().is_root() {
        let nobody = User::from_name("nobody").unwrap();
        let missing = || Missing::because("this machine has no account \"nobody\"");
        let Some(nobody) = or_skip(nobody.ok_or_else(missing)) else { return };
        chown(home.path(), Some(nobody.uid), Some(nobody.gid)).unwrap();
        // The build's folder may be closed to others.
        let program = home.path().join("plexica");
        // By a program of its own: what another test starts meanwhile would hold this file open for writing.
        assert!(Command::new("cp").arg(env!("CARGO_BIN_EXE_plexica")).arg(&program).status().unwrap().success());
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        (nobody, program)
    } else {
        (User::from_uid(Uid::effective()).unwrap().unwrap(), env!("CARGO_BIN_EXE_plexica").into())
    };
    let run = || {
        let mut command = Command::new(&program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home.path()).current_dir(home.path());
        if Path::new(SHARED_CACHE).join("plexica/postgresql").is_dir() {
            command.env("XDG_CACHE_HOME", SHARED_CACHE);
        }
        if Uid::effective().is_root() {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    };
    let mut command = run();
    command.args(["dev", "--output", "json", "--port", "0"]);
    let folder = home.path().join(".plexica");
    let dev = Dev::spawn(command, &folder);
    let children = descendants(dev.pid());
    assert!(children.len() >= 2, "Postgres and the plugin: {children:?}");
    for pid in children {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        if let Some(uid) = uid.and_then(|uid| uid.split_whitespace().next()) {
            assert_eq!(uid, user.uid.as_raw().to_string(), "{status}");
        }
    }
    // In the folder where `dev` was started, without naming anything.
    let output = run().args(["get", "tenants"]).output().unwrap();
    assert!(succeed(&output, &["get", "tenants"]).contains("acme"));
    let output = run().args(["token", "--tenant", "acme", "--user", "grace"]).output().unwrap();
    assert_eq!(succeed(&output, &["token"]).trim().split('.').count(), 3);
    for entry in [".", "secrets.json", "kubeconfig", "pgpass", "plexica.log", "s3", "plugin-logs", "tls", "postgres"] {
        let mode = std::fs::metadata(folder.join(entry)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{entry} is its owner's alone");
    }
    assert!(dev.stop().success());
}
