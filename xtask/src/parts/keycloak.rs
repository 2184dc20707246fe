//! Keycloak, with its database on Postgres 17.
//!
//! An empty database costs twelve seconds of migrations, so a dump of an initialised one is
//! made once and kept beside the server.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::maven;
use super::postgres::{self, Server};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::state::{Owner, Start, State};
use crate::{files, ports, process};

const VERSION: &str = "26.5.7";
/// The first administrator of the realm `master`; the server listens on loopback only.
const USER: &str = "admin";
const PASSWORD: &str = "admin";
const DATABASE: &str = "keycloak";
/// Entries of its cache of realms: for hundreds of them, as docs/bootstrap.md advises.
const REALM_ENTRIES: u32 = 100_000;

/// The server, already built for Postgres.
pub fn install(cache: &Cache) -> Result<PathBuf> {
    cache
        .entry("keycloak", VERSION, |folder| {
            let artifact = format!("org.keycloak:keycloak-quarkus-dist:{VERSION}:zip");
            let archive = maven::download(&artifact, folder)?;
            let python = process::require("python3", "install Python 3")?;
            process::run(
                Command::new(python).args(["-m", "zipfile", "--extract"]).args([&archive, &folder.to_path_buf()]),
            )?;
            files::remove(&archive)?;
            let unpacked = folder.join(format!("keycloak-{VERSION}"));
            let script = unpacked.join("bin/kc.sh");
            files::executable(&script)?;
            process::run(kc(&script).args([
                "build",
                "--db=postgres",
                "--health-enabled=true",
                "--metrics-enabled=true",
            ]))?;
            Ok(())
        })
        .map(|folder| folder.join(format!("keycloak-{VERSION}")))
}

/// Starts a server on a database as it is after the very first start.
pub fn start(cache: &Cache, mut start: Start, owner: Owner, superuser: &str) -> Result<State> {
    let home = install(cache)?;
    let database = Database::new(cache, superuser)?;
    let dump = initialised(cache, &home, &database, &start)?;
    database.create()?;
    database.psql(&database.url, &["--file", &dump.to_string_lossy()])?;
    let port = launch(&home, &database, &mut start)?;
    start.export("KEYCLOAK_URL", format!("http://127.0.0.1:{port}"));
    start.export("KEYCLOAK_ADMIN_USER", USER);
    start.export("KEYCLOAK_ADMIN_PASSWORD", PASSWORD);
    start.export("KEYCLOAK_KCADM", home.join("bin/kcadm.sh").display().to_string());
    start.finish(owner)
}

/// A dump of the database after the first start of this version.
fn initialised(cache: &Cache, home: &Path, database: &Database, start: &Start) -> Result<PathBuf> {
    let folder = cache.entry("keycloak-database", VERSION, |folder| {
        database.create()?;
        // Dropped at the end of this block, which stops it.
        let mut first = start.first()?;
        launch(home, database, &mut first)?;
        process::run(
            Command::new(database.bin.join("pg_dump"))
                .arg("--no-owner")
                .arg("--file")
                .arg(folder.join("database.sql"))
                .arg(&database.url),
        )?;
        Ok(())
    })?;
    Ok(folder.join("database.sql"))
}

/// Starts the server and returns its port.
fn launch(home: &Path, database: &Database, start: &mut Start) -> Result<u16> {
    let (port, management) = (start.port()?, start.port()?);
    start.spawn(
        "keycloak",
        kc(&home.join("bin/kc.sh"))
            .args(["start", "--optimized", "--cache=local"])
            .arg(format!("--cache-embedded-realms-max-count={REALM_ENTRIES}"))
            .args(["--http-enabled=true", "--hostname-strict=false"])
            .args(["--http-host=127.0.0.1", "--http-management-host=127.0.0.1"])
            .arg(format!("--http-port={port}"))
            .arg(format!("--http-management-port={management}"))
            .arg(format!("--db-url=jdbc:postgresql://{}", database.address))
            .args(["--db-username=postgres"])
            .env("KC_DB_PASSWORD", postgres::PASSWORD)
            .env("KC_BOOTSTRAP_ADMIN_USERNAME", USER)
            .env("KC_BOOTSTRAP_ADMIN_PASSWORD", PASSWORD),
        180,
        || ports::answers(management, "/health/ready"),
    )?;
    Ok(port)
}

/// Keycloak's script with a JVM that stays small. It compiles as any other does: what is slow in Keycloak would look
/// slower.
fn kc(script: &Path) -> Command {
    let mut command = Command::new(script);
    command
        .env("JAVA_OPTS_KC_HEAP", "-Xms128m -Xmx512m")
        .env("JAVA_OPTS_APPEND", "-XX:-UseG1GC -XX:+UseSerialGC")
        .env_remove("KC_DB_URL");
    command
}

/// Keycloak's own database.
struct Database {
    bin: PathBuf,
    superuser: String,
    url: String,
    /// `host:port/name`, as JDBC wants it.
    address: String,
}

impl Database {
    fn new(cache: &Cache, superuser: &str) -> Result<Self> {
        let server = superuser
            .rsplit_once('/')
            .map(|(server, _)| server)
            .ok_or_else(|| Error::Usage(format!("`{superuser}` names no database")))?;
        let host = server.rsplit_once('@').map_or(server, |(_, host)| host);
        Ok(Self {
            bin: postgres::install(Server::V17, cache)?.join("bin"),
            superuser: superuser.into(),
            url: format!("{server}/{DATABASE}"),
            address: format!("{host}/{DATABASE}"),
        })
    }

    fn psql(&self, url: &str, arguments: &[&str]) -> Result<String> {
        process::run(
            Command::new(self.bin.join("psql"))
                .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"])
                .args(arguments)
                .arg(url),
        )
    }

    /// Makes it anew and empty.
    fn create(&self) -> Result<()> {
        let drop = format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)");
        let create = format!("CREATE DATABASE {DATABASE}");
        self.psql(&self.superuser, &["--command", &drop, "--command", &create])?;
        Ok(())
    }
}
