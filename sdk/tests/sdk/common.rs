//! A small plugin for the SDK's own tests, and the Postgres they share.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use plexica_sdk::{axum::Extension, prelude::*, sqlx};
use serde::{Deserialize, Serialize};

permissions! {
    pub NotesRead = "notes:notes:read", "Read notes", ["user"];
    pub NotesWrite = "notes:notes:write", "Write notes", ["user"];
}

pub const NOTES: &str = "CREATE TABLE notes (id bigserial PRIMARY KEY, text text NOT NULL)";
pub const READ: &str = "notes:notes:read";
pub const WRITE: &str = "notes:notes:write";

/// How often a handler ran.
#[derive(Clone, Default)]
pub struct Calls(Arc<AtomicUsize>);

impl Calls {
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Serialize, Deserialize)]
pub struct Note {
    pub text: String,
    #[serde(default)]
    pub tags: Vec<Tag>,
}

#[derive(Serialize, Deserialize)]
pub struct Tag {
    pub name: String,
}

async fn write(
    _: Allowed<NotesWrite>,
    Extension(calls): Extension<Calls>,
    tenant: Tenant,
    Json(note): Json<Note>,
) -> Result<String> {
    calls.0.fetch_add(1, Ordering::SeqCst);
    let mut db = tenant.db().await?;
    sqlx::query("INSERT INTO notes (text) VALUES ($1)").bind(note.text).execute(&mut *db).await?;
    db.commit().await?;
    Ok(tenant.slug().to_string())
}

async fn read(_: Allowed<NotesRead>, Extension(calls): Extension<Calls>, tenant: Tenant) -> Result<Json<Vec<String>>> {
    calls.0.fetch_add(1, Ordering::SeqCst);
    let mut db = tenant.db().await?;
    Ok(Json(sqlx::query_scalar("SELECT text FROM notes ORDER BY id").fetch_all(&mut *db).await?))
}

/// What the author's own SQL may see: the SDK's promise is that it is this tenant's alone.
async fn session(_: SignedIn, tenant: Tenant) -> Result<Json<Vec<String>>> {
    let mut db = tenant.db().await?;
    let (role, path): (String, String) =
        sqlx::query_as("SELECT current_user::text, current_setting('search_path')").fetch_one(&mut *db).await?;
    Ok(Json(vec![role, path]))
}

/// A handler that forgets to commit.
async fn forget(_: Allowed<NotesWrite>, tenant: Tenant) -> Result {
    let mut db = tenant.db().await?;
    sqlx::query("INSERT INTO notes (text) VALUES ('forgotten')").execute(&mut *db).await?;
    Ok(())
}

async fn sleepy(_: SignedIn, tenant: Tenant) -> Result {
    let mut db = tenant.db().await?;
    sqlx::query("SELECT pg_sleep(60)").execute(&mut *db).await?;
    Ok(())
}

async fn panics(_: SignedIn) -> Result {
    panic!("the secret reason")
}

async fn open(_: Public) -> &'static str {
    "anybody"
}

pub fn routes(calls: &Calls) -> Routes {
    let calls = calls.clone();
    Routes::new()
        .get("/notes", read)
        .post("/notes", write)
        .post("/forget", forget)
        .get("/session", session)
        .get("/sleepy", sleepy)
        .get("/panics", panics)
        .get("/open", open)
        .layer(Extension(calls))
}

pub fn notes(calls: &Calls) -> Plugin {
    Plugin::new(Manifest::new("notes", "1.0.0")).migration("0001_notes.sql", NOTES).routes(routes(calls))
}

/// A plugin with these migrations and nothing else.
pub fn migrating(version: &str, migrations: &[(&str, &str)]) -> Plugin {
    let plugin = Plugin::new(Manifest::new("notes", version));
    migrations.iter().fold(plugin, |plugin, (name, sql)| plugin.migration(name, sql))
}

/// Waits until a statement that waits on purpose runs in this tenant's schema.
pub async fn sleeping(pool: &sqlx::PgPool, login_of: &str) {
    let login = login_of.split('_').next().unwrap();
    let query = "SELECT count(*) FROM pg_stat_activity \
                 WHERE usename LIKE $1 || '%' AND (wait_event = 'PgSleep' OR wait_event_type = 'Lock')";
    plexica_testkit::wait_until("a statement sleeps", std::time::Duration::from_secs(20), async || {
        let count: i64 = sqlx::query_scalar(query).bind(login).fetch_one(pool).await.unwrap();
        count > 0
    })
    .await;
}
