//! The server process.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};
use tokio::process::Child;

use super::{
    account::Account,
    initialise::initialise,
    left_over,
    program::{SUPERUSER, program},
};
use crate::dev::Error;

const START_SECONDS: u64 = 30;
const STOP_SECONDS: u64 = 15;

/// A server, which is this process's child.
pub struct Server {
    child: Child,
    options: PgConnectOptions,
    log: PathBuf,
}

impl Server {
    /// Initialises the folder if it is new, ends what an earlier process left running there, and
    /// starts. It does not answer yet.
    pub async fn start(
        binaries: &Path,
        folder: &Path,
        account: Option<&Account>,
        password: &str,
    ) -> Result<Self, Error> {
        let data = folder.join("data");
        let log = folder.join("log");
        let failed = |reason: String| Error::Postgres { reason, log: log.clone() };
        if data.join("PG_VERSION").exists() {
            left_over::end(&data).await.map_err(failed)?;
        } else {
            initialise(binaries, folder, &data, account, password).await.map_err(failed)?;
        }
        let port = free_port().map_err(|error| failed(error.to_string()))?;
        let output = std::fs::File::options().create(true).append(true).open(&log).map_err(Error::file(&log))?;
        let errors = output.try_clone().map_err(Error::file(&log))?;
        let mut command = program(binaries, "postgres", account);
        command
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
            .args(["-c", "max_connections=200"])
            .stdout(output)
            .stderr(errors);
        let child = command.spawn().map_err(|error| failed(error.to_string()))?;
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(port)
            .username(SUPERUSER)
            .password(password)
            .database("postgres");
        Ok(Self { child, options, log })
    }

    /// Waits until it answers; how the superuser connects.
    pub async fn ready(&mut self) -> Result<PgConnectOptions, Error> {
        match self.wait_until_ready().await {
            Ok(()) => Ok(self.options.clone()),
            Err(reason) => Err(Error::Postgres { reason, log: self.log.clone() }),
        }
    }

    /// Resolves when it has ended although nobody asked it to.
    pub async fn ended(&mut self) -> Error {
        let status = self.child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
        Error::PostgresEnded { status, log: self.log.clone() }
    }

    /// Ends sessions, writes everything and stops; a server that hangs is made to.
    pub async fn stop(mut self) {
        for signal in [Signal::SIGINT, Signal::SIGQUIT] {
            if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
                let _ = kill(Pid::from_raw(pid), signal);
            }
            if tokio::time::timeout(Duration::from_secs(STOP_SECONDS), self.child.wait()).await.is_ok() {
                return;
            }
        }
    }

    async fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(START_SECONDS);
        let quiet = self.options.clone().disable_statement_logging();
        loop {
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                return Err(format!("it ended at once ({status})"));
            }
            let last = match sqlx::PgConnection::connect_with(&quiet).await {
                Ok(connection) => {
                    let _ = connection.close().await;
                    return Ok(());
                }
                Err(error) => error,
            };
            if tokio::time::Instant::now() > deadline {
                return Err(format!("no answer within {START_SECONDS} s ({last})"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn free_port() -> std::io::Result<u16> {
    TcpListener::bind("127.0.0.1:0")?.local_addr().map(|address| address.port())
}
