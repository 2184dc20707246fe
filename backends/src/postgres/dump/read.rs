//! A schema's content, out of it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::ChildStdout;
use tokio::time::timeout;

use super::process::Running;
use crate::Result;
use crate::postgres::Provisioner;

/// It waits for no lock as long as this, and sends what it has read: a longer silence is a broken
/// connection.
const SILENCE: Duration = Duration::from_mins(10);

/// A running `pg_dump` of one schema, in its custom format. It ends with whoever holds it.
#[derive(Debug)]
pub struct Dump {
    running: Running,
    output: ChildStdout,
}

impl Dump {
    /// Starts it. `program` is a path, or a name to be found in `PATH`.
    pub fn start(program: &Path, provisioner: &Provisioner, schema: &str) -> Result<Self> {
        // A pattern; in quotes it is a name.
        let schema_flag = format!("--schema=\"{schema}\"");
        // Milliseconds.
        let arguments = ["--format=custom", "--lock-wait-timeout=15000", &schema_flag];
        let doing = format!("pg_dump of schema {schema}");
        let mut running = Running::start(program, provisioner, doing, &arguments, (Stdio::null(), Stdio::piped()))?;
        let output = running.child.stdout.take().ok_or_else(|| running.broken("it has no output"))?;
        Ok(Self { running, output })
    }

    /// The next piece, as much as fits; nothing at the end.
    pub async fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = timeout(SILENCE, self.output.read(buffer)).await;
        let read = read.map_err(|_| self.running.broken("it was silent for ten minutes"))?;
        read.map_err(|error| self.running.broken("its output broke off").because(error))
    }

    /// Whether what was read is the whole.
    pub async fn end(self) -> Result<()> {
        self.running.end().await
    }
}
