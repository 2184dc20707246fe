//! What plugins' logins, as the operator hands them out, cannot do in Postgres.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use plexica_contract::tenancy::environment::DATABASE_URL;
use plexica_operator::config::Runner;
use plexica_testkit::{wait_for, wait_until};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{
    needs::Need,
    plugin::healthy,
    running::Operator,
    world::{PATIENCE, World},
};

/// One plugin's login, as it stands in its workload's Secret.
struct Login {
    name: String,
    /// Schema and role of the tenant that it was made for.
    own: String,
    connection: PgConnection,
}

impl Login {
    async fn from(world: &World, namespace: &str, secret: &str, own: &str) -> Self {
        let secrets = Api::<Secret>::namespaced(world.client.clone(), namespace);
        let secret = wait_for("the workload's Secret", PATIENCE, async || secrets.get_opt(secret).await.unwrap()).await;
        let url = String::from_utf8(secret.data.unwrap()[DATABASE_URL].0.clone()).unwrap();
        let name = url.parse::<url::Url>().unwrap().username().to_owned();
        Self { name, own: own.to_owned(), connection: PgConnection::connect(&url).await.expect("it signs in") }
    }

    /// Runs statements in a transaction, with the role of its own tenant or with none; the
    /// SQLSTATE of what refuses.
    async fn tries(&mut self, with_role: bool, sql: &str) -> Result<(), String> {
        let role = if with_role {
            format!("SET LOCAL ROLE {own}; SET LOCAL search_path TO {own}, pg_temp;", own = self.own)
        } else {
            String::new()
        };
        let sql = format!("BEGIN; {role} {sql}; COMMIT");
        let result = self.connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
        self.connection.execute("ROLLBACK").await.unwrap();
        result.map(drop).map_err(|error| error.as_database_error().expect("Postgres answers").code().unwrap().into())
    }

    /// It has no right to do any of it, with its role and without.
    async fn is_refused(&mut self, statements: &[String]) {
        const INSUFFICIENT_PRIVILEGE: &str = "42501";
        for statement in statements {
            for with_role in [true, false] {
                let refused = self.tries(with_role, statement).await;
                assert_eq!(refused, Err(INSUFFICIENT_PRIVILEGE.into()), "{} ({with_role}): {statement}", self.name);
            }
        }
    }
}

/// Marks, owners and privileges of all schemas, and who may take which role.
const STATE: &str = "SELECT concat(
    (SELECT string_agg(concat_ws(' ', nspname, nspowner::regrole, nspacl, obj_description(oid, 'pg_namespace')), E'\\n'
            ORDER BY nspname) FROM pg_namespace WHERE nspname ~ '^(tenant_|core|public)'),
    (SELECT string_agg(concat_ws(' ', r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb,
            r.rolcanlogin, r.rolreplication, r.rolbypassrls, shobj_description(r.oid, 'pg_authid')), E'\\n'
            ORDER BY r.rolname) FROM pg_roles r WHERE r.rolname ~ '%MARK|^plexica_(provisioner|operator|core_api)$'),
    (SELECT string_agg(concat_ws(' ', roleid::regrole, member::regrole), E'\\n' ORDER BY roleid, member)
       FROM pg_auth_members WHERE concat(roleid::regrole, member::regrole) ~ '%MARK'))";

async fn tenant(world: &World, id: &str, isolation: &str) -> (String, String) {
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, id, json!({ "isolation": isolation })).await;
    let own = format!("tenant_{}_plugin_{}", slug.replace('-', "_"), id.replace('-', "_"));
    (slug, own)
}

