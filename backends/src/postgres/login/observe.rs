//! What is there, in one query.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::{Desired, Observed, Role, Tenants};
use crate::Result;
use crate::ownership::{Installation, Stamp};
use crate::postgres::Provisioner;
use crate::postgres::failure::failure;
use crate::postgres::role_admin::{admin_of, maker, role_admin};
use crate::postgres::space::found;

/// A plugin's shared login may take a role of each tenant, and one of them asks for its own: all are listed only
/// where all matter.
const QUERY: &str = concat!(
    "
SELECT r.oid IS NOT NULL AS role_exists,
       shobj_description(r.oid, 'pg_authid') AS comment,
       coalesce(r.rolcanlogin, false) AS can_login,
       coalesce(r.rolinherit, false) AS inherits,
       coalesce(r.rolcreaterole, false) AS creates_roles,
       coalesce(r.rolvaliduntil < 'infinity', false) AS ends,
       EXISTS (SELECT FROM pg_database d, aclexplode(d.datacl) a
                WHERE d.datname = current_database() AND a.grantee = r.oid AND a.privilege_type = 'CONNECT')
           AS can_connect,
       (SELECT p.sha256 FROM core.login_password p WHERE p.login = $1) AS password,
       CASE WHEN $4 THEN
           array(SELECT DISTINCT g.rolname || E'\\n' || coalesce(",
    admin_of!("g.oid"),
    ", '')
                   FROM pg_auth_members am JOIN pg_roles g ON g.oid = am.roleid WHERE am.member = r.oid ORDER BY 1)
       ELSE
           array(SELECT g.rolname || E'\\n' || coalesce(",
    admin_of!("g.oid"),
    ", '') FROM pg_roles g
                  WHERE g.rolname = ANY ($2)
                    AND EXISTS (SELECT FROM pg_auth_members am WHERE am.roleid = g.oid AND am.member = r.oid)
                  ORDER BY 1)
       END AS roles,
       array(SELECT w.rolname || E'\\n' || coalesce(",
    admin_of!("w.oid"),
    ", '') || E'\\n' || shobj_description(w.oid, 'pg_authid') FROM pg_roles w
              WHERE w.rolname = ANY ($2) AND shobj_description(w.oid, 'pg_authid') IS NOT NULL) AS marks,
       array(SELECT DISTINCT g.rolname || E'\\n' || coalesce(",
    admin_of!("g.oid"),
    ", '') || E'\\n' || shobj_description(g.oid, 'pg_authid')
               FROM pg_auth_members am JOIN pg_roles g ON g.oid = am.roleid JOIN pg_roles m ON m.oid = am.member
              WHERE m.rolname = $3 AND shobj_description(g.oid, 'pg_authid') IS NOT NULL) AS inherited,
       coalesce(",
    admin_of!("r.oid"),
    ",
                CASE WHEN r.oid IS NULL THEN ",
    role_admin!("$5"),
    " END) AS admin
  FROM (VALUES (1)) one LEFT JOIN pg_roles r ON r.rolname = $1"
);

/// Reads the login. Schema `core` must be there.
pub async fn observe(provisioner: &Provisioner, desired: &Desired) -> Result<Observed> {
    let mut connection = provisioner.pool().acquire().await.map_err(failure("connect"))?;
    read(&mut connection, desired).await
}

pub(super) async fn read(connection: &mut PgConnection, desired: &Desired) -> Result<Observed> {
    let name = desired.login.name();
    let all = !matches!(desired.tenants, Tenants::AtLeast(_));
    let row = sqlx::query(QUERY).bind(&name).bind(desired.roles()).bind(desired.before()).bind(all);
    row.bind(maker(&name))
        .fetch_one(connection)
        .await
        .and_then(|row| decode(&row, &desired.installation))
        .map_err(failure(&format!("read the login {name}")))
}

fn decode(row: &PgRow, installation: &Installation) -> std::result::Result<Observed, sqlx::Error> {
    let roles: Vec<String> = row.try_get("roles")?;
    let marks: Vec<String> = row.try_get("marks")?;
    let inherited: Vec<String> = row.try_get("inherited")?;
    let (can_login, inherits): (bool, bool) = (row.try_get("can_login")?, row.try_get("inherits")?);
    let (creates_roles, ends): (bool, bool) = (row.try_get("creates_roles")?, row.try_get("ends")?);
    Ok(Observed {
        found: found(row.try_get("role_exists")?, row.try_get("comment")?),
        wrong: [
            (!can_login, "LOGIN"),
            (inherits, "NOINHERIT"),
            (creates_roles, "NOCREATEROLE"),
            (ends, "VALID UNTIL 'infinity'"),
        ]
        .into_iter()
        .filter_map(|(wrong, option)| wrong.then_some(option))
        .collect(),
        can_connect: row.try_get("can_connect")?,
        password: row.try_get("password")?,
        admin: row.try_get("admin")?,
        roles: roles.iter().map(|role| role_of(role)).collect(),
        grantable: marks.iter().filter_map(|mark| ours(mark, installation)).collect(),
        inherited: inherited.iter().filter_map(|mark| ours(mark, installation)).collect(),
    })
}

/// The role before its mark, if that is this installation's.
fn ours(marked: &str, installation: &Installation) -> Option<Role> {
    let (role, comment) = marked.match_indices('\n').nth(1).map(|(at, _)| marked.split_at(at))?;
    let stamp = Stamp::from_comment(comment.trim_start())?;
    installation.covers(&stamp.mark.installation).then(|| role_of(role))
}

/// The role before who administers it.
fn role_of(named: &str) -> Role {
    let (name, admin) = named.split_once('\n').unwrap_or((named, ""));
    Role { name: name.to_owned(), admin: Some(admin.to_owned()).filter(|admin| !admin.is_empty()) }
}
