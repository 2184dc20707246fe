//! Postgres: a database of its own for each test.

use std::path::PathBuf;
use std::sync::Mutex;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use url::Url;

use crate::part::{Missing, listening, variable};
use crate::unique::{random_part, unique};

/// A version under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PgVersion {
    /// The oldest supported one.
    V15,
    /// The recommended one.
    V17,
    /// The recommended one, on the server that belongs to the cluster with a node.
    T2,
}

/// A running server.
#[derive(Debug, Clone)]
pub struct Server {
    url: Url,
    bin: Option<PathBuf>,
}

impl Server {
    /// The running server of that version.
    pub fn find(version: PgVersion) -> Result<Self, Missing> {
        let (part, prefix) = match version {
            PgVersion::V15 => ("postgres15", "POSTGRES15"),
            PgVersion::V17 => ("postgres17", "POSTGRES17"),
            PgVersion::T2 => ("postgres-t2", "POSTGRES_T2"),
        };
        let url = variable(part, &format!("{prefix}_URL"))?;
        Ok(Self { url: listening(part, &url)?, bin: variable(part, &format!("{prefix}_BIN")).ok().map(PathBuf::from) })
    }

    /// The superuser's URL of the database `postgres`.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The folder of `psql`, `pg_dump` and the rest, if known.
    pub fn bin(&self) -> Option<&PathBuf> {
        self.bin.as_ref()
    }

    /// A fresh, empty database, dropped when the value is.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn database(&self) -> Database {
        let name = unique("test");
        let mut connection = PgConnection::connect(self.url.as_str()).await.expect("Postgres answers");
        let create = format!(r#"CREATE DATABASE "{name}""#);
        connection.execute(AssertSqlSafe(create)).await.expect("a superuser can create a database");
        // An error here would only leave the connection to the server's own cleanup.
        let _closed = connection.close().await;
        let mut url = self.url.clone();
        url.set_path(&name);
        Database { server: self.url.clone(), url, name, marks: Mutex::default() }
    }
}

/// A database of one test.
#[derive(Debug)]
pub struct Database {
    server: Url,
    url: Url,
    name: String,
    /// Random parts of names: roles that hold one are dropped with the database.
    marks: Mutex<Vec<String>>,
}

impl Database {
    /// Its URL, as the superuser.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its URL for another login.
    ///
    /// # Panics
    /// Never: a Postgres URL always takes a user and a password.
    pub fn url_as(&self, user: &str, password: &str) -> Url {
        let mut url = self.url.clone();
        url.set_username(user).expect("a URL with a host");
        url.set_password(Some(password)).expect("a URL with a host");
        url
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A login of the operator's own, as `docs/bootstrap.md` makes it; `bootstrap` is the SQL of that
    /// page.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn operator_login(&self, bootstrap: &'static str, password: &str) -> String {
        let (login, database, password) = (self.unique("op"), &self.name, password.replace('\'', "''"));
        let create = format!(
            "CREATE ROLE \"{login}\" LOGIN NOINHERIT PASSWORD '{password}'; GRANT plexica_provisioner TO \"{login}\";
             GRANT CONNECT ON DATABASE \"{database}\" TO \"{login}\""
        );
        let mut superuser = self.connect().await;
        superuser.execute(bootstrap).await.expect("the bootstrap SQL");
        superuser.execute(sqlx::raw_sql(AssertSqlSafe(create))).await.expect("a superuser can create a login");
        login
    }

    /// A connection as the superuser.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(self.url.as_str()).await.expect("Postgres answers")
    }

    /// A name nobody else has, valid as slug and plugin id. Roles are global on a server: those
    /// whose names hold this one's random part are dropped with the database.
    ///
    /// # Panics
    /// If the prefix has more than 15 characters.
    pub fn unique(&self, prefix: &str) -> String {
        let name = unique(prefix);
        self.marks.lock().expect("no test panics inside").push(random_part(&name).to_owned());
        name
    }
}

impl Drop for Database {
    /// Works in the middle of a panic and outside of any runtime: on a thread of its own.
    fn drop(&mut self) {
        let marks = self.marks.lock().map(|marks| marks.clone()).unwrap_or_default();
        let (server, name) = (self.server.clone(), self.name.clone());
        let ended = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(sqlx::Error::Io).and_then(|runtime| runtime.block_on(remove(&server, &name, &marks)))
        })
        .join();
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("the database {} stays behind: {error}", self.name),
            Err(_) => eprintln!("the database {} stays behind", self.name),
        }
    }
}

async fn remove(server: &Url, name: &str, marks: &[String]) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(server.as_str()).await?;
    connection.execute(AssertSqlSafe(format!(r#"DROP DATABASE IF EXISTS "{name}" WITH (FORCE)"#))).await?;
    for mark in marks {
        remove_roles(&mut connection, mark).await?;
    }
    connection.close().await
}

/// Roles depend on each other by grants, so those that go are dropped until none goes any more.
async fn remove_roles(connection: &mut PgConnection, mark: &str) -> Result<(), sqlx::Error> {
    loop {
        let roles: Vec<String> =
            sqlx::query_scalar("SELECT rolname::text FROM pg_roles WHERE strpos(rolname, $1) > 0 ORDER BY rolname")
                .bind(mark)
                .fetch_all(&mut *connection)
                .await?;
        let mut failure = None;
        let mut dropped = 0;
        for role in &roles {
            match connection.execute(AssertSqlSafe(format!(r#"DROP ROLE IF EXISTS "{role}""#))).await {
                Ok(_) => dropped += 1,
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            None => return Ok(()),
            Some(error) if dropped == 0 => return Err(error),
            Some(_) => {}
        }
    }
}
