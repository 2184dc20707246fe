//! A server that a killed `plexica dev` left running. The folder's lock says that nobody uses it.

use std::{path::Path, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

const STOP_SECONDS: u64 = 15;

/// Ends the one on this database folder, if there is one, and waits for the sessions of one that was
/// killed: they notice, and until then no other server starts there. Its pid goes last: Postgres would
/// take any process that has it now, even one that has ended, for itself.
pub async fn end(data: &Path) -> Result<(), String> {
    let file = data.join("postmaster.pid");
    let Ok(text) = std::fs::read_to_string(&file) else { return Ok(()) };
    let Some(pid) = text.lines().next().and_then(|line| line.trim().parse().ok()).map(Pid::from_raw) else {
        return Ok(());
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(STOP_SECONDS);
    let mut is_asked = false;
    loop {
        let left = if serves(pid, data) { Some(pid) } else { session(data) };
        let Some(left) = left else { break };
        if left == pid && !is_asked {
            let _ = kill(pid, Signal::SIGINT);
            is_asked = true;
        }
        if tokio::time::Instant::now() > deadline {
            return Err(format!("process {left} of an earlier run does not end"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Without /proc nothing was seen, and so nothing is known.
    if Path::new("/proc/self").exists() && file.exists() {
        std::fs::remove_file(&file).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The pid may have been given to a stranger since: only a Postgres on this folder counts. One that has
/// ended, and that nobody has taken notice of, has no command any more.
fn serves(pid: Pid, data: &Path) -> bool {
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    command.split(|byte| *byte == 0).any(|argument| argument == data.as_os_str().as_encoded_bytes())
}

/// A process of a server on this folder, but not the one that others go with: such a one names what it
/// does in place of its command.
fn session(data: &Path) -> Option<Pid> {
    let data = data.canonicalize().ok()?;
    std::fs::read_dir("/proc").ok()?.find_map(|entry| {
        let process = entry.ok()?;
        let pid = process.file_name().to_str()?.parse().ok().map(Pid::from_raw)?;
        let is_one = std::fs::read(process.path().join("cmdline")).ok()?.starts_with(b"postgres: ");
        (is_one && std::fs::read_link(process.path().join("cwd")).ok()? == data).then_some(pid)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_stranger_with_the_same_pid_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut stranger = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        std::fs::write(folder.path().join("postmaster.pid"), format!("{}\n", stranger.id())).unwrap();
        end(folder.path()).await.unwrap();
        assert!(stranger.try_wait().unwrap().is_none());
        assert!(!folder.path().join("postmaster.pid").exists(), "Postgres would take the stranger for itself");
        stranger.kill().unwrap();
        stranger.wait().unwrap();
    }

    #[tokio::test]
    async fn one_on_the_folder_ends_even_if_nobody_takes_notice() {
        let folder = tempfile::tempdir().unwrap();
        let script = ["-c", "sleep 60; true", "postgres", folder.path().to_str().unwrap()];
        let mut child = std::process::Command::new("bash").args(script).spawn().unwrap();
        std::fs::write(folder.path().join("postmaster.pid"), format!("{}\n", child.id())).unwrap();
        // Its exec may not have happened yet.
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        plexica_testkit::wait_until("its command shows", Duration::from_secs(5), async || serves(pid, folder.path()))
            .await;
        kill(pid, Signal::SIGTERM).unwrap();
        end(folder.path()).await.unwrap();
        child.wait().unwrap();
    }
}
