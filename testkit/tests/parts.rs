//! The test kit on the real parts.

use plexica_testkit::{require, wait_until};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::time::Duration;

#[tokio::test]
async fn a_database_goes_with_its_roles() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let name = database.name().to_owned();
    let [owner, member] = ["owner", "member"].map(|prefix| database.unique(prefix));
    let mut connection = database.connect().await;
    for statement in [
        format!(r#"CREATE ROLE "{owner}" LOGIN PASSWORD 'x' CREATEROLE"#),
        format!(r#"CREATE ROLE "{member}""#),
        format!(r#"GRANT "{member}" TO "{owner}" WITH ADMIN OPTION"#),
        format!(r#"CREATE SCHEMA s AUTHORIZATION "{member}""#),
    ] {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let mut as_owner = PgConnection::connect(database.url_as(&owner, "x").as_str()).await.unwrap();
    as_owner.execute("SELECT 1").await.unwrap();
    let refused = PgConnection::connect(database.url_as(&owner, "y").as_str()).await;
    assert!(refused.is_err(), "a wrong password must not do");
    drop(database);

    let mut connection = PgConnection::connect(postgres.url().as_str()).await.unwrap();
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM pg_database WHERE datname = $1) \
         + (SELECT count(*) FROM pg_roles WHERE rolname IN ($2, $3))",
    )
    .bind(name)
    .bind(owner)
    .bind(member)
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_api_server_answers() {
    let Some(cluster) = require!(kubernetes) else { return };
    let client = cluster.client().await;
    let version = client.apiserver_version().await.unwrap();
    assert_eq!(version.minor, "35");
    wait_until("the API answers", Duration::from_secs(5), async || client.apiserver_version().await.is_ok()).await;
}

#[test]
fn the_others_are_found() {
    let Some(keycloak) = require!(keycloak) else { return };
    assert!(!keycloak.url.ends_with('/') && !keycloak.admin_password.is_empty());
    let Some(minio) = require!(minio) else { return };
    assert!(minio.iam_endpoint.is_none());
}
