//! Starting one child.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io, iter,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
    path::{Path, PathBuf},
    process::Stdio,
};

use plexica_contract::tenancy::environment::LISTEN;
use tokio::process::{Child, Command};

const WATCHDOG: &str = include_str!("watchdog.sh");
/// What a child inherits; the operator's own credentials are in its environment and stay there.
const INHERITED: [&str; 7] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "RUST_LOG", "RUST_BACKTRACE"];
/// Above what services are commonly given, below what systems give by themselves.
const PORTS: Range<u16> = 15_000..32_768;
const ATTEMPTS: usize = 1_000;

/// What is started.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    /// Program and arguments, the program already resolved.
    pub command: Vec<String>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Where it is told to listen.
    pub listen: SocketAddr,
    /// Where its output goes.
    pub log: PathBuf,
}

impl Launch {
    /// Starts it in a process group of its own, under the watchdog.
    pub fn spawn(&self) -> io::Result<Child> {
        let output = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", WATCHDOG, "plugin"])
            .args(&self.command)
            .env_clear()
            .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(&self.environment)
            .env(LISTEN, self.listen.to_string())
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0);
        command.spawn()
    }
}

/// A free port of loopback: the same again, if it still is.
///
/// Until the child has bound it, nothing holds it. So it is none that systems give by themselves, to whoever connects
/// or asks for any (RFC 6335 begins those at 49152, Linux at 32768).
pub(super) fn free_port(before: Option<u16>) -> io::Result<u16> {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let drawn = iter::repeat_with(|| rand::random_range(PORTS)).take(ATTEMPTS);
    before
        .into_iter()
        .chain(drawn)
        .find(is_free)
        .ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "no port of loopback is free"))
}

/// The program of a command: an alias of the configuration, or as it stands.
pub(super) fn resolve(command: &[String], aliases: &BTreeMap<String, PathBuf>) -> Vec<String> {
    let mut command = command.to_vec();
    if let Some(program) = command.first_mut()
        && let Some(path) = aliases.get(program.as_str())
    {
        *program = path.to_string_lossy().into_owned();
    }
    command
}

/// The log of a workload.
pub(super) fn log_path(folder: &Path, namespace: &str, name: &str) -> PathBuf {
    folder.join(format!("{namespace}.{name}.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_replaces_the_program_alone() {
        let aliases = BTreeMap::from([("plexica".to_owned(), PathBuf::from("/opt/plexica"))]);
        let command = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            resolve(&command(&["plexica", "run-plugin", "plexica"]), &aliases),
            command(&["/opt/plexica", "run-plugin", "plexica"])
        );
        assert_eq!(resolve(&command(&["./mine"]), &aliases), command(&["./mine"]));
        assert_eq!(resolve(&[], &aliases), command(&[]));
    }

    #[test]
    fn a_port_is_kept_while_it_is_free() {
        let first = free_port(None).unwrap();
        assert_eq!(free_port(Some(first)).unwrap(), first);
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first)).unwrap();
        assert_ne!(free_port(Some(first)).unwrap(), first);
        drop(taken);
    }

    #[test]
    fn a_port_is_none_that_whoever_connects_may_be_given() {
        let given = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        assert!(given >= PORTS.end, "{given}");
        assert!(PORTS.contains(&free_port(None).unwrap()));
    }

    #[tokio::test]
    async fn how_a_program_ended_is_told_however_soon_that_was() {
        let folder = tempfile::tempdir().unwrap();
        let ended = async |words: &[&str]| {
            let launch = Launch {
                command: words.iter().map(ToString::to_string).collect(),
                environment: BTreeMap::new(),
                listen: (Ipv4Addr::LOCALHOST, 1).into(),
                log: folder.path().join("log"),
            };
            let mut child = launch.spawn().unwrap();
            // Held, or the watchdog would end it.
            let _held = child.stdin.take();
            child.wait().await.unwrap().code()
        };
        for _ in 0..20 {
            assert_eq!(ended(&["/nowhere/to/be/found"]).await, Some(127));
            assert_eq!(ended(&["/bin/sh", "-c", "exit 7"]).await, Some(7));
        }
    }
}
