//! A running `plexica dev`, and what its tests ask of it.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    str::FromStr,
    sync::mpsc,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};

/// Generous: a cold machine fetches Postgres first.
const START: Duration = Duration::from_mins(3);
const STOP: Duration = Duration::from_secs(40);
/// Between two looks at a process.
pub const PAUSE: Duration = Duration::from_millis(20);

pub fn plexica() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plexica"));
    for variable in
        ["DATABASE_URL", "KEYCLOAK_URL", "S3_ENDPOINT", "KUBECONFIG", "PLEXICA_PASSWORD", "PLEXICA_INSTALLATION"]
    {
        command.env_remove(variable);
    }
    command
}

/// What a command says that is to end by itself: one that goes on is killed, and the test fails.
pub fn ended(command: &mut Command) -> Output {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    receiver.recv_timeout(START).map_or_else(
        |_| {
            let _ = kill(pid, Signal::SIGKILL);
            panic!("it goes on after {START:?}: {command:?}")
        },
        Result::unwrap,
    )
}

pub struct Dev {
    child: Child,
    pub summary: Value,
    pub folder: PathBuf,
}

impl Dev {
    /// Starts on this folder and waits until it says that it is ready.
    pub fn start(folder: &Path) -> Self {
        let mut command = plexica();
        command.args(["dev", "--output", "json", "--port", "0", "--data-dir"]).arg(folder);
        Self::spawn(command, folder)
    }

    /// The same with a command of the caller's.
    pub fn spawn(mut command: Command, folder: &Path) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            let _ = sender.send(line);
        });
        let line = receiver.recv_timeout(START).unwrap_or_default();
        match serde_json::from_str(&line) {
            Ok(summary) => Self { child, summary, folder: folder.to_owned() },
            Err(error) => {
                let _ = child.kill();
                let mut text = String::new();
                let _ = child.stderr.take().unwrap().read_to_string(&mut text);
                let log = std::fs::read_to_string(folder.join("plexica.log")).unwrap_or_default();
                panic!("dev printed {line:?} ({error}); stderr: {text}; log: {log}");
            }
        }
    }

    pub fn text(&self, member: &str) -> &str {
        self.summary[member].as_str().unwrap_or_else(|| panic!("{member} in {}", self.summary))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The token of a user that was printed.
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

    /// As Ctrl-C does.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(Signal::SIGINT);
        self.wait()
    }

    /// As the kernel does when memory is short.
    pub fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        self.wait();
    }

    /// How it ended by itself, and what it said.
    pub fn fails(mut self) -> (ExitStatus, String) {
        let status = self.wait();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (status, said)
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
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
    pub fn run(&self, arguments: &[&str]) -> Output {
        plexica().args(arguments).arg("--data-dir").arg(&self.folder).output().unwrap()
    }

    /// The same, which must succeed; its standard output.
    pub fn must(&self, arguments: &[&str]) -> String {
        succeed(&self.run(arguments), arguments)
    }

    pub fn token(&self, tenant: &str, user: &str) -> String {
        self.must(&["token", "--tenant", tenant, "--user", user]).trim().to_owned()
    }

    /// The first column of a query's rows, as text, read by the superuser.
    pub fn sql(&self, query: &str) -> String {
        let query = format!("SELECT coalesce(string_agg(x::text, E'\\n'), '') FROM ({query}) AS t(x)");
        self.database(async |database| sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(database).await)
    }

    /// A statement without an answer, by the superuser.
    pub fn execute(&self, statement: &'static str) {
        self.database(async |database| sqlx::raw_sql(statement).execute(database).await);
    }

    /// On a thread of its own, as callers may be inside a runtime.
    fn database<T: Send>(&self, work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error> + Send) -> T {
        let pgpass = std::fs::read_to_string(self.text("pgpass")).unwrap();
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
            self.signal(Signal::SIGINT);
            self.wait();
        }
    }
}

pub fn succeed(output: &Output, what: &[&str]) -> String {
    assert!(
        output.status.success(),
        "{what:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Processes below this one, by pid.
pub fn descendants(pid: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
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

pub fn alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z')))
}