#[tokio::test]
async fn a_login_reaches_nothing_of_another_tenant_and_opens_nothing_of_its_own() {
    let Some(world) = World::with(Need::Workloads).await else { return };
    // Pods do not run on this cluster; what they would be given is there all the same.
    let operator = world.operator_with(|config| config.plugins.runner = Runner::Kubernetes);
    let id = world.database.unique("crm");
    world.plugin(&id, "1.0.0").await;
    let secret = format!("plugin-{id}-1-0-0");
    let mut logins = Vec::new();
    for isolation in ["Dedicated", "Dedicated", "Shared"] {
        let (slug, own) = tenant(&world, &id, isolation).await;
        let dedicated = format!("tenant-{slug}");
        let namespace = if isolation == "Dedicated" { dedicated } else { world.platform() };
        logins.push(Login::from(&world, &namespace, &secret, &own).await);
    }
    let plugin = id.replace('-', "_");
    assert_eq!(logins[2].name, format!("plugin_{plugin}"));
    assert!(logins[0].name.starts_with("login_") && logins[0].name != logins[1].name);

    // Each makes what a plugin makes, and gives away all of it that it can.
    for login in &mut logins {
        let made = "CREATE TABLE secrets (id int); INSERT INTO secrets VALUES (42); CREATE SEQUENCE numbers;
            CREATE FUNCTION tell() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 42';
            CREATE VIEW shown AS SELECT * FROM secrets;
            ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;
            ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO PUBLIC;
            CREATE TABLE later (id int);
            GRANT ALL ON ALL TABLES IN SCHEMA %own TO PUBLIC; GRANT ALL ON ALL SEQUENCES IN SCHEMA %own TO PUBLIC;
            GRANT ALL ON ALL FUNCTIONS IN SCHEMA %own TO PUBLIC"
            .replace("%own", &login.own);
        login.tries(true, &made).await.expect("what is its own works");
    }

    let state = STATE.replace("%MARK", &plugin);
    let before: String = world.sql(&state).await;
    for index in 0..logins.len() {
        let others: Vec<(String, String)> = logins
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .map(|(_, login)| (login.name.clone(), login.own.clone()))
            .collect();
        let login = &mut logins[index];
        for (other, theirs) in &others {
            login.is_refused(&reaching(other, theirs, &login.own)).await;
        }
        let platform = [
            "SELECT * FROM core.plugin_credential",
            "SELECT * FROM core.login_password",
            "SELECT * FROM core.ownership",
            "SELECT * FROM core.schema_migration",
            "SELECT * FROM core.operation",
            "DELETE FROM core.ownership",
            "SET LOCAL ROLE plexica_provisioner",
            "SET LOCAL ROLE plexica_core_api",
            "SELECT rolpassword FROM pg_authid",
            "CREATE SCHEMA mine",
            "CREATE ROLE mine",
            "CREATE TEMPORARY TABLE mine (id int)",
        ];
        login.is_refused(&platform.map(str::to_owned)).await;
        login.is_refused(&marks(&login.name.clone(), &login.own.clone())).await;
        // Postgres only warns where a privilege may not be granted on: what counts is what came of it.
        for (other, _) in &others {
            for to in ["PUBLIC", other] {
                let grant = format!("GRANT ALL ON SCHEMA {} TO {to}", login.own);
                let _warned_or_refused = login.tries(true, &grant).await;
            }
        }
    }
    assert_eq!(world.sql::<String>(&state).await, before, "no mark, owner, privilege or membership has changed");
    operator.stop().await;
}

