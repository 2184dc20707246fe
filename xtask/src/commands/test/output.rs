//! What `cargo test` says, passed on and counted.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::error::{Error, Result};
use crate::process;

/// Results of test binaries, and tests that said they were skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed; a skipped one counts among these for the test runner.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// `<test>: <reason>` of those that were skipped.
    pub skipped: Vec<String>,
    /// `<test>: <place>: <words>` of those that failed, and what the faults broke.
    pub failures: Vec<String>,
}

impl Counts {
    /// Adds those of another run.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped.extend(other.skipped);
        self.failures.extend(other.failures);
    }

    /// Takes in one line of output.
    fn read(&mut self, line: &str) {
        if let Some(skipped) = line.strip_prefix("SKIPPED ") {
            self.skipped.push(skipped.to_owned());
        }
        if line.starts_with("VIOLATION ") {
            self.failures.push(line.to_owned());
        }
        let Some((_, summary)) = line.split_once("test result: ") else {
            return;
        };
        let number = |word: &str| {
            summary
                .split([';', '.'])
                .filter_map(|part| part.trim().strip_suffix(word))
                .find_map(|number| number.trim().parse::<usize>().ok())
                .unwrap_or_default()
        };
        self.passed += number("passed");
        self.failed += number("failed");
    }
}

/// What the test runner tells of a failed test: `---- <test> stdout ----`, somewhere below it
/// `thread '<test>' (<id>) panicked at <place>:`, and on the next line the first of the message.
#[derive(Debug, Default)]
struct Told {
    test: Option<String>,
    place: Option<String>,
}

impl Told {
    /// Takes in one line of output; gives a failure that is complete with it.
    fn read(&mut self, line: &str) -> Option<String> {
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            let before = std::mem::replace(self, Self { test: Some(name.to_owned()), place: None });
            return before.test;
        }
        // One that returned an error, or does not compile, has not panicked.
        if line.starts_with("test result: ") {
            return std::mem::take(self).test;
        }
        if let Some(place) = self.place.take() {
            return self.test.take().map(|test| format!("{test}: {place} {line}"));
        }
        if self.test.is_some()
            && let Some((_, place)) = line.split_once(" panicked at ")
        {
            self.place = Some(place.to_owned());
        }
        None
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Well.
    Succeeded,
    /// With an error.
    Failed,
    /// It was still at it when its time was up, and was killed.
    Late,
}

/// Runs a command with its output on the terminal; tells what it counted and how it ended.
pub fn count(command: &mut Command, until: Instant) -> Result<(Counts, End)> {
    let program = std::path::PathBuf::from(command.get_program());
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(Error::io("run", &program))?;
    let watched = Watched::start(child.id(), until);
    let errors = child.stderr.take();
    let beside = thread::spawn(move || errors.map(|errors| pass_on(errors, std::io::stderr())).unwrap_or_default());
    let mut counts = child.stdout.take().map(|lines| pass_on(lines, std::io::stdout())).unwrap_or_default();
    let status = child.wait().map_err(Error::io("wait for", &program))?;
    counts.add(beside.join().unwrap_or_default());
    let end = match (watched.end(), status.success()) {
        (true, _) => End::Late,
        (false, true) => End::Succeeded,
        (false, false) => End::Failed,
    };
    Ok((counts, end))
}

/// A thread that kills a process with all that it started when its time is up: a test that hangs
/// would otherwise keep the run from ever telling so.
struct Watched {
    thread: JoinHandle<bool>,
    ended: Sender<()>,
}

impl Watched {
    fn start(pid: u32, until: Instant) -> Self {
        let (ended, receiver) = mpsc::channel();
        let thread = thread::spawn(move || {
            let late = receiver.recv_timeout(until.saturating_duration_since(Instant::now())).is_err();
            if late {
                process::kill_all(pid);
            }
            late
        });
        Self { thread, ended }
    }

    /// Whether it had to be killed.
    fn end(self) -> bool {
        // An error means that the thread has done its work already.
        let _told = self.ended.send(());
        self.thread.join().unwrap_or_default()
    }
}

fn pass_on(from: impl Read, mut to: impl Write) -> Counts {
    let mut counts = Counts::default();
    let mut told = Told::default();
    let mut lines = BufReader::new(from);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        counts.read(text.trim_end());
        counts.failures.extend(told.read(text.trim_end()));
        // A closed terminal is no reason to stop counting.
        let _written = to.write_all(&line);
        line.clear();
    }
    counts
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_are_added_up() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test result: ok. 8 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.03s",
            "test a ... ok",
            "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 12.5s",
            "SKIPPED a::b: minio does not run",
        ] {
            counts.read(line);
        }
        assert_eq!(
            counts,
            Counts { passed: 20, failed: 3, skipped: vec!["a::b: minio does not run".into()], ..Counts::default() }
        );
    }

    #[test]
    fn failures_are_told_again_by_name() {
        let text = "\
test drift::a_role ... FAILED
---- drift::a_role stdout ----
 INFO something was done
thread 'drift::a_role' (4711) panicked at operator/tests/operator/drift.rs:12:5:
assertion failed: left == right
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
---- drift::returned_an_error stdout ----
thread 'another' panicked at x.rs:1:2:
words
thread 'another' panicked at y.rs:3:4:
are told once
---- sdk/src/lib.rs - (line 7) stdout ----
error[E0425]: it does not compile
---- returned::an_error stdout ----
Error: \"it is not there\"
test result: FAILED. 1 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s
VIOLATION crash at write 7: it said Conflict
";
        let counts = pass_on(text.as_bytes(), std::io::sink());
        assert_eq!(
            counts.failures,
            [
                "drift::a_role: operator/tests/operator/drift.rs:12:5: assertion failed: left == right",
                "drift::returned_an_error: x.rs:1:2: words",
                "sdk/src/lib.rs - (line 7)",
                "returned::an_error",
                "VIOLATION crash at write 7: it said Conflict",
            ]
        );
    }

    #[test]
    fn lines_are_passed_on_as_they_are() {
        let text = b"test result: ok. 2 passed; 0 failed;\nSKIPPED x: y\n\xff no end";
        let mut seen = Vec::new();
        let counts = pass_on(text.as_slice(), &mut seen);
        assert_eq!(seen, text);
        assert_eq!((counts.passed, counts.skipped.len()), (2, 1));
    }

    #[test]
    fn a_failed_run_is_told() {
        // It prints nothing: a run of these tests is itself counted.
        let soon = Instant::now() + Duration::from_mins(1);
        let (counts, end) = count(Command::new("sh").args(["-c", "exit 1"]), soon).unwrap();
        assert_eq!((counts, end), (Counts::default(), End::Failed));
        let (_, end) = count(Command::new("sh").args(["-c", "exit 0"]), soon).unwrap();
        assert_eq!(end, End::Succeeded);
    }

    #[test]
    fn one_that_hangs_is_killed_with_what_it_started() {
        // The one in between is waited for by nobody, and holds the output open.
        let hang = "sh -c 'sleep 600; true' & sleep 600; true";
        let begun = Instant::now();
        let (_, end) = count(Command::new("sh").args(["-c", hang]), begun + Duration::from_millis(500)).unwrap();
        assert_eq!(end, End::Late);
        assert!(begun.elapsed() < Duration::from_mins(5));
    }
}
