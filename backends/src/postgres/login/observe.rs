//! What is there, in one query.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::{Desired, Observed, Tenants};
use crate::Result;
use crate::ownership::{Installation, Stamp};
use crate::postgres::Provisioner;
use crate::postgres::failure::failure;
use crate::postgres::space::found;

/// A plugin's shared login may take a role of each tenant, and one of them asks for its own: all are listed only
/// where all matter.
const QUERY: &str = "
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
           array(SELECT DISTINCT g.rolname::text FROM pg_auth_members am JOIN pg_roles g ON g.oid = am.roleid
                  WHERE am.member = r.oid ORDER BY 1)
       ELSE
           array(SELECT g.rolname::text FROM pg_roles g
                  WHERE g.rolname = ANY ($2)
                    AND EXISTS (SELECT FROM pg_auth_members am WHERE am.roleid = g.oid AND am.member = r.oid)
                  ORDER BY 1)
       END AS roles,
       array(SELECT w.rolname || E'\\n' || shobj_description(w.oid, 'pg_authid') FROM pg_roles w
              WHERE w.rolname = ANY ($2) AND shobj_description(w.oid, 'pg_authid') IS NOT NULL) AS marks,
       array(SELECT DISTINCT g.rolname || E'\\n' || shobj_description(g.oid, 'pg_authid')
               FROM pg_auth_members am JOIN pg_roles g ON g.oid = am.roleid JOIN pg_roles m ON m.oid = am.member
              WHERE m.rolname = $3 AND shobj_description(g.oid, 'pg_authid') IS NOT NULL) AS inherited
  FROM (VALUES (1)) one LEFT JOIN pg_roles r ON r.rolname = $1";

/// Reads the login. Schema `core` must be there.
pub async fn observe(provisioner: &Provisioner, desired: &Desired) -> Result<Observed> {
    let mut connection = provisioner.pool().acquire().await.map_err(failure("connect"))?;
    read(&mut connection, desired).await
}

pub(super) async fn read(connection: &mut PgConnection, desired: &Desired) -> Result<Observed> {
    let name = desired.login.name();
    let all = !matches!(desired.tenants, Tenants::AtLeast(_));
    let row = sqlx::query(QUERY).bind(&name).bind(desired.roles()).bind(desired.before()).bind(all);
    row.fetch_one(connection)
        .await
        .and_then(|row| decode(&row, &desired.installation))
        .map_err(failure(&format!("read the login {name}")))
}

fn decode(row: &PgRow, installation: &Installation) -> std::result::Result<Observed, sqlx::Error> {
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
        locked_out: false,
        roles: row.try_get("roles")?,
        grantable: marks.iter().filter_map(|mark| ours(mark, installation)).collect(),
        inherited: inherited.iter().filter_map(|mark| ours(mark, installation)).collect(),
    })
}

/// The role's name, if its mark is this installation's.
fn ours(named: &str, installation: &Installation) -> Option<String> {
    let (role, comment) = named.split_once('\n')?;
    let stamp = Stamp::from_comment(comment)?;
    installation.covers(&stamp.mark.installation).then(|| role.to_owned())
}
