//! The child process.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::super::{PROVISIONER, Provisioner};
use crate::{Error, Kind, Result, System};

/// How much of its complaints is kept.
const COMPLAINTS: u64 = 16 * 1024;

/// A running program of Postgres that works on one schema. It ends with whoever holds it.
#[derive(Debug)]
pub(super) struct Running {
    /// Such as `pg_dump of schema tenant_acme`.
    pub doing: String,
    pub child: Child,
    complaints: JoinHandle<String>,
}

/// What the program is told of the operator's environment.
const KEPT: [&str; 3] = ["PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"];

impl Running {
    /// Starts it. `program` is a path, or a name to be found in `PATH`.
    pub fn start(
        program: &Path,
        provisioner: &Provisioner,
        doing: String,
        arguments: &[&str],
        (input, output): (Stdio, Stdio),
    ) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["--no-password", &format!("--role={PROVISIONER}")])
            .args(arguments)
            // Nothing of the operator's own secrets is the program's business; where programs and the public
            // certificate authorities are is.
            .env_clear()
            .envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(provisioner.variables()?)
            .stdin(input)
            .stdout(output)
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| unusable(program, error))?;
        let errors = child.stderr.take();
        let complaints = tokio::spawn(async move {
            let mut text = Vec::new();
            if let Some(errors) = errors {
                // What cannot be read is missing from a message, and no more.
                let _ = errors.take(COMPLAINTS).read_to_end(&mut text).await;
            }
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Self { doing, child, complaints })
    }

    /// Whether it did all that it was to do.
    pub async fn end(mut self) -> Result<()> {
        let status = self.child.wait().await;
        let status = status.map_err(|error| self.broken("its end was missed").because(error))?;
        if status.success() {
            return Ok(());
        }
        let complaints = (&mut self.complaints).await.unwrap_or_default();
        tracing::warn!(doing = self.doing, %status, complaints, "a program of Postgres failed");
        Err(self.broken(said(&complaints)))
    }

    pub fn broken(&self, why: &str) -> Error {
        Error::unavailable(System::Postgres, format!("{} failed: {why}", self.doing))
    }
}

/// The first thing that it says went wrong.
fn said(complaints: &str) -> &str {
    let line = complaints.lines().find_map(|line| line.split_once("error: ").map(|(_, what)| what));
    let line = line.unwrap_or("it gave no reason");
    &line[..line.floor_char_boundary(300)]
}

fn unusable(program: &Path, error: io::Error) -> Error {
    Error::new(
        System::Postgres,
        Kind::Invalid,
        format!("the program {} cannot be started: {}", program.display(), error.kind()),
        "Install PostgreSQL's client programs, of the server's version or later, and name them in PLEXICA_PG_DUMP and \
         PLEXICA_PG_RESTORE.",
    )
    .because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_said() {
        let complaints = "pg_dump: last built-in OID is 16383\npg_dump: error: query failed: ERROR:  permission denied for \
                          table note\npg_dump: detail: Query was: LOCK TABLE\n";
        assert_eq!(said(complaints), "query failed: ERROR:  permission denied for table note");
        assert_eq!(said("nothing of the kind"), "it gave no reason");
    }
}
