//! No row of one tenant through another, and where the plugin learns of tenants.

use crate::common::{Calls, READ, WRITE, notes};
use plexica_sdk::{
    Json, Limits, Result, Routes, SignedIn, Tenant, TestHost,
    contract::{lifecycle::Action, tenancy::PluginTenant},
    sqlx::{self, Connection as _, PgConnection},
};
use plexica_testkit::{postgres::Server, require, wait_until};
use serde_json::json;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn no_header_reaches_another_tenants_rows() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let (acme, globex) = (host.install("acme").await, host.install("globex").await);
    acme.as_user([WRITE]).post("/notes", json!({ "text": "acme's" })).await.expect(200);
    globex.as_user([WRITE]).post("/notes", json!({ "text": "globex's" })).await.expect(200);

    let spy = globex.as_user([READ]);
    for (name, value) in [
        ("x-plexica-tenant", "acme"),
        ("x-tenant-id", "acme"),
        ("x-plexica-user", "root"),
        ("host", "acme.test"),
        ("x-forwarded-host", "acme.test"),
        ("cookie", "tenant=acme"),
    ] {
        let request = spy.request(http::Method::GET, "/notes?tenant=acme").header(name, value);
        let rows = plexica_sdk::test_host::Answer::of(request).await.expect(200);
        assert_eq!(rows, json!(["globex's"]), "{name}");
    }
    assert_eq!(acme.as_user([READ]).get("/notes").await.expect(200), json!(["acme's"]));
}

#[tokio::test]
async fn each_transaction_is_the_tenants_and_leaves_nothing_behind() {
    for postgres in [require!(postgres15), require!(postgres17)].into_iter().flatten() {
        each_transaction_is_the_tenants(&postgres).await;
    }
}

async fn each_transaction_is_the_tenants(postgres: &Server) {
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let (acme, globex) = (host.install("acme").await, host.install("globex").await);
    for tenant in [&acme, &globex, &acme] {
        let known = tenant.known();
        let session = tenant.as_user([READ]).get("/session").await.expect(200);
        assert_eq!(session, json!([known.role, format!("\"{}\", pg_temp", known.schema)]));
    }
    // What is not committed is gone, and the connection it used is as good as new.
    acme.as_user([WRITE]).post("/forget", json!({})).await.expect(200);
    assert_eq!(acme.as_user([READ]).get("/notes").await.expect(200), json!([]));
}

/// On a connection that goes back to the pool, what the next one writes would not be kept.
#[tokio::test]
async fn who_gives_up_leaves_no_transaction_open() {
    async fn impatient(_: SignedIn, tenant: Tenant, Json(moments): Json<u32>) -> Result {
        let gives_up = async {
            for _ in 0..moments {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = gives_up => {}
            _ = tenant.db() => {}
        }
        Ok(())
    }
    let Some(postgres) = require!(postgres17) else { return };
    let routes = Routes::new().post("/impatient", impatient);
    let host = TestHost::start_on(notes(&Calls::default()).routes(routes), postgres.url().as_str()).await;
    let ada = host.install("acme").await.as_user([READ]);
    let mut server = PgConnection::connect(postgres.url().as_str()).await.unwrap();
    let login = host.login_url().parse::<url::Url>().unwrap().username().to_owned();
    let open = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND state LIKE 'idle in transaction%'";
    // At another moment each time: timers are too coarse.
    for moments in (0..200).map(|step| step * 10) {
        // There is a connection then, which need not be made first.
        ada.get("/notes").await.expect(200);
        ada.post("/impatient", json!(moments)).await.expect(200);
        // What was sent may arrive after the first look.
        for _ in 0..5 {
            wait_until("no transaction is open", SOON, async || {
                let count: i64 = sqlx::query_scalar(open).bind(&login).fetch_one(&mut server).await.unwrap();
                count == 0
            })
            .await;
        }
    }
}

#[tokio::test]
async fn the_login_alone_can_read_nothing() {
    for postgres in [require!(postgres15), require!(postgres17)].into_iter().flatten() {
        the_login_alone_reads_nothing(&postgres).await;
    }
}

async fn the_login_alone_reads_nothing(postgres: &Server) {
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let PluginTenant { schema, role, .. } = acme.known();
    let mut login = PgConnection::connect(&host.login_url()).await.unwrap();
    let select = format!("SELECT text FROM {schema}.notes");
    let refused = sqlx::query(sqlx::AssertSqlSafe(select.clone())).fetch_all(&mut login).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("42501"));
    // And as the tenant's role, neither the schema's mark nor its grants can be changed.
    sqlx::query(sqlx::AssertSqlSafe(format!("SET ROLE {role}"))).execute(&mut login).await.unwrap();
    for forbidden in [
        format!("COMMENT ON SCHEMA {schema} IS 'mine'"),
        format!("COMMENT ON ROLE {role} IS 'mine'"),
        "SET ROLE postgres".to_owned(),
        format!("ALTER SCHEMA {schema} OWNER TO {role}"),
    ] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(forbidden.clone())).execute(&mut login).await;
        assert!(refused.is_err(), "{forbidden}");
    }
    login.close().await.unwrap();
}