/// Every way to what is another's.
fn reaching(other: &str, theirs: &str, own: &str) -> Vec<String> {
    let tenant = theirs.split("_plugin_").next().unwrap();
    [
        format!("SELECT * FROM {theirs}.secrets"),
        format!("SELECT * FROM {theirs}.later"),
        format!("SELECT * FROM {theirs}.shown"),
        format!("SELECT {theirs}.tell()"),
        format!("SELECT nextval('{theirs}.numbers')"),
        format!("INSERT INTO {theirs}.secrets VALUES (1)"),
        format!("UPDATE {theirs}.secrets SET id = 1"),
        format!("DELETE FROM {theirs}.secrets"),
        format!("TRUNCATE {theirs}.secrets"),
        format!("LOCK TABLE {theirs}.secrets"),
        format!("COPY {theirs}.secrets TO STDOUT"),
        format!("ALTER TABLE {theirs}.secrets ADD COLUMN mine int"),
        format!("DROP TABLE {theirs}.secrets"),
        format!("CREATE TABLE {theirs}.mine (id int)"),
        format!("CREATE FUNCTION {theirs}.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
        format!("DROP SCHEMA {theirs} CASCADE"),
        format!("COMMENT ON SCHEMA {theirs} IS 'mine'"),
        format!("COMMENT ON ROLE {theirs} IS 'mine'"),
        format!("SET LOCAL ROLE {theirs}"),
        format!("SELECT set_config('role', '{theirs}', true)"),
        format!("SET LOCAL ROLE {other}"),
        format!("SET LOCAL SESSION AUTHORIZATION {other}"),
        format!("GRANT {theirs} TO {own}"),
        format!("GRANT {own} TO {other}"),
        format!("ALTER ROLE {other} PASSWORD 'known'"),
        format!("REASSIGN OWNED BY {theirs} TO {own}"),
        format!("DROP OWNED BY {theirs}"),
        format!("ALTER DEFAULT PRIVILEGES FOR ROLE {theirs} GRANT ALL ON TABLES TO PUBLIC"),
        format!("SELECT * FROM {tenant}.permission"),
        format!("INSERT INTO {tenant}.audit_event (actor, action) VALUES ('a', 'b')"),
        format!("SET LOCAL ROLE {tenant}"),
    ]
    .into()
}

/// Every way to the marks and to the lock of one's own schema.
fn marks(login: &str, own: &str) -> Vec<String> {
    let tenant = own.split("_plugin_").next().unwrap();
    [
        format!("COMMENT ON SCHEMA {own} IS 'mine'"),
        format!("COMMENT ON ROLE {own} IS 'mine'"),
        format!("COMMENT ON ROLE {login} IS 'mine'"),
        format!("ALTER SCHEMA {own} OWNER TO {own}"),
        format!("ALTER SCHEMA {own} RENAME TO mine"),
        format!("DROP SCHEMA {own} CASCADE"),
        format!("ALTER ROLE {own} LOGIN"),
        format!("ALTER ROLE {login} INHERIT"),
        format!("ALTER ROLE {login} CREATEROLE"),
        format!("ALTER ROLE {login} SUPERUSER"),
        format!("DROP ROLE {own}"),
        format!("GRANT {own} TO plexica_core_api"),
        format!("GRANT {login} TO plexica_core_api"),
        format!("SELECT * FROM {tenant}.permission"),
        format!("SET LOCAL ROLE {tenant}"),
    ]
    .into()
}

/// Waits until the install serves from another place than before.
async fn moved(world: &World, slug: &str, before: &str) -> String {
    wait_for("it serves from elsewhere", PATIENCE, async || {
        let upstream = world.installed(slug).await.status.unwrap().route.unwrap().upstream;
        (upstream != before).then_some(upstream)
    })
    .await
}

#[tokio::test]
async fn an_install_that_is_isolated_takes_its_role_along() {
    let Some(world) = World::new().await else { return };
    let operator: Operator = world.operator();
    let id = world.database.unique("crm");
    world.plugin(&id, "1.0.0").await;
    let (acme, role) = tenant(&world, &id, "Shared").await;
    let (beta, other) = tenant(&world, &id, "Shared").await;
    let shared = [format!("plugin_{}", id.replace('-', "_"))];
    let dedicated = [role.replacen("tenant_", "login_", 1)];
    let members = async |role: &str| -> Vec<String> {
        world
            .sql(&format!(
                "SELECT coalesce(array_agg(DISTINCT member::regrole::text), '{{}}') FROM pg_auth_members
                  WHERE roleid = '{role}'::regrole AND NOT admin_option"
            ))
            .await
    };
    let first = world.installed(&acme).await.status.unwrap().route.unwrap().upstream;
    assert_eq!(world.installed(&beta).await.status.unwrap().route.unwrap().upstream, first);
    assert_eq!(members(&role).await, shared);

    world.install(&acme, &id, json!({ "isolation": "Dedicated" })).await;
    let second = moved(&world, &acme, &first).await;
    wait_until("the shared login has lost the role", PATIENCE, async || members(&role).await == dedicated).await;
    assert_eq!(members(&other).await, shared, "the other tenant's stays");
    assert!(healthy(&first).await && healthy(&second).await);

    // And back: the login for this tenant alone goes.
    world.install(&acme, &id, json!({ "isolation": "Shared" })).await;
    assert_eq!(moved(&world, &acme, &second).await, first);
    wait_until("its own login is gone", PATIENCE, async || {
        world.sql::<i64>(&format!("SELECT count(*) FROM pg_roles WHERE rolname = '{}'", dedicated[0])).await == 0
    })
    .await;
    assert_eq!(members(&role).await, shared);
    let user = format!("SELECT count(*) FROM core.plugin_credential WHERE username = 'plugin:{id}:{acme}'");
    assert_eq!(world.sql::<i64>(&user).await, 0);
    wait_until("its own workload has ended", PATIENCE, async || !healthy(&second).await).await;

    // The last one that shares: nobody is left in the shared login but it stays until the install goes.
    world.delete(&world.installs(&beta), "it").await;
    world.install(&acme, &id, json!({ "isolation": "Dedicated" })).await;
    moved(&world, &acme, &first).await;
    wait_until("the shared workload has ended", PATIENCE, async || !healthy(&first).await).await;
    wait_until("the shared login has lost the role", PATIENCE, async || members(&role).await == dedicated).await;
    world.delete(&world.installs(&acme), "it").await;
    let logins = format!("SELECT count(*) FROM pg_roles WHERE rolname IN ('{}', '{}')", shared[0], dedicated[0]);
    assert_eq!(world.sql::<i64>(&logins).await, 0);
    operator.stop().await;
}
