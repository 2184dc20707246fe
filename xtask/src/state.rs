//! What is known of a running part: its processes and how tests reach it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::files;
use crate::ports::Ports;
use crate::process::{self, Process};

/// Who asked for a part: what tests started is stopped after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// `cargo xtask up`.
    Person,
    /// `cargo xtask test`.
    Test,
}

/// The state file of a running part, `state.json` in its run folder. The test kit reads it too.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// Who asked for it.
    pub owner: Owner,
    /// In the order they were started.
    pub processes: Vec<Process>,
    /// `PLEXICA_TEST_…` variables.
    pub env: BTreeMap<String, String>,
}

impl State {
    /// The state in a run folder, if there is one.
    pub fn load(folder: &Path) -> Result<Option<Self>> {
        let path = place(folder);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        serde_json::from_str(&text).map(Some).map_err(|source| Error::State { path, source })
    }

    /// Writes the state at once, so that a reader never sees half of it.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let path = place(folder);
        let text = serde_json::to_string_pretty(self).map_err(|source| Error::State { path: path.clone(), source })?;
        let unfinished = path.with_extension("unfinished");
        files::write(&unfinished, text)?;
        files::rename(&unfinished, &path)
    }

    /// Whether all of its processes run.
    pub fn alive(&self) -> bool {
        self.processes.iter().all(Process::alive)
    }

    /// Stops its processes, the last one first.
    pub fn stop(&self, signal: Signal) {
        for process in self.processes.iter().rev() {
            process.stop(signal);
        }
    }

    /// `export NAME='value'` lines for a shell.
    pub fn exports(&self) -> String {
        self.env.iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect::<Vec<_>>().concat()
    }
}

fn place(folder: &Path) -> PathBuf {
    folder.join("state.json")
}

/// The start of a part: when it fails half-way, what was started is stopped again.
#[derive(Debug)]
pub struct Start {
    folder: PathBuf,
    ports: Ports,
    processes: Vec<Process>,
    env: BTreeMap<String, String>,
    finished: bool,
}

impl Start {
    /// Begins with an empty run folder.
    pub fn new(folder: &Path, ports: Ports) -> Result<Self> {
        files::remove(folder)?;
        files::folder(folder)?;
        Ok(Self { folder: folder.into(), ports, processes: Vec::new(), env: BTreeMap::new(), finished: false })
    }

    /// A path in the run folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A free port that was not given out before.
    pub fn port(&mut self) -> Result<u16> {
        self.ports.next()
    }

    /// A start in a folder within this one, whose processes end when it is dropped.
    pub fn first(&self) -> Result<Self> {
        Self::new(&self.path("first"), self.ports.clone())
    }

    /// Starts a process and waits until it is ready.
    pub fn spawn(
        &mut self,
        name: &str,
        command: &mut std::process::Command,
        seconds: u64,
        ready: impl FnMut() -> bool,
    ) -> Result<()> {
        let log = self.path(&format!("{name}.log"));
        let process = Process::spawn(name, command, &log)?;
        self.processes.push(process.clone());
        process::until(&format!("{name} is ready"), seconds, Some(&process), &log, ready)
    }

    /// Tells tests `PLEXICA_TEST_<name>`.
    pub fn export(&mut self, name: &str, value: impl Into<String>) {
        self.env.insert(format!("PLEXICA_TEST_{name}"), value.into());
    }

    /// Everything is ready.
    pub fn finish(mut self, owner: Owner) -> Result<State> {
        let state = State { owner, processes: self.processes.clone(), env: std::mem::take(&mut self.env) };
        state.save(&self.folder)?;
        self.finished = true;
        Ok(state)
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        if !self.finished {
            for process in self.processes.iter().rev() {
                process.stop(Signal::SIGTERM);
            }
        }
    }
}