/// A session that Postgres refuses a role another one gets: that of a login which took another name
/// meanwhile. What a plugin meets is one whose list of roles is of before a grant, which cannot be
/// had on demand.
#[tokio::test]
async fn who_is_refused_the_tenants_role_asks_a_session_of_after() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let ada = acme.as_user([READ]);
    ada.get("/notes").await.expect(200);

    let url: url::Url = host.login_url().parse().unwrap();
    let (login, password, role) = (url.username(), url.password().unwrap(), &acme.known().role);
    let before = format!("{login}_before");
    let database = url.path().trim_start_matches('/');
    let mut server = PgConnection::connect(postgres.url().as_str()).await.unwrap();
    let mut execute = async |sql: String| sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
    execute(format!(
        "SELECT pg_advisory_xact_lock(hashtextextended('plexica test host', 0)); \
         ALTER ROLE {login} RENAME TO {before}; REVOKE {role} FROM {before}; \
         CREATE ROLE {login} LOGIN NOINHERIT PASSWORD '{password}'; \
         GRANT CONNECT ON DATABASE \"{database}\" TO {login}; GRANT {role} TO {login}"
    ))
    .await;
    ada.get("/notes").await.expect(200);

    execute(format!("REVOKE {role} FROM {login}")).await;
    ada.get("/notes").await.expect(503);
    execute(format!("GRANT {role} TO {login}")).await;
    ada.get("/notes").await.expect(200);
    execute(format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{before}'")).await;
    execute(format!(
        "SELECT pg_advisory_xact_lock(hashtextextended('plexica test host', 0)); \
         DROP OWNED BY {before}; DROP ROLE {before}"
    ))
    .await;
}

#[tokio::test]
async fn a_tenant_unknown_or_disabled_is_404() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let ada = acme.as_user([READ]);
    let stranger = host.platform().user_token(host.id(), &"initech".parse().unwrap(), &[READ], 0);
    let request = host.http(http::Method::GET, "/notes").bearer_auth(stranger);
    plexica_sdk::test_host::Answer::of(request).await.expect(404);

    acme.lifecycle(Action::Disable).await.expect(200);
    ada.get("/notes").await.expect(404);
}

