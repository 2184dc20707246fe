//! Counts greetings, for each tenant on its own.
use plexica_sdk::{prelude::*, sqlx};

permissions! { Greet = "hello:greetings:write", "Greet", ["user"]; }

async fn greet(_: Allowed<Greet>, tenant: Tenant, user: User) -> Result<String> {
    let mut db = tenant.db().await?; // a transaction in this tenant's schema, under its role
    let insert = "INSERT INTO greetings (name) VALUES ($1) RETURNING id";
    let count: i64 = sqlx::query_scalar(insert).bind(user.username()).fetch_one(&mut *db).await?;
    db.commit().await?;
    Ok(format!("Hello {}, greeting {count} in {}", user.username(), tenant.slug()))
}

fn main() -> Result<(), RunError> {
    let table = "CREATE TABLE greetings (id bigserial PRIMARY KEY, name text NOT NULL)";
    Plugin::new(Manifest::new("hello", "0.1.0").image("example/hello:0.1.0"))
        .migration("0001_greetings.sql", table)
        .routes(Routes::new().post("/greetings", greet))
        .run()
}
