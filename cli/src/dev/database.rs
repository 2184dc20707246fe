//! The database of dev mode, whoever runs it.

use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;
use plexica_backends::{
    Secret,
    postgres::{
        CORE_API, OPERATOR,
        bootstrap::{self, Passwords},
    },
};
use sqlx::{
    ConnectOptions, Connection, Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use url::Url;

use super::{DataDir, Error, Options, Secrets, folder};

/// Name of the database inside a Postgres that dev mode brought along.
const NAME: &str = "plexica";
const VARIABLE: &str = "DATABASE_URL";
/// SQLSTATE of a password that is not the login's.
const WRONG_PASSWORD: &str = "28P01";

/// URLs of one database.
pub struct Database {
    administrator: Url,
    ca_bundle: Option<PathBuf>,
    logins: Passwords,
}

impl Database {
    /// Makes a database of our own in a server of our own.
    pub async fn create(server: &PgConnectOptions, secrets: &Secrets) -> Result<Self, Error> {
        let mut connection = server.connect().await?;
        let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(NAME)
            .fetch_one(&mut connection)
            .await?;
        if !there {
            connection.execute("CREATE DATABASE plexica").await?;
        }
        connection.close().await?;
        let administrator = server.clone().database(NAME).to_url_lossy();
        Ok(Self { administrator, ca_bundle: None, logins: secrets.logins() })
    }

    /// Takes the one that was given, if it is this folder's or nobody's.
    pub async fn given(url: &str, options: &Options, secrets: &Secrets) -> Result<Self, Error> {
        let administrator = parse(url)?;
        let logins = derived(&administrator).unwrap_or_else(|| secrets.logins());
        let database = Self { administrator, ca_bundle: options.ca_bundle.clone(), logins };
        let mut connection = database.options()?.connect().await?;
        database.refuse_foreign_logins(&mut connection).await?;
        folder::claim(&mut connection, &secrets.folder()).await?;
        connection.close().await?;
        Ok(database)
    }

    /// Removes what this folder's `dev` put into the one that was given.
    pub async fn clear(url: &str, options: &Options, secrets: &Secrets) -> Result<(), Error> {
        let mut connection = Self::connect_options(url, options.ca_bundle.as_deref())?.connect().await?;
        folder::release(&mut connection, &secrets.folder()).await?;
        Ok(connection.close().await?)
    }

    /// How the administrator of a given one connects.
    pub fn connect_options(url: &str, ca_bundle: Option<&Path>) -> Result<PgConnectOptions, Error> {
        let options: PgConnectOptions = parse(url)?
            .as_str()
            .parse()
            .map_err(|error: sqlx::Error| Error::Given { variable: VARIABLE, reason: error.to_string() })?;
        Ok(match ca_bundle {
            Some(file) => options.ssl_root_cert(file),
            None => options,
        })
    }

    /// Roles, rights and logins, as an administrator makes them once.
    pub async fn bootstrap(&self) -> Result<(), Error> {
        bootstrap::apply(&Secret::new(self.administrator.as_str()), self.ca_bundle.as_deref(), &self.logins)
            .await
            .map_err(Error::service("the database's set-up"))
    }

    /// A small pool of the administrator, for the parts that only dev mode runs.
    pub async fn pool(&self) -> Result<PgPool, Error> {
        Ok(PgPoolOptions::new().max_connections(16).connect_with(self.options()?).await?)
    }

    /// The operator's login.
    pub fn of_operator(&self) -> String {
        self.of(OPERATOR, &self.logins.operator)
    }

    /// The core API's login.
    pub fn of_core_api(&self) -> String {
        self.of(CORE_API, &self.logins.core_api)
    }

    /// What is shown to people: the administrator's URL without its password.
    pub fn shown(&self) -> String {
        let mut url = self.administrator.clone();
        let _ = url.set_password(None);
        url.set_query(None);
        url.into()
    }

    /// Writes the password where psql finds it (PGPASSFILE).
    pub fn write_pgpass(&self, data: &DataDir) -> Result<PathBuf, Error> {
        let password = password(&self.administrator).unwrap_or_default();
        let password = password.replace('\\', "\\\\").replace(':', "\\:");
        data.write_private("pgpass", format!("*:*:*:*:{password}\n").as_bytes())
    }

    /// Logins are the whole server's: giving them a password of ours would lock out the
    /// installation whose they are.
    async fn refuse_foreign_logins(&self, administrator: &mut PgConnection) -> Result<(), Error> {
        for (login, password) in [(OPERATOR, &self.logins.operator), (CORE_API, &self.logins.core_api)] {
            let query = "SELECT coalesce(bool_or(rolpassword IS NOT NULL), false) FROM pg_authid WHERE rolname = $1";
            let has_password: bool = sqlx::query_scalar(query).bind(login).fetch_one(&mut *administrator).await?;
            if !has_password {
                continue;
            }
            let attempt = self.options()?.username(login).password(password.reveal()).connect().await;
            let code =
                attempt.err().and_then(|error| error.into_database_error()?.code().map(std::borrow::Cow::into_owned));
            if code.as_deref() == Some(WRONG_PASSWORD) {
                let reason = format!(
                    "its server serves another installation, whose login {login} has another password: give a server \
                     of its own"
                );
                return Err(Error::Given { variable: VARIABLE, reason });
            }
        }
        Ok(())
    }

    fn options(&self) -> Result<PgConnectOptions, Error> {
        Self::connect_options(self.administrator.as_str(), self.ca_bundle.as_deref())
    }

    fn of(&self, user: &str, password: &Secret) -> String {
        let mut url = self.administrator.clone();
        // Only a URL without a host refuses these, and a database has one.
        let _ = url.set_username(user);
        let _ = url.set_password(Some(password.reveal()));
        url.into()
    }
}

/// As the server knows it.
fn password(url: &Url) -> Option<String> {
    Some(percent_encoding::percent_decode_str(url.password()?).decode_utf8_lossy().into_owned())
}

fn parse(url: &str) -> Result<Url, Error> {
    let reason = "it is no URL such as postgres://user:password@host/database";
    let parsed = Url::parse(url).ok().filter(|url| url.scheme().starts_with("postgres") && url.has_host());
    parsed.ok_or_else(|| Error::Given { variable: VARIABLE, reason: reason.into() })
}

/// Passwords that every `dev` with the same superuser of the same server has: two folders, each with
/// a database there, do not lock each other out. `None` without a password to make them from.
fn derived(administrator: &Url) -> Option<Passwords> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, password(administrator)?.as_bytes());
    let of = |login: &str| {
        let tag = hmac::sign(&key, format!("plexica dev {login}").as_bytes());
        Secret::new(hex::encode(tag))
    };
    Some(Passwords { operator: of(OPERATOR), core_api: of(CORE_API) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_no_database_is_said_with_the_variable() {
        for text in ["nonsense", "http://host/db", "postgres:db"] {
            let said = parse(text).unwrap_err().to_string();
            assert!(said.starts_with("DATABASE_URL cannot be used"), "{said}");
        }
    }

    #[test]
    fn passwords_are_the_superusers_and_differ() {
        let of =
            |url: &str| derived(&url.parse().unwrap()).map(|p| [p.operator, p.core_api].map(|s| s.reveal().to_owned()));
        let [operator, core_api] = of("postgres://postgres:secret@host/a").unwrap();
        assert_ne!(operator, core_api);
        assert_eq!(of("postgres://postgres:secret@host/b").unwrap()[0], operator);
        assert_ne!(of("postgres://postgres:other@host/a").unwrap()[0], operator);
        assert!(of("postgres://postgres@host/a").is_none());
    }

    #[test]
    fn pgpass_has_the_password_as_psql_wants_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path(), false).unwrap();
        let administrator: Url = "postgres://postgres:a%3Ab%5Cc%2Fd@host/a".parse().unwrap();
        let logins = derived(&administrator).unwrap();
        let database = Database { administrator, ca_bundle: None, logins };
        let written = std::fs::read_to_string(database.write_pgpass(&data).unwrap()).unwrap();
        assert_eq!(written, "*:*:*:*:a\\:b\\\\c/d\n");
        assert_eq!(database.shown(), "postgres://postgres@host/a");
    }
}
