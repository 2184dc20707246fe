//! The operator as a process of its own, so that it can be killed for real.

use std::{
    fs::OpenOptions,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Name of the log file.
pub const LOG: &str = "operator.log";
/// The program, which lies beside this one.
const PROGRAM: &str = "plexica-operator";

/// Between two looks whether it has ended.
const PAUSE: Duration = Duration::from_millis(100);

/// One operator.
#[derive(Debug, Default)]
pub struct Operator(Option<Child>);

impl Operator {
    /// Starts it with these flags, one of several that agree by a Lease on who works or not; what it
    /// says is added to the log in the folder. It resolves names by that hosts file, if there is one.
    ///
    /// # Panics
    /// If the program was not built.
    pub fn start(flags: &[(&'static str, String)], folder: &Path, elects: bool, hosts: Option<&Path>) -> Self {
        let log = OpenOptions::new().create(true).append(true).open(folder.join(LOG)).unwrap();
        let program = std::env::current_exe().unwrap().with_file_name(PROGRAM);
        let mut command = match hosts {
            Some(hosts) => in_cluster(hosts, &program),
            None => Command::new(&program),
        };
        let child = command
            .args(flags.iter().flat_map(|(flag, value)| [(*flag).to_owned(), value.clone()]))
            .env("KUBECONFIG", folder.join("kubeconfig"))
            .env("PLEXICA_LEADER_ELECTION", elects.to_string())
            .env("NO_COLOR", "1")
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        match child {
            Ok(child) => Self(Some(child)),
            Err(error) => panic!("{} does not start: {error}; build it first", program.display()),
        }
    }

    /// Ends it at once, wherever it is.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.0.take() {
            // An error means that it has ended by itself.
            let _ended = child.kill();
            let _status = child.wait();
        }
    }

    /// How much memory it has, in MiB: its resident set.
    ///
    /// # Panics
    /// When it has ended.
    pub fn resident(&self) -> u32 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse::<u32>().unwrap() / 1024
    }

    /// How many plugins it runs: processes that it has started.
    ///
    /// # Panics
    /// Where there is no `/proc`.
    pub fn plugins(&self) -> usize {
        let parent = format!("PPid:\t{}", self.id());
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let statuses = all.filter_map(|entry| std::fs::read_to_string(entry.path().join("status")).ok());
        statuses.filter(|status| status.lines().any(|line| line == parent)).count()
    }

    /// Whether it was never started, or was killed.
    pub const fn is_away(&self) -> bool {
        self.0.is_none()
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        self.0.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) {
        while self.runs() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn id(&self) -> u32 {
        self.0.as_ref().expect("it was started").id()
    }
}

/// A program for which the names in that file are all there are, as those of a cluster are in a pod: in a mount
/// namespace of its own, for which nobody has to be root.
fn in_cluster(hosts: &Path, program: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "--", "/bin/sh", "-c", r#"mount --bind "$0" /etc/hosts && exec "$@""#]);
    command.arg(hosts).arg(program);
    command
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.kill();
    }
}
