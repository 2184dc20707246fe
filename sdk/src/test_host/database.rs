//! Roles and schemas as the platform makes them, under names nobody else has: roles belong to a
//! whole server, and tests run beside each other on one.

use std::sync::Mutex;

use plexica_contract::{
    Secret,
    name::{PluginId, Slug},
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use url::Url;
use uuid::Uuid;

use crate::database::quoted;

pub(super) struct TestDatabase {
    url: Url,
    unique: String,
    login: String,
    password: String,
    made: Mutex<Vec<String>>,
}

impl TestDatabase {
    pub(super) async fn new(url: &str, plugin: &PluginId) -> Self {
        let url: Url = url.parse().expect("the test's database URL is a URL");
        let unique = format!("t{}", Uuid::new_v4().simple()).chars().take(9).collect::<String>();
        let login = format!("{unique}_plugin_{}", plugin.as_str().replace('-', "_"));
        let this = Self { url, unique, login, password: Uuid::new_v4().to_string(), made: Mutex::default() };
        let database = this.url.path().trim_start_matches('/').to_owned();
        this.execute(&format!(
            "CREATE ROLE {login} LOGIN NOINHERIT PASSWORD '{password}'; GRANT CONNECT ON DATABASE {database} TO {login}",
            login = quoted(&this.login),
            password = this.password,
            database = quoted(&database),
        ))
        .await;
        this
    }

    /// The tenant's schema and role for the plugin: the role may create in the schema and does not
    /// own it; the login is a member.
    pub(super) async fn make(&self, tenant: &Slug, plugin: &PluginId) -> (String, String) {
        let name = format!("{}_{tenant}_{plugin}", self.unique).replace('-', "_");
        let made = {
            let mut made = self.made.lock().expect("no test panicked in here");
            let again = made.contains(&name);
            if !again {
                made.push(name.clone());
            }
            again
        };
        if !made {
            self.execute(&format!(
                "CREATE SCHEMA {name}; CREATE ROLE {name} NOLOGIN; \
                 GRANT USAGE, CREATE ON SCHEMA {name} TO {name}; GRANT {name} TO {login}",
                name = quoted(&name),
                login = quoted(&self.login),
            ))
            .await;
        }
        (name.clone(), name)
    }

    /// The URL with the plugin's own login.
    pub(super) fn plugin_url(&self) -> Secret {
        let mut url = self.url.clone();
        url.set_username(&self.login).expect("a URL with a host");
        url.set_password(Some(&self.password)).expect("a URL with a host");
        Secret::new(url)
    }

    async fn execute(&self, sql: &str) {
        execute(self.url.as_str(), sql).await.unwrap_or_else(|error| panic!("the test's database: {error}"));
    }

    /// What removes all of it, the plugin's sessions first: one may hold a lock.
    fn removal(&self) -> String {
        let made = self.made.lock().map(|made| made.clone()).unwrap_or_default();
        let drops = made.iter().map(|name| {
            let name = quoted(name);
            format!("DROP SCHEMA {name} CASCADE; DROP OWNED BY {name}; DROP ROLE {name};")
        });
        let login = quoted(&self.login);
        format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{}'; {} \
             DROP OWNED BY {login}; DROP ROLE {login};",
            self.login,
            drops.collect::<String>(),
        )
    }
}

/// Runs the statements as one transaction. Privileges on a database are one row of the catalogue, of
/// which `GRANT` and `DROP OWNED` fail beside each other: tests take turns.
async fn execute(url: &str, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    let sql = format!("SELECT pg_advisory_xact_lock(hashtextextended('plexica test host', 0)); {sql}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    connection.close().await
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (url, sql) = (self.url.to_string(), self.removal());
        // Dropped inside a runtime, which may be blocked on nothing: so one of its own.
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(execute(&url, &sql)).map_err(std::io::Error::other)
        });
        if let Ok(Err(error)) = removed.join() {
            tracing::warn!(%error, "what a test made in the database could not be removed");
        }
    }
}
