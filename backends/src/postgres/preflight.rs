//! Whether a database is as `docs/bootstrap.md` wants it, seen with the operator's own login.

use std::path::Path;

use sqlx::postgres::PgRow;
use sqlx::{ConnectOptions, Connection, PgConnection, Row};

use super::failure::failure;
use super::provisioner::connect_options;
use super::role_admin::{COUNT, is_role_admin};
use super::sql::ident;
use super::{CORE_API, PROVISIONER, Placement};
use crate::Result;
use crate::preflight::Finding;

/// The oldest version that works.
const OLDEST: i32 = 150_000;
/// From here on, CREATEROLE is limited to roles that were made by it.
const RECOMMENDED: i32 = 160_000;

/// What is missing. Empty if all is well.
pub async fn preflight(placement: &Placement, ca_bundle: Option<&Path>) -> Vec<Finding> {
    match read(placement, ca_bundle).await {
        Ok(facts) => findings(&facts),
        Err(error) => vec![error.into()],
    }
}

const QUERY: &str = concat!(
    "
SELECT current_setting('server_version_num')::int AS version,
       current_database()::text AS database,
       session_user::text AS login,
       (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) AS is_superuser,
       p.oid IS NOT NULL AS provisioner_exists,
       coalesce(p.rolcreaterole AND NOT p.rolcanlogin AND NOT p.rolsuper, false) AS provisioner_is_right,
       EXISTS (SELECT FROM pg_auth_members WHERE roleid = p.oid
                  AND member = (SELECT oid FROM pg_roles WHERE rolname = session_user)) AS is_member,
       (SELECT count(*) FROM pg_roles a WHERE ",
    is_role_admin!(),
    ") AS role_admins,
       EXISTS (SELECT FROM pg_roles WHERE rolname = $2) AS core_api_exists,
       coalesce(has_database_privilege(p.oid, d.oid, 'CREATE'), false) AS may_create,
       coalesce(has_database_privilege(p.oid, d.oid, 'CONNECT WITH GRANT OPTION'), false) AS may_let_connect,
       EXISTS (SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
                WHERE a.grantee = 0 AND a.privilege_type IN ('CONNECT', 'TEMPORARY')) AS database_is_open,
       EXISTS (SELECT FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
                WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type = 'CREATE') AS public_is_open,
       array(SELECT o.datname::text FROM pg_database o
              WHERE o.oid <> d.oid AND o.datallowconn
                AND EXISTS (SELECT FROM aclexplode(coalesce(o.datacl, acldefault('d', o.datdba))) a
                             WHERE a.grantee = 0 AND a.privilege_type = 'CONNECT')
              ORDER BY 1) AS other_open
  FROM pg_database d LEFT JOIN pg_roles p ON p.rolname = $1
 WHERE d.datname = current_database()"
);

async fn read(placement: &Placement, ca_bundle: Option<&Path>) -> Result<Facts> {
    let mut connection: PgConnection =
        connect_options(&placement.url, ca_bundle)?.connect().await.map_err(failure("connect"))?;
    let row = sqlx::query(QUERY).bind(PROVISIONER).bind(CORE_API).fetch_one(&mut connection).await;
    let facts = row.and_then(|row| Facts::decode(&row)).map_err(failure("look at the database"))?;
    connection.close().await.map_err(failure("disconnect"))?;
    Ok(facts)
}

#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // Each is an answer of its own.
struct Facts {
    version: i32,
    database: String,
    login: String,
    is_superuser: bool,
    provisioner_exists: bool,
    provisioner_is_right: bool,
    is_member: bool,
    role_admins: i64,
    core_api_exists: bool,
    may_create: bool,
    may_let_connect: bool,
    database_is_open: bool,
    public_is_open: bool,
    other_open: Vec<String>,
}

impl Facts {
    fn decode(row: &PgRow) -> std::result::Result<Self, sqlx::Error> {
        Ok(Self {
            version: row.try_get("version")?,
            database: row.try_get("database")?,
            login: row.try_get("login")?,
            is_superuser: row.try_get("is_superuser")?,
            provisioner_exists: row.try_get("provisioner_exists")?,
            provisioner_is_right: row.try_get("provisioner_is_right")?,
            is_member: row.try_get("is_member")?,
            role_admins: row.try_get("role_admins")?,
            core_api_exists: row.try_get("core_api_exists")?,
            may_create: row.try_get("may_create")?,
            may_let_connect: row.try_get("may_let_connect")?,
            database_is_open: row.try_get("database_is_open")?,
            public_is_open: row.try_get("public_is_open")?,
            other_open: row.try_get("other_open")?,
        })
    }
}

/// Pure. Fixes are SQL for an administrator, connected to this database.
fn findings(facts: &Facts) -> Vec<Finding> {
    let (database, login) = (ident(&facts.database), ident(&facts.login));
    let mut findings = Vec::new();
    let mut missing = |is_missing: bool, what: String, fix: String| {
        if is_missing {
            findings.push(Finding::missing(what, fix));
        }
    };
    missing(
        facts.version < OLDEST,
        format!("the server's version is {}, which is too old", facts.version / 10_000),
        "Use PostgreSQL 16 or later (15 works).".into(),
    );
    missing(
        !facts.provisioner_exists,
        format!("the role {PROVISIONER} does not exist"),
        format!("CREATE ROLE {PROVISIONER} NOLOGIN CREATEROLE;"),
    );
    missing(
        facts.provisioner_exists && !facts.provisioner_is_right,
        format!("the role {PROVISIONER} must be able to create roles, but neither to sign in nor to do everything"),
        format!("ALTER ROLE {PROVISIONER} NOLOGIN CREATEROLE NOSUPERUSER;"),
    );
    missing(
        !facts.is_member,
        format!("the login {} may not take the role {PROVISIONER}", facts.login),
        format!("GRANT {PROVISIONER} TO {login};"),
    );
    missing(
        !facts.core_api_exists,
        format!("the core API's login {CORE_API} does not exist"),
        format!("CREATE ROLE {CORE_API} LOGIN NOINHERIT;\nGRANT CONNECT ON DATABASE {database} TO {CORE_API};"),
    );
    missing(
        !facts.may_create,
        format!("{PROVISIONER} may not create schemas in the database {}", facts.database),
        format!("GRANT CREATE ON DATABASE {database} TO {PROVISIONER};"),
    );
    missing(
        !facts.may_let_connect,
        format!("{PROVISIONER} may not let logins of plugins connect to the database {}", facts.database),
        format!("GRANT CONNECT ON DATABASE {database} TO {PROVISIONER} WITH GRANT OPTION;"),
    );
    missing(
        facts.database_is_open,
        format!("everybody may connect to the database {} or make temporary tables in it", facts.database),
        format!("REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC;"),
    );
    missing(
        facts.public_is_open,
        "everybody may create in the schema public".into(),
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC;".into(),
    );
    if facts.is_superuser {
        let what = format!("the login {} is a superuser, which Plexica does not need", facts.login);
        findings.push(Finding::advice(what, "Use the login plexica_operator in DATABASE_URL."));
    }
    if (OLDEST..RECOMMENDED).contains(&facts.version) {
        let what = "before PostgreSQL 16, a role that may create roles is close to a superuser";
        findings.push(Finding::advice(what, "Use PostgreSQL 16 or later."));
    }
    if facts.version >= RECOMMENDED && facts.provisioner_exists && facts.role_admins < i64::from(COUNT) {
        let what = format!("{PROVISIONER} makes all roles itself, which is slow from some thousand of them on");
        findings.push(Finding::advice(what, "Run the SQL of docs/bootstrap.md again, which makes roles for it."));
    }
    if !facts.other_open.is_empty() {
        let what = "logins of plugins may connect to other databases of this server, as everybody may";
        let close = |name: &String| format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC;", ident(name));
        findings.push(Finding::advice(what, facts.other_open.iter().map(close).collect::<Vec<_>>().join("\n")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;

    fn good() -> Facts {
        Facts {
            version: 170_011,
            database: "plexica".into(),
            login: "plexica_operator".into(),
            is_superuser: false,
            provisioner_exists: true,
            provisioner_is_right: true,
            is_member: true,
            role_admins: i64::from(COUNT),
            core_api_exists: true,
            may_create: true,
            may_let_connect: true,
            database_is_open: false,
            public_is_open: false,
            other_open: Vec::new(),
        }
    }

    #[test]
    fn each_fact_has_its_fix() {
        assert_eq!(findings(&good()), []);
        for (facts, level, fix) in [
            (Facts { version: 140_000, ..good() }, Level::Missing, "PostgreSQL 16"),
            (Facts { version: 150_019, ..good() }, Level::Advice, "PostgreSQL 16"),
            (Facts { provisioner_is_right: false, ..good() }, Level::Missing, "ALTER ROLE plexica_provisioner"),
            (
                Facts { is_member: false, ..good() },
                Level::Missing,
                "GRANT plexica_provisioner TO \"plexica_operator\";",
            ),
            (Facts { core_api_exists: false, ..good() }, Level::Missing, "CREATE ROLE plexica_core_api"),
            (Facts { may_create: false, ..good() }, Level::Missing, "GRANT CREATE ON DATABASE \"plexica\""),
            (Facts { may_let_connect: false, ..good() }, Level::Missing, "WITH GRANT OPTION"),
            (Facts { database_is_open: true, ..good() }, Level::Missing, "REVOKE CONNECT, TEMPORARY"),
            (Facts { public_is_open: true, ..good() }, Level::Missing, "REVOKE CREATE ON SCHEMA public"),
            (Facts { is_superuser: true, ..good() }, Level::Advice, "plexica_operator"),
            (Facts { role_admins: 63, ..good() }, Level::Advice, "docs/bootstrap.md"),
            (Facts { other_open: vec!["o\"dd".into()], ..good() }, Level::Advice, "DATABASE \"o\"\"dd\" FROM PUBLIC"),
        ] {
            let found = findings(&facts);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].level, level, "{found:?}");
            assert!(found[0].fix.contains(fix), "{found:?}");
        }
    }
}
