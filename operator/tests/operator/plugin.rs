//! A plugin for these tests: this very program, started again by the operator. What it does for a
//! tenant it does in Postgres, with the login and role that it was given.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use plexica_contract::{
    error::{Code, ErrorBody},
    lifecycle::{Action, Request, Response},
    path::{HEALTH, LIFECYCLE},
    tenancy::environment,
    token::{Audience, PublicKeys, Subject, Verifier},
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use tokio::sync::Barrier;
use tokio_util::sync::CancellationToken;

/// Refuses to be installed.
pub const REFUSES: &str = "9.0.0";
/// Refuses to take over the data of tenants whose names begin so.
pub const PICKY: (&str, &str) = ("5.0.0", "beta");
/// Upgrades no tenant before it is asked to for three.
pub const MEETS: &str = "4.0.0";
/// Refuses to remove a tenant's data.
pub const KEEPS: &str = "7.0.0";
/// Ends when it has been installed, and every time it is started again.
pub const QUITS: &str = "8.0.0";
/// Ends the process at once.
pub const DIE: &str = "/die";
/// Serves, and cannot serve any tenant for long.
pub const SICKENS: &str = "6.0.0";
/// With a role's name behind it: what the plugin finds in that schema, and as which login.
pub const NOTES: &str = "/notes";
/// What it signs in to the database with.
pub const URL: &str = "/url";
/// Its process.
pub const PID: &str = "/pid";
/// A table in a tenant's schema that keeps it from taking another configuration.
pub const JAM: &str = "jam";
/// The same, and keeps it from being upgraded.
pub const RUT: &str = "rut";
/// Takes its time, and answers 202.
pub const SLOW: &str = "2.0.0";

