//! What a plugin's own SQL cannot do, with its login and any role that it may take.

use plexica_backends::postgres::{login, plugin};
use plexica_contract::name::{Slot, Slug, postgres as name};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use url::Url;

use crate::on_postgres;
use crate::world::{World, scalar};

on_postgres! {
    a_plugin_cannot_change_its_mark_or_open_its_schema
    a_plugin_reaches_no_other_schema
    a_dedicated_login_reaches_one_tenant
    a_login_reaches_no_other_database
    nobody_is_let_in_by_default
}

/// Everything that marks and privileges of all schemas and roles say.
const STATE: &str = "SELECT coalesce((SELECT string_agg(concat_ws(' ', nspname, nspowner, nspacl,
        obj_description(oid, 'pg_namespace')), ',' ORDER BY nspname)
        FROM pg_namespace WHERE nspname LIKE 'tenant%' OR nspname IN ('core', 'public')), '')";

/// Runs a statement in a transaction with that role; true if it had an error.
async fn refused(connection: &mut PgConnection, role: &str, statement: &str) -> bool {
    let sql = format!("BEGIN; SET LOCAL ROLE {role}; SET LOCAL search_path TO {role}, pg_temp; {statement}; COMMIT");
    let refused = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.is_err();
    connection.execute("ROLLBACK").await.unwrap();
    refused
}

async fn a_plugin_cannot_change_its_mark_or_open_its_schema(world: World) {
    let mut plugin = world.installed().await;
    let own = world.install(&world.tenant, "1").name();
    assert!(!refused(&mut plugin, &own, "CREATE TABLE notes (id int)").await, "what it may do works");
    let mut administrator = world.administrator().await;
    let before: String = scalar(&mut administrator, STATE).await;
    for statement in [
        format!("COMMENT ON SCHEMA {own} IS 'mine'"),
        format!("COMMENT ON ROLE {own} IS 'mine'"),
        format!("ALTER SCHEMA {own} RENAME TO mine"),
        format!("ALTER SCHEMA {own} OWNER TO {own}"),
        format!("DROP SCHEMA {own} CASCADE"),
        format!("ALTER ROLE {own} LOGIN"),
        "CREATE SCHEMA mine".into(),
        "CREATE TEMP TABLE scratch (id int)".into(),
        "CREATE TABLE public.scratch (id int)".into(),
        "CREATE ROLE mine".into(),
        "CREATE EXTENSION dblink".into(),
        "COPY notes TO PROGRAM 'cat'".into(),
        "SELECT pg_read_file('/etc/passwd')".into(),
        "SET ROLE plexica_provisioner".into(),
        "SET ROLE plexica_role_admin_00".into(),
        "ALTER SYSTEM SET work_mem TO '1GB'".into(),
    ] {
        assert!(refused(&mut plugin, &own, &statement).await, "{statement}");
    }
    // Postgres only warns where a privilege may not be granted on, so what counts is what came of it.
    for statement in [
        format!("GRANT USAGE, CREATE ON SCHEMA {own} TO PUBLIC"),
        format!("GRANT USAGE ON SCHEMA {own} TO plexica_core_api"),
        format!("REVOKE ALL ON SCHEMA {own} FROM plexica_provisioner"),
        "GRANT ALL ON ALL TABLES IN SCHEMA core TO PUBLIC".into(),
    ] {
        let _warned_or_refused = refused(&mut plugin, &own, &statement).await;
    }
    assert_eq!(scalar::<String>(&mut administrator, STATE).await, before);
}

