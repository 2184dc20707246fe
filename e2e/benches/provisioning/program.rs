//! Child processes, and what processes take.

use std::{fs, path::Path, process::Stdio, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::{Child, ChildStdout, Command};

use crate::{
    memory::kilobytes,
    outcome::{Result, failed},
};

const STOP: Duration = Duration::from_secs(30);

/// A running child; asked to end when dropped.
pub struct Program {
    child: Child,
    pid: u32,
}

impl Program {
    /// Starts it; what it says of itself goes to the file.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let log = fs::File::options().create(true).append(true).open(log)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn()?;
        let Some(pid) = child.id() else { return failed("it ended at once") };
        Ok(Self { child, pid })
    }

    pub const fn pid(&self) -> u32 {
        self.pid
    }

    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Asks it to end, and waits.
    pub async fn stop(mut self) -> Result<()> {
        self.terminate();
        match tokio::time::timeout(STOP, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => failed(format!("it did not end well ({status})")),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => failed(format!("it did not end within {STOP:?}")),
        }
    }

    fn terminate(&self) {
        // Without an id it has ended, and its number may be another's.
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.terminate();
    }
}

/// Resident memory in MB.
pub fn resident(pid: u32) -> Result<f64> {
    Ok(kilobytes(&format!("/proc/{pid}/status"), "VmRSS:")? / 1024.0)
}

/// Memory in MB with what is shared counted by its share.
pub fn proportional(pid: u32) -> Result<f64> {
    Ok(kilobytes(&format!("/proc/{pid}/smaps_rollup"), "Pss:")? / 1024.0)
}

/// All processes below that one, with their command lines.
pub fn descendants(root: u32) -> Result<Vec<(u32, String)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end while it is looked at.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        all.push((pid, parent, String::from_utf8_lossy(&command).replace('\0', " ")));
    }
    let mut family = vec![root];
    let mut found = Vec::new();
    while let Some(parent) = family.pop() {
        for (pid, _, command) in all.iter().filter(|(_, of, _)| *of == Some(parent)) {
            family.push(*pid);
            found.push((*pid, command.clone()));
        }
    }
    Ok(found)
}
