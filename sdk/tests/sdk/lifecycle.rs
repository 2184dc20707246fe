//! Install, upgrade, disable, purge: proved, idempotent, and one at a time for each tenant.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::common::{Calls, NOTES, READ, WRITE, migrating, notes};
use plexica_sdk::{
    Error, Lifecycle, Limits, TestHost,
    contract::{
        lifecycle::{Action, Response},
        token::{BodyDigest, Subject},
    },
    sqlx::{self, PgPool},
    test_host::Answer,
};
use plexica_testkit::require;
use serde_json::json;
use tokio::sync::Notify;

#[tokio::test]
async fn a_call_needs_the_operators_token_for_this_very_body() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let acme = host.prepare("acme", json!({})).await;
    let globex = host.prepare("globex", json!({})).await;
    let install = serde_json::to_vec(&host.request(Action::Install, acme.clone())).unwrap();
    let purge = serde_json::to_vec(&host.request(Action::Purge, acme.clone())).unwrap();
    let hers = serde_json::to_vec(&host.request(Action::Install, globex.clone())).unwrap();
    let mut mixed = host.request(Action::Install, acme.clone());
    mixed.parameters = globex.clone();
    let mixed = serde_json::to_vec(&mixed).unwrap();

    let platform = host.platform();
    let token = |body: Option<&[u8]>| platform.lifecycle_token(host.id(), &acme.tenant, body);
    let user = platform.user_token(host.id(), &acme.tenant, &[READ, WRITE], 0);
    let event = platform.token(host.id(), Some(&acme.tenant), Subject::Event);
    for (why, token, body) in [
        ("another body", token(Some(&install)), &purge),
        ("no digest", token(None), &install),
        ("another tenant's body", token(Some(&hers)), &hers),
        ("parameters of another tenant", token(Some(&mixed)), &mixed),
        ("a user's", user, &install),
        ("an event's", event, &install),
        ("none", String::new(), &install),
    ] {
        let request = host.http(http::Method::POST, "/_plexica/lifecycle");
        let request = request.bearer_auth(token).header("content-type", "application/json").body(body.clone());
        assert_eq!(Answer::of(request).await.status(), 401, "{why}");
    }
    let pool = PgPool::connect(postgres.url().as_str()).await.unwrap();
    assert_eq!(tables(&pool, &acme.schema).await, Vec::<String>::new());
    assert!(BodyDigest::of(&install).matches(&install));
}

#[tokio::test]
async fn installing_twice_and_at_once_is_installing() {
    let Some(postgres) = require!(postgres17) else { return };
    let slow = "CREATE TABLE a (id int); SELECT pg_sleep(0.2)";
    let files = [("1_a.sql", slow), ("2_b.sql", "CREATE TABLE b (id int)")];
    let host = TestHost::start_on(migrating("1.0.0", &files), postgres.url().as_str()).await;
    let acme = host.prepare("acme", json!({})).await;
    let request = host.request(Action::Install, acme.clone());
    let (one, two, three) = tokio::join!(host.lifecycle(&request), host.lifecycle(&request), host.lifecycle(&request));
    for answer in [one, two, three, host.lifecycle(&request).await] {
        assert_eq!(answer.json::<Response>(), Response::Done { restart: false });
    }
    let pool = PgPool::connect(postgres.url().as_str()).await.unwrap();
    assert_eq!(tables(&pool, &acme.schema).await, ["a", "b", "plexica_migrations"]);
}

#[tokio::test]
async fn two_processes_install_one_tenant_at_once() {
    let Some(postgres) = require!(postgres17) else { return };
    let files = [("1_a.sql", "CREATE TABLE a (id int); SELECT pg_sleep(0.2)"), ("2_b.sql", "CREATE TABLE b (id int)")];
    let one = TestHost::start_on(migrating("1.0.0", &files), postgres.url().as_str()).await;
    let acme = one.prepare("acme", json!({})).await;
    let two = one.another_process(migrating("1.0.0", &files)).await;
    let request = one.request(Action::Install, acme.clone());
    let (a, b) = tokio::join!(one.lifecycle(&request), two.lifecycle(&request));
    a.expect(200);
    b.expect(200);
    let pool = PgPool::connect(postgres.url().as_str()).await.unwrap();
    let count = format!("SELECT count(*) FROM {}.plexica_migrations", acme.schema);
    let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(&pool).await.unwrap();
    assert_eq!(count, 2);
}