async fn a_plugin_reaches_no_other_schema(world: World) {
    let mut plugin = world.installed().await;
    let own = world.install(&world.tenant, "1").name();
    let other: Slug = world.database.unique("beta").parse().unwrap();
    let _tenant = world.ensure_tenant(&World::tenant_named(&other, "2")).await.unwrap();
    let _install = world.ensure_install(&world.install(&other, "2")).await.unwrap();
    let theirs = world.install(&other, "2").name();
    // Another plugin of the same tenant is no nearer.
    let neighbour = plugin::Desired {
        plugin: world.database.unique("files").parse().unwrap(),
        ..world.install(&world.tenant, "3")
    };
    let _neighbour = world.ensure_install(&neighbour).await.unwrap();
    let neighbour = neighbour.name();
    // Even a table whose owner grants it to everybody stays closed by its schema.
    for schema in [&theirs, &neighbour] {
        let table = format!("CREATE TABLE {schema}.secrets (id int); GRANT SELECT ON {schema}.secrets TO PUBLIC");
        world.execute(format!("SET ROLE {schema}; {table}")).await;
    }
    let (tenant, other_tenant) = (name::tenant(&world.tenant), name::tenant(&other));
    for statement in [
        format!("SELECT * FROM {theirs}.secrets"),
        format!("CREATE TABLE {theirs}.mine (id int)"),
        format!("CREATE VIEW mine AS SELECT * FROM {theirs}.secrets"),
        format!("SET ROLE {theirs}"),
        format!("SELECT * FROM {neighbour}.secrets"),
        format!("CREATE TABLE {neighbour}.mine (id int)"),
        format!("SET ROLE {neighbour}"),
        format!("SELECT set_config('role', '{neighbour}', true)"),
        format!("SET ROLE {tenant}"),
        format!("SET ROLE {other_tenant}"),
        format!("SELECT key FROM {tenant}.permission"),
        format!("INSERT INTO {tenant}.role_permission VALUES ('user', 'x')"),
        format!("INSERT INTO {tenant}.audit_event (actor, action) VALUES ('a', 'b')"),
        "SELECT username FROM core.plugin_credential".into(),
        "SELECT sha256 FROM core.login_password".into(),
        "SELECT name FROM core.ownership".into(),
        "SELECT rolpassword FROM pg_authid".into(),
        format!("GRANT {theirs} TO {own}"),
        format!("GRANT {neighbour} TO {own}"),
        format!("GRANT {own} TO plexica_core_api"),
        "SET SESSION AUTHORIZATION plexica_operator".into(),
    ] {
        assert!(refused(&mut plugin, &own, &statement).await, "{statement}");
    }
    // Without a role it can do nothing at all, nor let others be what it is.
    let login = name::plugin_login(&world.plugin, Slot::Odd);
    for statement in [format!("CREATE TABLE {own}.mine (id int)"), format!("GRANT {login} TO plexica_core_api")] {
        assert!(plugin.execute(AssertSqlSafe(statement.clone())).await.is_err(), "{statement}");
    }
}

async fn a_dedicated_login_reaches_one_tenant(world: World) {
    let _shared = world.installed().await;
    let other: Slug = world.database.unique("beta").parse().unwrap();
    let _tenant = world.ensure_tenant(&World::tenant_named(&other, "2")).await.unwrap();
    let _install = world.ensure_install(&world.install(&other, "2")).await.unwrap();
    let dedicated = login::Desired {
        login: login::Login::Dedicated(world.tenant.clone(), world.plugin.clone(), Slot::Odd),
        ..world.shared_login(&[&world.tenant])
    };
    assert!(!world.ensure_login(&dedicated).await.unwrap().is_empty());
    assert!(world.ensure_login(&dedicated).await.unwrap().is_empty());
    let mut connection = world.connect(&dedicated).await;
    let own = world.install(&world.tenant, "1").name();
    assert!(!refused(&mut connection, &own, "CREATE TABLE notes (id int)").await);
    let theirs = world.install(&other, "2").name();
    assert!(refused(&mut connection, &theirs, "SELECT 1").await, "the other tenant's role");
}

async fn a_login_reaches_no_other_database(world: World) {
    let _connection = world.installed().await;
    let other = world.server.database().await;
    other.connect().await.execute(plexica_backends::postgres::bootstrap::SQL).await.unwrap();
    let mut url: Url = world.shared_login(&[]).url(&world.provisioner).unwrap().reveal().parse().unwrap();
    url.set_path(other.name());
    let error = PgConnection::connect(url.as_str()).await.expect_err("no CONNECT");
    assert_eq!(error.as_database_error().unwrap().code().as_deref(), Some("42501"), "{error}");
}

async fn nobody_is_let_in_by_default(world: World) {
    let stranger = world.database.unique("stranger");
    world.execute(format!("CREATE ROLE \"{stranger}\" LOGIN PASSWORD 'x'")).await;
    let url = world.database.url_as(&stranger, "x");
    let error = PgConnection::connect(url.as_str()).await.expect_err("no CONNECT");
    assert_eq!(error.as_database_error().unwrap().code().as_deref(), Some("42501"), "{error}");
}