/// Whether one answers there.
pub async fn healthy(upstream: &str) -> bool {
    let answer = reqwest::get(format!("{upstream}{HEALTH}")).await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// Not a test when the operator starts it.
#[tokio::test]
async fn serve() {
    let Ok(listen) = std::env::var(environment::LISTEN) else { return };
    let variable = |name: &str| std::env::var(name).expect(name);
    let id = variable(environment::PLUGIN_ID);
    let keys: PublicKeys = serde_json::from_str(&variable(environment::PLATFORM_KEYS)).unwrap();
    let audience = Audience::Plugin(id.parse().unwrap());
    let plugin = Plugin {
        version: variable(environment::PLUGIN_VERSION),
        verifier: Verifier::new(&variable(environment::INSTALLATION), &audience, &keys),
        database: PgPool::connect_lazy(&variable(environment::DATABASE_URL)).unwrap(),
        quit: CancellationToken::new(),
        looks: Arc::default(),
        three: Arc::new(Barrier::new(3)),
    };
    if plugin.version == QUITS && plugin.was_installed(&id).await {
        return;
    }
    let quit = plugin.quit.clone();
    let app = Router::new()
        .route(HEALTH, get(health))
        .route(LIFECYCLE, post(lifecycle))
        .route(&format!("{NOTES}/{{role}}"), get(notes))
        .route(URL, get(async || variable_of(environment::DATABASE_URL)))
        .route(PID, get(async || std::process::id().to_string()))
        .route(DIE, get(async || -> () { std::process::exit(3) }))
        .route(&format!("{LIFECYCLE}/slow"), get(|| async { Json(Response::Done { restart: false }) }))
        .with_state(plugin);
    let listener = tokio::net::TcpListener::bind(listen).await.unwrap();
    axum::serve(listener, app).with_graceful_shutdown(quit.cancelled_owned()).await.unwrap();
}

#[derive(Clone)]
struct Plugin {
    version: String,
    verifier: Verifier,
    database: PgPool,
    quit: CancellationToken,
    /// How often its health for a tenant was asked for.
    looks: Arc<AtomicUsize>,
    /// Where upgrades wait for each other.
    three: Arc<Barrier>,
}

impl Plugin {
    async fn was_installed(&self, id: &str) -> bool {
        let query =
            "SELECT EXISTS (SELECT FROM pg_tables WHERE tablename = 'note' AND schemaname LIKE '%plugin\\_' || $1)";
        sqlx::query_scalar(query).bind(id.replace('-', "_")).fetch_one(&self.database).await.unwrap()
    }

    async fn finds(&self, table: &str, schema: &str) -> bool {
        let query = "SELECT EXISTS (SELECT FROM pg_class WHERE relname = $1 AND relnamespace::regnamespace::text = $2)";
        sqlx::query_scalar(query).bind(table).bind(schema).fetch_one(&self.database).await.unwrap()
    }
}

/// One version is well before it has been told of any tenant's upgrade, and for one look after it.
async fn health(State(plugin): State<Plugin>, Query(asked): Query<BTreeMap<String, String>>) -> (StatusCode, String) {
    if plugin.version == SICKENS && asked.contains_key("tenant") && plugin.looks.fetch_add(1, Ordering::SeqCst) > 0 {
        let body = ErrorBody::new(Code::Unavailable, "I have a headache.");
        return (StatusCode::SERVICE_UNAVAILABLE, serde_json::to_string(&body).unwrap());
    }
    (StatusCode::OK, "ok".into())
}

fn variable_of(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// A request of a user, as far as it needs the database.
async fn notes(State(plugin): State<Plugin>, Path(role): Path<String>) -> Result<String, (StatusCode, String)> {
    let failed = |error: sqlx::Error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    let mut transaction = plugin.database.begin().await.map_err(failed)?;
    let set = format!("SET LOCAL ROLE {role}");
    sqlx::raw_sql(AssertSqlSafe(set)).execute(&mut *transaction).await.map_err(failed)?;
    let query = format!("SELECT session_user || ' ' || count(*) FROM {role}.note");
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut *transaction).await.map_err(failed)
}

async fn lifecycle(State(plugin): State<Plugin>, headers: HeaderMap, body: Bytes) -> (StatusCode, Json<Value>) {
    let token = headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    let claims = plugin.verifier.verify(token).expect("a token of the platform");
    assert!(claims.body.expect("a digest").matches(&body));
    assert_eq!(claims.subject, Subject::Lifecycle);
    let request: Request = serde_json::from_slice(&body).unwrap();
    assert_eq!(claims.tenant.as_ref(), Some(&request.tenant));
    let picky = plugin.version == PICKY.0 && request.tenant.as_str().starts_with(PICKY.1);
    if plugin.version == REFUSES || picky {
        let refusal = ErrorBody::new(Code::Conflict, "The moon is in the wrong quarter.");
        return (StatusCode::CONFLICT, Json(serde_json::to_value(refusal).unwrap()));
    }
    if plugin.version == MEETS && request.action == Action::Upgrade {
        plugin.three.wait().await;
    }
    if plugin.version == KEEPS && request.action == Action::Purge {
        let refusal = ErrorBody::new(Code::Internal, "The data is dear to me.");
        return (StatusCode::INTERNAL_SERVER_ERROR, Json(serde_json::to_value(refusal).unwrap()));
    }
    let (schema, config) = (&request.parameters.schema, &request.parameters.config);
    let configures = request.action == Action::Configure;
    if configures && config["refuse"] == true {
        let refusal = ErrorBody::new(Code::Unprocessable, format!("Not at {}.", config["at"]))
            .with_detail("refuse", "must not be set");
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(serde_json::to_value(refusal).unwrap()));
    }
    if configures && plugin.finds(JAM, schema).await {
        let failure = ErrorBody::new(Code::Internal, "The gears are jammed.");
        return (StatusCode::INTERNAL_SERVER_ERROR, Json(serde_json::to_value(failure).unwrap()));
    }
    if request.action == Action::Upgrade && plugin.finds(RUT, schema).await {
        let refusal = ErrorBody::new(Code::Conflict, "I am in a rut.");
        return (StatusCode::CONFLICT, Json(serde_json::to_value(refusal).unwrap()));
    }
    let restart = configures && config["restart"] == true;
    let sql = match request.action {
        Action::Install | Action::Upgrade => format!(
            "CREATE TABLE IF NOT EXISTS {schema}.note (action text);
             INSERT INTO {schema}.note VALUES ('{:?} {}')",
            request.action, plugin.version
        ),
        Action::Contract | Action::Rollback => {
            format!("INSERT INTO {schema}.note VALUES ('{:?} {}')", request.action, plugin.version)
        }
        Action::Configure => {
            let before = request.previous_config.expect("what was in force");
            format!("INSERT INTO {schema}.note VALUES ('Configure {} to {}')", before["at"], config["at"])
        }
        Action::Disable => format!("INSERT INTO {schema}.note VALUES ('Disable {}')", plugin.version),
        Action::Purge => format!("DROP TABLE IF EXISTS {schema}.note"),
    };
    let mut transaction = plugin.database.begin().await.unwrap();
    let role = format!("SET LOCAL ROLE {}", request.parameters.role);
    sqlx::raw_sql(AssertSqlSafe(format!("{role};{sql}"))).execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    if plugin.version == QUITS {
        plugin.quit.cancel();
    }
    if plugin.version == SLOW {
        let pending = json!({ "status": "pending", "poll": format!("{LIFECYCLE}/slow") });
        return (StatusCode::ACCEPTED, Json(pending));
    }
    (StatusCode::OK, Json(serde_json::to_value(Response::Done { restart }).unwrap()))
}