#[tokio::test]
async fn files_continue_what_ran_or_are_refused() {
    let Some(postgres) = require!(postgres17) else { return };
    let (a, b) = (("1_a.sql", "CREATE TABLE a (id int)"), ("3_b.sql", "CREATE TABLE b (id int)"));
    let first = TestHost::start_on(migrating("1.0.0", &[a, b]), postgres.url().as_str()).await;
    let acme = first.install("acme").await;
    for (version, files, status, says) in [
        ("1.1.0", vec![("1_a.sql", "CREATE TABLE a (id bigint)"), b], 409, "\"1_a.sql\" was changed after it ran"),
        ("1.1.1", vec![a], 409, "\"3_b.sql\" ran for this tenant and is not in this version"),
        ("1.1.2", vec![a, ("2_late.sql", "SELECT 1"), b], 409, "\"2_late.sql\" comes before \"3_b.sql\""),
        ("1.1.3", vec![a, b, ("4_bad.sql", "CREATE TABLE c (id int); SELECT nonsense")], 500, "\"4_bad.sql\" failed"),
        ("1.2.0", vec![a, b, ("4_c.sql", "CREATE TABLE c (id int)")], 200, ""),
    ] {
        let next = first.another_process(migrating(version, &files)).await;
        let answer = next.lifecycle(&next.request(Action::Upgrade, acme.known().clone())).await;
        assert_eq!(answer.status(), status, "{version}");
        assert!(
            answer.text().contains(&serde_json::to_string(says).unwrap().trim_matches('"').to_owned()),
            "{}",
            answer.text()
        );
    }
    let pool = PgPool::connect(postgres.url().as_str()).await.unwrap();
    assert_eq!(tables(&pool, &acme.known().schema).await, ["a", "b", "c", "plexica_migrations"]);
}

#[tokio::test]
async fn another_version_than_this_is_refused() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let mut request = host.request(Action::Install, host.prepare("acme", json!({})).await);
    request.to_version = "1.0.1".parse().unwrap();
    host.lifecycle(&request).await.expect(409);
}

#[tokio::test]
async fn killed_in_the_middle_the_next_one_finishes() {
    let Some(postgres) = require!(postgres17) else { return };
    let pool = PgPool::connect(postgres.url().as_str()).await.unwrap();
    let files = [("1_a.sql", "CREATE TABLE a (id int)"), ("2_b.sql", "CREATE TABLE b (id int); SELECT pg_sleep(60)")];
    let host = TestHost::start_on(migrating("1.0.0", &files), postgres.url().as_str()).await;
    let acme = host.prepare("acme", json!({})).await;
    let request = host.request(Action::Install, acme.clone());
    let kill = async {
        crate::common::sleeping(&pool, &acme.role).await;
        let login = acme.role.split('_').next().unwrap();
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE $1 || '%'";
        sqlx::query(kill).bind(login).execute(&pool).await.unwrap();
    };
    let (answer, ()) = tokio::join!(host.lifecycle(&request), kill);
    assert_eq!(answer.status(), 503, "{}", answer.text());
    // The whole first file, nothing of the second.
    assert_eq!(tables(&pool, &acme.schema).await, ["a", "plexica_migrations"]);

    let files = [files[0], ("2_b.sql", "CREATE TABLE b (id int)")];
    let next = host.another_process(migrating("1.0.1", &files)).await;
    next.lifecycle(&next.request(Action::Install, acme.clone())).await.expect(200);
    assert_eq!(tables(&pool, &acme.schema).await, ["a", "b", "plexica_migrations"]);
}

#[tokio::test]
async fn a_long_hook_is_polled() {
    let Some(postgres) = require!(postgres17) else { return };
    let go = Arc::new(Notify::new());
    let hook = {
        let go = go.clone();
        move |_| {
            let go = go.clone();
            async move {
                go.notified().await;
                Ok(())
            }
        }
    };
    let limits = Limits { lifecycle_wait: Duration::from_millis(50), ..Limits::default() };
    let plugin = notes(&Calls::default()).on_install(hook).limits(limits);
    let host = TestHost::start_on(plugin, postgres.url().as_str()).await;
    let acme = host.prepare("acme", json!({})).await;
    let answer = host.lifecycle(&host.request(Action::Install, acme.clone())).await;
    answer.expect(202);
    let Response::Pending { poll, .. } = answer.json() else { panic!("{}", answer.text()) };

    let token = || host.platform().lifecycle_token(host.id(), &acme.tenant, Some(b""));
    let ask = |path: &str, token: String| host.http(http::Method::GET, path).bearer_auth(token);
    Answer::of(ask(&poll, token())).await.expect(202);
    let stranger = host.platform().lifecycle_token(host.id(), &"globex".parse().unwrap(), Some(b""));
    Answer::of(ask(&poll, stranger)).await.expect(404);
    let user = host.platform().user_token(host.id(), &acme.tenant, &[READ], 0);
    Answer::of(ask(&poll, user)).await.expect(401);
    let of_a_call = host.platform().lifecycle_token(host.id(), &acme.tenant, Some(b"{}"));
    Answer::of(ask(&poll, of_a_call)).await.expect(401);
    // Another call for the tenant waits its turn.
    host.lifecycle(&host.request(Action::Disable, acme.clone())).await.expect(503);

    go.notify_one();
    plexica_testkit::wait_until("it is done", Duration::from_secs(20), async || {
        Answer::of(ask(&poll, token())).await.status() == 200
    })
    .await;
}

