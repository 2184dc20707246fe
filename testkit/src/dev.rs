//! A running `plexica dev`, and what its tests ask of it.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    str::FromStr,
    sync::mpsc,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};

use crate::process::{PATIENCE, PAUSE, signal, succeed};

const STOP: Duration = Duration::from_mins(1);

/// The command line, without what the shell of the tests says of a platform.
#[must_use]
pub fn plexica(program: &Path) -> Command {
    let mut command = Command::new(program);
    for variable in
        ["DATABASE_URL", "KEYCLOAK_URL", "S3_ENDPOINT", "KUBECONFIG", "PLEXICA_PASSWORD", "PLEXICA_INSTALLATION"]
    {
        command.env_remove(variable);
    }
    command
}

/// It stops with the value; after a failure its log is shown.
#[derive(Debug)]
pub struct Dev {
    program: PathBuf,
    child: Child,
    /// What it says once it is ready, as `--output json` has it.
    pub summary: Value,
    /// `--data-dir`
    pub folder: PathBuf,
}

impl Dev {
    /// Starts on this folder and waits until it says that it is ready.
    ///
    /// # Panics
    /// As [`Dev::spawn`].
    #[must_use]
    pub fn start(program: &Path, folder: &Path) -> Self {
        let mut command = plexica(program);
        command.args(["dev", "--output", "json", "--port", "0", "--data-dir"]).arg(folder);
        Self::spawn(command, folder)
    }

    /// The same with a command of the caller's.
    ///
    /// # Panics
    /// When it is not ready after three minutes, with what it said and its log.
    #[must_use]
    pub fn spawn(mut command: Command, folder: &Path) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            let _ = sender.send(line);
        });
        let line = receiver.recv_timeout(PATIENCE).unwrap_or_default();
        match serde_json::from_str(&line) {
            Ok(summary) => Self { program: command.get_program().into(), child, summary, folder: folder.to_owned() },
            Err(error) => {
                let _ = child.kill();
                let mut text = String::new();
                let _ = child.stderr.take().unwrap().read_to_string(&mut text);
                let log = log(folder);
                panic!("dev printed {line:?} ({error}); stderr: {text}; log: {log}");
            }
        }
    }

    /// A text of the summary.
    ///
    /// # Panics
    /// When it has none of that name.
    #[must_use]
    pub fn text(&self, member: &str) -> &str {
        self.summary[member].as_str().unwrap_or_else(|| panic!("{member} in {}", self.summary))
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The token of a user that was printed.
    ///
    /// # Panics
    /// When the sign-in is refused.
    pub async fn signed_in(&self, client: &reqwest::Client, sign_in: &Value) -> String {
        let text = |member: &str| sign_in[member].as_str().unwrap();
        let form = [
            ("grant_type", "password"),
            ("client_id", "web"),
            ("scope", "openid"),
            ("username", text("user")),
            ("password", text("password")),
        ];
        let url = format!("{}/realms/{}/protocol/openid-connect/token", self.text("issuer"), text("realm"));
        let answer: Value = client.post(url).form(&form).send().await.unwrap().json().await.unwrap();
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Ends it as Ctrl-C does.
    ///
    /// # Panics
    /// When it goes on.
    #[must_use]
    pub fn stop(mut self) -> ExitStatus {
        signal(self.pid(), Signal::SIGINT);
        self.wait()
    }

    /// Ends it as the kernel does when memory is short.
    ///
    /// # Panics
    /// When it goes on.
    pub fn kill(mut self) {
        signal(self.pid(), Signal::SIGKILL);
        self.wait();
    }

    /// How it ended by itself, and what it said.
    ///
    /// # Panics
    /// When it goes on.
    #[must_use]
    pub fn fails(mut self) -> (ExitStatus, String) {
        let status = self.wait();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (status, said)
    }

    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + STOP;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "dev did not stop");
            std::thread::sleep(PAUSE);
        }
    }

    /// A command beside it, on its folder.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        plexica(&self.program).args(arguments).arg("--data-dir").arg(&self.folder).output().unwrap()
    }

    /// The standard output of one that must succeed.
    ///
    /// # Panics
    /// When it fails, with all that it said.
    #[expect(clippy::must_use_candidate, reason = "most are run for what they do")]
    pub fn must(&self, arguments: &[&str]) -> String {
        succeed(&self.run(arguments), arguments)
    }

    /// An access token of a tenant's user.
    ///
    /// # Panics
    /// When there is none for it.
    #[expect(clippy::must_use_candidate, reason = "that there is one may be all that is asked")]
    pub fn token(&self, tenant: &str, user: &str) -> String {
        self.must(&["token", "--tenant", tenant, "--user", user]).trim().to_owned()
    }

    /// The first column of a query's rows, as text, read by the superuser.
    ///
    /// # Panics
    /// When Postgres refuses it.
    #[must_use]
    pub fn sql(&self, query: &str) -> String {
        let query = format!("SELECT coalesce(string_agg(x::text, E'\\n'), '') FROM ({query}) AS t(x)");
        self.database(async |database| sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(database).await)
    }

    /// A statement without an answer, by the superuser.
    ///
    /// # Panics
    /// When Postgres refuses it.
    pub fn execute(&self, statement: &'static str) {
        self.database(async |database| sqlx::raw_sql(statement).execute(database).await);
    }

    /// On a thread of its own, as callers may be inside a runtime.
    fn database<T: Send>(&self, work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error> + Send) -> T {
        let pgpass = fs::read_to_string(self.text("pgpass")).unwrap();
        let password = pgpass.trim().rsplit(':').next().unwrap().to_owned();
        let options = PgConnectOptions::from_str(self.text("database")).unwrap().password(&password);
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let mut database = PgConnection::connect_with(&options).await.unwrap();
                    work(&mut database).await.unwrap()
                })
            });
            thread.join().unwrap()
        })
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            if std::thread::panicking() {
                println!("{}", log(&self.folder));
            }
            signal(self.pid(), Signal::SIGINT);
            self.wait();
        }
    }
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("plexica.log")).unwrap_or_default()
}
