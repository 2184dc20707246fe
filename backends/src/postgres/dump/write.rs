//! A schema's content, back into it.

use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;

use super::process::Running;
use crate::Result;
use crate::postgres::Provisioner;

/// A running `pg_restore` into one schema, all of it or nothing.
#[derive(Debug)]
pub struct Restore {
    running: Running,
    input: ChildStdin,
}

impl Restore {
    /// Starts it; the schema and its role are there.
    pub fn start(program: &Path, provisioner: &Provisioner, schema: &str) -> Result<Self> {
        let schema_flag = format!("--schema={schema}");
        let database = format!("--dbname={}", provisioner.database()?);
        let arguments = ["--format=custom", "--single-transaction", "--exit-on-error", &schema_flag, &database];
        let doing = format!("pg_restore of schema {schema}");
        let mut running = Running::start(program, provisioner, doing, &arguments, (Stdio::piped(), Stdio::null()))?;
        let input = running.child.stdin.take().ok_or_else(|| running.broken("it takes no input"))?;
        Ok(Self { running, input })
    }

    /// Gives it the next piece of a dump.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.input.write_all(bytes).await;
        // What it has to say about that is said by its end.
        written
            .or_else(|error| if error.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
            .map_err(|error| self.running.broken("its input broke off").because(error))
    }

    /// That was all of it. (Dropped before, it leaves nothing.)
    pub async fn end(self) -> Result<()> {
        drop(self.input);
        self.running.end().await
    }
}
