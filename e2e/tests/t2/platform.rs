//! What a person prepares in Postgres before the chart.

use plexica_backends::Secret;
use plexica_backends::postgres::bootstrap::{self, Passwords};
use plexica_testkit::postgres::{Database, Server};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use url::Url;

/// The operator's login and password.
pub const OPERATOR: (&str, &str) = ("plexica_operator", "operator-password");
/// The core API's login and password.
pub const CORE_API: (&str, &str) = ("plexica_core_api", "core-api-password");

/// The database with the operator's login.
pub fn as_operator(database: &Database) -> Url {
    let (login, password) = OPERATOR;
    database.url_as(login, password)
}

/// A database with the two logins of docs/bootstrap.md, on a server without any earlier roles.
pub async fn database(server: &Server) -> Database {
    clear(server).await;
    let database = server.database().await;
    let passwords = Passwords { operator: Secret::new(OPERATOR.1), core_api: Secret::new(CORE_API.1) };
    bootstrap::apply(&Secret::new(database.url().as_str()), None, &passwords).await.unwrap();
    database
}

/// The server is this test's alone; an earlier run that was killed may have left something.
async fn clear(server: &Server) {
    let mut connection = PgConnection::connect(server.url().as_str()).await.unwrap();
    let databases: Vec<String> =
        sqlx::query_scalar("SELECT datname::text FROM pg_database WHERE datname LIKE 'test-%'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    for database in databases {
        let drop = format!(r#"DROP DATABASE "{database}" WITH (FORCE)"#);
        connection.execute(AssertSqlSafe(drop)).await.unwrap();
    }
    let roles: Vec<String> =
        sqlx::query_scalar("SELECT rolname::text FROM pg_roles WHERE rolname ~ '^(tenant|plugin|plexica)_'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    if roles.is_empty() {
        return;
    }
    let list = roles.iter().map(|role| format!(r#""{role}""#)).collect::<Vec<_>>().join(", ");
    let drop = format!("DROP OWNED BY {list} CASCADE; DROP ROLE {list}");
    connection.execute(sqlx::raw_sql(AssertSqlSafe(drop))).await.unwrap();
}