#[tokio::test]
async fn a_suspended_tenants_users_are_told_so_even_with_a_token_of_before() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let (acme, globex) = (host.install("acme").await, host.install("globex").await);
    let (ada, bob) = (acme.as_user([READ]), globex.as_user([READ]));
    ada.get("/notes").await.expect(200);
    host.platform().list(PluginTenant { suspended: true, ..acme.known().clone() });
    wait_until("it is known", std::time::Duration::from_secs(10), async || ada.get("/notes").await.status() == 403)
        .await;
    let refused = ada.get("/notes").await.expect(403);
    assert_eq!(refused["error"]["code"], "TENANT_SUSPENDED", "{refused}");
    bob.get("/notes").await.expect(200);
    host.platform().list(acme.known().clone());
    wait_until("it is resumed", std::time::Duration::from_secs(10), async || ada.get("/notes").await.status() == 200)
        .await;
}

#[tokio::test]
async fn a_tenant_new_on_the_list_is_served_at_once_and_outages_change_nothing() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let ada = acme.as_user([READ]);

    host.platform().set_away(true);
    ada.get("/notes").await.expect(200);
    let hers = host.platform().user_token(host.id(), &"globex".parse().unwrap(), &[READ], 0);
    let ask = || {
        let request = host.http(http::Method::GET, "/session").bearer_auth(&hers);
        async { plexica_sdk::test_host::Answer::of(request).await }
    };
    let answer = ask().await;
    answer.expect(503);
    assert_eq!(answer.header("retry-after"), Some("1"));

    let globex = host.prepare("globex", json!({})).await;
    host.platform().list(globex.clone());
    host.platform().set_away(false);
    wait_until("the new tenant is served", SOON, async || ask().await.status() == 200).await;

    // Taken off the list, it is forgotten without a request or a call.
    host.platform().unlist(&globex.tenant);
    wait_until("the tenant is forgotten", SOON, async || ask().await.status() == 404).await;
    ada.get("/notes").await.expect(200);
}

#[tokio::test]
async fn a_configuration_changed_later_reaches_the_running_plugin() {
    async fn currency(_: SignedIn, tenant: Tenant) -> Result<String> {
        let config: std::collections::BTreeMap<String, String> = tenant.config()?;
        Ok(config["currency"].clone())
    }
    let Some(postgres) = require!(postgres17) else { return };
    let plugin = notes(&Calls::default()).routes(Routes::new().get("/currency", currency));
    let host = TestHost::start_on(plugin, postgres.url().as_str()).await;
    let acme = host.install_with("acme", json!({ "currency": "EUR" })).await;
    let ada = acme.as_user([READ]);
    assert_eq!(ada.get("/currency").await.text(), "EUR");
    host.platform().list(PluginTenant { config: json!({ "currency": "SEK" }), ..acme.known().clone() });
    wait_until("the new currency is used", SOON, async || ada.get("/currency").await.text() == "SEK").await;
}

#[tokio::test]
async fn requests_of_two_tenants_share_two_connections_and_nothing_else() {
    let Some(postgres) = require!(postgres17) else { return };
    let limits = Limits { connections: 2, statement: Duration::from_millis(750), ..Limits::default() };
    let host = TestHost::start_on(notes(&Calls::default()).limits(limits), postgres.url().as_str()).await;
    let (acme, globex) = (host.install("acme").await, host.install("globex").await);
    let users = [("acme", acme.as_user([READ, WRITE])), ("globex", globex.as_user([READ, WRITE]))];

    // A query that was given up holds its connection until it is ended, and who waits for one waits 5 s.
    let requests = (0..30).map(|number| {
        let (name, user) = &users[number % 2];
        async move {
            match number % 5 {
                // Rolled back, refused by the database, and given up by the client halfway.
                0 => drop(user.post("/forget", json!({})).await),
                1 => drop(user.post("/notes", json!({ "text": "\0" })).await),
                2 => drop(tokio::time::timeout(Duration::from_millis(5), user.get("/sleepy")).await),
                _ => {
                    user.post("/notes", json!({ "text": name })).await.expect(200);
                }
            }
        }
    });
    futures::future::join_all(requests).await;
    for (name, user) in &users {
        let rows = user.get("/notes").await.expect(200);
        assert_eq!(rows, json!(vec![name; 6]));
    }
}
