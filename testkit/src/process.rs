//! Commands that are to end, and the processes of this machine.

use std::{
    fs,
    process::{Command, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Generous: a cold machine fetches Postgres first.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);
/// Between two looks at a process.
pub const PAUSE: Duration = Duration::from_millis(20);

/// What a command says that is to end by itself.
///
/// # Panics
/// When it goes on after three minutes; it is killed then.
#[must_use]
pub fn ended(command: &mut Command) -> Output {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    receiver.recv_timeout(PATIENCE).map_or_else(
        |_| {
            signal(pid, Signal::SIGKILL);
            panic!("it goes on after {PATIENCE:?}: {command:?}")
        },
        Result::unwrap,
    )
}

/// The standard output of a command that succeeded.
///
/// # Panics
/// When it failed, with all that it said.
#[expect(clippy::must_use_candidate, reason = "most are run for what they do")]
pub fn succeed(output: &Output, what: &[&str]) -> String {
    assert!(
        output.status.success(),
        "{what:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

/// Processes below this one, by pid.
///
/// # Panics
/// Where there is no `/proc`.
#[must_use]
pub fn descendants(pid: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // The name is in parentheses and may hold anything; the parent is the second field after it.
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect();
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        found.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
        next += 1;
    }
    found.split_off(1)
}

/// Whether it runs: one that has ended and is waited for does not.
#[must_use]
pub fn alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z')))
}

/// `NAME=value` as it was started with; nothing of one that has gone.
#[must_use]
pub fn variables(pid: u32) -> Vec<String> {
    separated(pid, "environ")
}

/// Its program and arguments; nothing of one that has gone.
#[must_use]
pub fn arguments(pid: u32) -> Vec<String> {
    separated(pid, "cmdline")
}

fn separated(pid: u32, file: &str) -> Vec<String> {
    let all = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    all.split(|byte| *byte == 0).map(|one| String::from_utf8_lossy(one).into()).collect()
}
