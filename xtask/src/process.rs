//! Programs: run to their end, or started and left running.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::files;

/// Runs a program to its end; its output is shown only when it fails.
pub fn run(command: &mut Command) -> Result<String> {
    let what = describe(command);
    let output = command.stdin(Stdio::null()).output().map_err(|source| missing(command, source))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(Error::Failed { what, status: output.status.to_string(), tail: last_lines(&text) })
}

/// Runs a program to its end with its output on the terminal.
pub fn run_aloud(command: &mut Command) -> Result<()> {
    let what = describe(command);
    let status = command.status().map_err(|source| missing(command, source))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Failed { what, status: status.to_string(), tail: "(shown above)".into() })
}

/// The path of a program on `PATH`.
pub fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// The path of a program on `PATH`, or what to do to have it.
pub fn require(program: &str, remedy: &str) -> Result<PathBuf> {
    find(program).ok_or_else(|| Error::MissingProgram { program: program.into(), remedy: remedy.into() })
}

fn missing(command: &Command, source: std::io::Error) -> Error {
    let program = command.get_program();
    if source.kind() == std::io::ErrorKind::NotFound {
        return Error::MissingProgram {
            program: program.to_string_lossy().into_owned(),
            remedy: "install it, or put it on PATH".into(),
        };
    }
    Error::io("run", Path::new(program))(source)
}

fn describe(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args().take(4) {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

/// A process that was left running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// What it is, for people.
    pub name: String,
    pid: i32,
    /// Its start time in the kernel's clock ticks: a process id alone may be another's by now.
    started: u64,
}

impl Process {
    /// Starts a program in a process group of its own, with its output in a log.
    pub fn spawn(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let output = File::create(log).map_err(Error::io("create", log))?;
        let errors = output.try_clone().map_err(Error::io("open", log))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(|source| missing(command, source))?;
        let pid = i32::try_from(child.id()).unwrap_or(i32::MAX);
        Ok(Self { name: name.into(), pid, started: stat(pid).map_or(0, |stat| stat.started) })
    }

    /// Whether this very process still runs.
    pub fn alive(&self) -> bool {
        stat(self.pid).is_some_and(|stat| stat.started == self.started && !stat.ended)
    }

    /// Asks it to end by `signal`, and ends it and what it started after ten seconds.
    pub fn stop(&self, signal: Signal) {
        if !self.alive() {
            return;
        }
        let pid = Pid::from_raw(self.pid);
        if kill(pid, signal).is_ok() {
            let until = Instant::now() + Duration::from_secs(10);
            while self.alive() && Instant::now() < until {
                pause();
            }
        }
        // An error means that nothing is left of the group.
        let _gone = killpg(pid, Signal::SIGKILL);
    }
}

/// Kills a process and all that it started, and what those started.
pub fn kill_all(root: u32) {
    let parents: Vec<(i32, i32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, stat(pid)?.parent)))
        .collect();
    let mut found: Vec<i32> = i32::try_from(root).into_iter().collect();
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    for pid in found {
        // An error means that it has ended by itself.
        let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

struct Stat {
    parent: i32,
    started: u64,
    ended: bool,
}

/// Reads `/proc/PID/stat`, whose second field may hold spaces and parentheses.
fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    Some(Stat { parent, ended: matches!(state, "Z" | "X"), started: fields.nth(17)?.parse().ok()? })
}

/// Waits until `ready`, and gives up when `process` ended or after `seconds`.
pub fn until(
    what: &str,
    seconds: u64,
    process: Option<&Process>,
    log: &Path,
    mut ready: impl FnMut() -> bool,
) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        if ready() {
            return Ok(());
        }
        if let Some(process) = process.filter(|process| !process.alive()) {
            return Err(Error::Ended {
                what: process.name.clone(),
                log: log.into(),
                tail: last_lines(&files::tail(log)),
            });
        }
        if Instant::now() > deadline {
            return Err(Error::NotReady { what: what.into(), seconds, log: log.into() });
        }
        pause();
    }
}

fn pause() {
    std::thread::sleep(Duration::from_millis(30));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_pid_and_start() {
        let folder = std::env::temp_dir().join(format!("xtask-process-{}", std::process::id()));
        files::folder(&folder).unwrap();
        let log = folder.join("log");
        let process = Process::spawn("sleep", Command::new("sleep").arg("60"), &log).unwrap();
        assert!(process.alive());
        let another = Process { started: process.started + 1, ..process.clone() };
        assert!(!another.alive());
        process.stop(Signal::SIGTERM);
        assert!(!process.alive());
        files::remove(&folder).unwrap();
    }

    #[test]
    fn a_failure_shows_the_end_of_the_output() {
        let error = run(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("why") && text.contains('3'), "{text}");
        let error = run(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(matches!(error, Error::MissingProgram { .. }), "{error}");
    }
}
