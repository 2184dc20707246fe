//! Expand, then contract: the version before serves meanwhile, and comes back.

use crate::common::migrating;
use plexica_sdk::{
    TestHost,
    contract::{lifecycle::Action, manifest::MigrationPhase},
    sqlx::{self, PgPool},
};
use plexica_testkit::require;

const FIRST: (&str, &str) = ("1_people.sql", "CREATE TABLE people (name text)");
const EXPAND: (&str, &str) = ("2_email.sql", "ALTER TABLE people ADD COLUMN email text");
const CONTRACT: (&str, &str) = ("3_name.contract.sql", "ALTER TABLE people DROP COLUMN name");
const LATER: (&str, &str) = ("4_phone.sql", "ALTER TABLE people ADD COLUMN phone text");

async fn columns(pool: &PgPool, schema: &str) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT column_name::text FROM information_schema.columns
         WHERE table_schema = $1 AND table_name = 'people' ORDER BY ordinal_position",
    )
    .bind(schema)
    .fetch_all(pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn the_version_before_serves_until_the_contract_steps_have_run() {
    let Some(postgres) = require!(postgres17) else { return };
    let pool = PgPool::connect(postgres.url().as_str()).await.unwrap();
    let one = TestHost::start_on(migrating("1.0.0", &[FIRST]), postgres.url().as_str()).await;
    let acme = one.install("acme").await.known().clone();
    let two = one.another_process(migrating("2.0.0", &[FIRST, EXPAND, CONTRACT, LATER])).await;
    let health = async |host: &TestHost| {
        let answer = host.http(http::Method::GET, "/_plexica/health?tenant=acme").send().await.unwrap();
        answer.status().as_u16()
    };
    let call = async |host: &TestHost, action, from: &str| {
        let mut request = host.request(action, acme.clone());
        request.from_version = Some(from.parse().unwrap());
        host.lifecycle(&request).await
    };
    assert_eq!((health(&one).await, health(&two).await), (200, 503));

    call(&two, Action::Upgrade, "1.0.0").await.expect(200);
    assert_eq!(columns(&pool, &acme.schema).await, ["name", "email", "phone"]);
    assert_eq!((health(&one).await, health(&two).await), (200, 200), "both can serve");

    // Back, enabled again there, and forth.
    call(&one, Action::Rollback, "2.0.0").await.expect(200);
    call(&one, Action::Install, "1.0.0").await.expect(200);
    call(&two, Action::Upgrade, "1.0.0").await.expect(200);
    call(&two, Action::Install, "2.0.0").await.expect(200);
    assert_eq!(columns(&pool, &acme.schema).await, ["name", "email", "phone"], "nothing is contracted by these");

    call(&two, Action::Contract, "1.0.0").await.expect(200);
    assert_eq!(columns(&pool, &acme.schema).await, ["email", "phone"]);
    assert_eq!((health(&one).await, health(&two).await), (503, 200));
    let refused = call(&one, Action::Rollback, "2.0.0").await;
    assert_eq!(refused.status(), 409, "{}", refused.text());
    assert!(refused.text().contains("3_name.contract.sql"), "{}", refused.text());
}

#[tokio::test]
async fn a_first_install_has_nothing_to_wait_for() {
    let Some(postgres) = require!(postgres17) else { return };
    let pool = PgPool::connect(postgres.url().as_str()).await.unwrap();
    let host = TestHost::start_on(migrating("2.0.0", &[FIRST, EXPAND, CONTRACT]), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    assert_eq!(columns(&pool, &acme.known().schema).await, ["email"]);
}

#[tokio::test]
async fn a_plugin_whose_expand_step_takes_away_is_refused() {
    let Some(postgres) = require!(postgres17) else { return };
    let files = [FIRST, ("3_name.sql", "ALTER TABLE people DROP COLUMN name")];
    let started = tokio::spawn(async move {
        drop(TestHost::start_on(migrating("1.0.0", &files), postgres.url().as_str()).await);
    });
    let refused = started.await.unwrap_err().into_panic();
    let said = refused.downcast_ref::<String>().unwrap();
    assert!(said.contains("3_name.sql"), "{said}");
}

#[test]
fn the_manifest_lists_them() {
    let manifest = migrating("2.0.0", &[FIRST, EXPAND, CONTRACT]).manifest().unwrap();
    let listed: Vec<_> = manifest.migrations.iter().map(|one| (one.name.as_str(), one.phase)).collect();
    let [expand, contract] = [MigrationPhase::Expand, MigrationPhase::Contract];
    assert_eq!(listed, [("1_people.sql", expand), ("2_email.sql", expand), ("3_name.contract.sql", contract)]);
    assert!(manifest.contracts());
}
