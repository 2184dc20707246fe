//! A new database folder, whole or not at all.

use std::{
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

use super::{
    account::Account,
    program::{SUPERUSER, program},
};

/// Runs initdb. It writes its mark first and everything else after, so it works on a draft: one that
/// was interrupted is thrown away by the next.
pub async fn initialise(
    binaries: &Path,
    folder: &Path,
    data: &Path,
    account: Option<&Account>,
    password: &str,
) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let draft = folder.join("data.new");
    if draft.exists() {
        std::fs::remove_dir_all(&draft).map_err(text)?;
    }
    let password_file = PasswordFile::write(folder.join("password"), account, password).map_err(text)?;
    let child = program(binaries, "initdb", account)
        .arg("-D")
        .arg(&draft)
        .args(["-U", SUPERUSER, "-A", "scram-sha-256", "-E", "UTF8", "--no-locale"])
        .args(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"])
        .arg("--pwfile")
        .arg(&password_file.0)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(text)?;
    let mut group = Group(child.id().and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw));
    let output = child.wait_with_output().await.map_err(text)?;
    group.0 = None;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    std::fs::rename(&draft, data).map_err(text)
}

/// initdb and the servers it runs. They end when this goes out of scope before initdb did: they would
/// write on into a draft that the next start throws away.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            let _ = killpg(leader, Signal::SIGKILL);
        }
    }
}

/// Removed when it goes out of scope, whatever became of initdb.
struct PasswordFile(PathBuf);

impl PasswordFile {
    fn write(path: PathBuf, account: Option<&Account>, password: &str) -> std::io::Result<Self> {
        let mut file = std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        let written = Self(path);
        file.write_all(password.as_bytes())?;
        if let Some(account) = account {
            nix::unistd::chown(&written.0, Some(account.uid), Some(account.gid))?;
        }
        Ok(written)
    }
}

impl Drop for PasswordFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
