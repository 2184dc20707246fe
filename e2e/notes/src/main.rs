//! Keeps notes. One image has both versions, and is the one that the operator asks for.

use plexica_sdk::{contract::tenancy::environment, prelude::*, sqlx};

permissions! {
    Read = "notes:notes:read", "Read notes", ["user"];
    Write = "notes:notes:write", "Write notes", ["user"];
}

/// Which version answers, and how many notes there are.
async fn list(_: Allowed<Read>, tenant: Tenant) -> Result<String> {
    let mut db = tenant.db().await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM note").fetch_one(&mut *db).await?;
    Ok(format!("{} {count}", version()))
}

async fn write(_: Allowed<Write>, tenant: Tenant, user: User) -> Result<()> {
    let mut db = tenant.db().await?;
    sqlx::query("INSERT INTO note (text) VALUES ($1)").bind(user.username()).execute(&mut *db).await?;
    db.commit().await?;
    Ok(())
}

fn version() -> String {
    std::env::var(environment::PLUGIN_VERSION).unwrap_or_else(|_| "0.1.0".into())
}

fn main() -> Result<(), RunError> {
    let version = version();
    let plugin = Plugin::new(Manifest::new("notes", &version).image("plexica/notes:0.1.0"))
        .migration("0001_note.sql", "CREATE TABLE note (id bigserial PRIMARY KEY, text text NOT NULL)")
        .routes(Routes::new().get("/notes", list).post("/notes", write));
    if version == "0.1.0" {
        return plugin.run();
    }
    plugin
        .migration("0002_author.sql", "ALTER TABLE note ADD COLUMN author text")
        .migration("0003_author.contract.sql", "ALTER TABLE note ADD CHECK (author <> '')")
        .run()
}