#[tokio::test]
async fn a_failing_hook_fails_the_call_and_can_be_repeated() {
    let Some(postgres) = require!(postgres17) else { return };
    let plugin = notes(&Calls::default()).on_install(async |lifecycle| {
        let mut db = lifecycle.tenant.db().await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM notes").fetch_one(&mut *db).await?;
        if count == 0 { Err(Error::unavailable("Not yet.")) } else { Ok(()) }
    });
    let host = TestHost::start_on(plugin, postgres.url().as_str()).await;
    let acme = host.prepare("acme", json!({})).await;
    let request = host.request(Action::Install, acme.clone());
    host.lifecycle(&request).await.expect(503);
    let pool = PgPool::connect(postgres.url().as_str()).await.unwrap();
    let insert = format!("INSERT INTO {}.notes (text) VALUES ('x')", acme.schema);
    sqlx::query(sqlx::AssertSqlSafe(insert)).execute(&pool).await.unwrap();
    host.lifecycle(&request).await.expect(200);
}

#[tokio::test]
async fn each_hook_is_told_what_it_is_about() {
    let Some(postgres) = require!(postgres17) else { return };
    let told = Arc::new(Mutex::new(Vec::new()));
    let note = |what: &'static str| {
        let told = told.clone();
        move |Lifecycle { tenant, from_version, to_version }: Lifecycle| {
            let from = from_version.map_or_else(|| "nothing".to_owned(), |from| from.to_string());
            told.lock().unwrap().push(format!("{what} of {} from {from} to {to_version}", tenant.slug()));
            async { Ok(()) }
        }
    };
    let plugin = notes(&Calls::default())
        .on_install(note("install"))
        .on_upgrade(note("upgrade"))
        .on_disable(note("disable"))
        .on_purge(note("purge"));
    let host = TestHost::start_on(plugin, postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    acme.upgrade("0.9.0").await.expect(200);
    acme.lifecycle(Action::Disable).await.expect(200);
    acme.lifecycle(Action::Purge).await.expect(200);
    assert_eq!(
        *told.lock().unwrap(),
        [
            "install of acme from nothing to 1.0.0",
            "upgrade of acme from 0.9.0 to 1.0.0",
            "disable of acme from nothing to 1.0.0",
            "purge of acme from nothing to 1.0.0",
        ]
    );
}

#[tokio::test]
async fn users_are_answered_while_all_tenants_are_migrated() {
    let Some(postgres) = require!(postgres17) else { return };
    let pool = PgPool::connect(postgres.url().as_str()).await.unwrap();
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let limits = Limits { connections: 2, lifecycle_wait: Duration::from_millis(100), ..Limits::default() };
    let slow = notes(&Calls::default()).migration("0002_slow.sql", "SELECT pg_sleep(60)").limits(limits);
    let next = host.another_process(slow).await;
    for slug in ["globex", "initech", "umbrella"] {
        let known = next.prepare(slug, json!({})).await;
        next.lifecycle(&next.request(Action::Install, known)).await.expect(202);
    }
    crate::common::sleeping(&pool, &acme.known().role).await;
    let read = next.http(http::Method::GET, "/notes").bearer_auth(acme.as_user([READ]).token());
    Answer::of(read).await.expect(200);
}

#[tokio::test]
async fn purging_leaves_an_empty_schema_and_can_be_repeated() {
    let Some(postgres) = require!(postgres17) else { return };
    let more = "CREATE VIEW v AS SELECT id FROM notes; CREATE MATERIALIZED VIEW m AS SELECT id FROM v;
                CREATE SEQUENCE s; CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
                CREATE TABLE child (note bigint REFERENCES notes (id))";
    let plugin = migrating("1.0.0", &[("1_notes.sql", NOTES), ("2_more.sql", more)]);
    let host = TestHost::start_on(plugin, postgres.url().as_str()).await;
    let (acme, globex) = (host.install("acme").await, host.install("globex").await);
    for _ in 0..2 {
        acme.lifecycle(Action::Purge).await.expect(200);
    }
    let pool = PgPool::connect(postgres.url().as_str()).await.unwrap();
    assert_eq!(tables(&pool, &acme.known().schema).await, Vec::<String>::new());
    assert!(tables(&pool, &globex.known().schema).await.contains(&"notes".to_owned()));
    host.install("acme").await;
    assert!(tables(&pool, &acme.known().schema).await.contains(&"notes".to_owned()));
}

async fn tables(pool: &PgPool, schema: &str) -> Vec<String> {
    let query = "SELECT relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace \
                 WHERE nspname = $1 AND relkind IN ('r', 'v', 'm', 'S') ORDER BY 1";
    sqlx::query_scalar(query).bind(schema).fetch_all(pool).await.unwrap()
}
