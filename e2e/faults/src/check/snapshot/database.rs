//! What of Postgres follows a tenant's spec: whose its schemas are, who may do what, and what plugins may be allowed.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};

use plexica_contract::name::postgres;

use crate::world::{Case, World};

/// Who may do what with the tenant's schemas, and who may become whom: who made a role leaves it to one of several that
/// administer roles, by chance.
const RIGHTS: &str = "SELECT concat_ws(' ', n.nspname, a.grantee::regrole, a.privilege_type)
                        FROM pg_namespace n, aclexplode(n.nspacl) a WHERE starts_with(n.nspname, $1)
                      UNION ALL
                      SELECT concat_ws(' ', r.rolname, 'to',
                                       regexp_replace(m.member::regrole::text, '^(plexica_role_admin)_..$', '\\1'))
                        FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE starts_with(r.rolname, $1)";
/// Whose schemas and tables are, and who may do what with those.
const OWNERS: &str = "WITH space AS (SELECT * FROM pg_namespace WHERE starts_with(nspname, $1)),
                           part AS (SELECT c.*, concat_ws('.', s.nspname, c.relname) AS name
                                      FROM pg_class c JOIN space s ON s.oid = c.relnamespace
                                     WHERE c.relkind IN ('r', 'p', 'v', 'S') AND c.relname <> ALL ($2))
                      SELECT concat_ws(' ', nspname, 'of', nspowner::regrole) FROM space
                      UNION ALL
                      SELECT concat_ws(' ', name, 'of', relowner::regrole) FROM part
                      UNION ALL
                      SELECT concat_ws(' ', name, a.grantee::regrole, a.privilege_type)
                        FROM part, aclexplode(relacl) a";
/// What the tenant's own roles are to the server.
const ROLES: &str = "SELECT concat_ws(' ', rolname, rolcanlogin, rolinherit, rolcreaterole, rolconnlimit, rolconfig)
                       FROM pg_roles WHERE starts_with(rolname, $1)";
/// Tables that the harness itself makes, for some.
const PLANTED: [&str; 1] = ["kept"];

/// Each as rows in no order.
pub async fn database(world: &World, case: &Case) -> Result<Value, sqlx::Error> {
    let (own, mut superuser) = (postgres::tenant(&case.slug), world.database.connect().await);
    let rights: Vec<String> = sqlx::query_scalar(RIGHTS).bind(&own).fetch_all(&mut superuser).await?;
    let owners: Vec<String> =
        sqlx::query_scalar(OWNERS).bind(&own).bind(PLANTED.as_slice()).fetch_all(&mut superuser).await?;
    let roles: Vec<String> = sqlx::query_scalar(ROLES).bind(&own).fetch_all(&mut superuser).await?;
    let permissions = permissions(&mut superuser, &own).await?;
    Ok(json!({ "rights": rights, "owners": owners, "roles": roles, "permissions": permissions }))
}

/// What plugins have registered that users may be allowed, and which role of the tenant's is.
async fn permissions(superuser: &mut PgConnection, own: &str) -> Result<Vec<String>, sqlx::Error> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(format!("{own}.permission"))
        .fetch_one(&mut *superuser)
        .await?;
    if !there {
        return Ok(Vec::new());
    }
    let query = format!(
        "SELECT concat_ws(' ', key, 'of', plugin, name, default_roles) FROM {own}.permission
         UNION ALL
         SELECT concat_ws(' ', role, 'has', permission) FROM {own}.role_permission"
    );
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(superuser).await
}
