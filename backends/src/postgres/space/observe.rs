//! What is there, in one query.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::{Astray, Observed, PROVISIONER};
use crate::Result;
use crate::ownership::{Found, Mark, Stamp};
use crate::postgres::failure::failure;
use crate::postgres::role_admin;

/// Privileges and members are read from the catalogue's own lists: a role that has them by way of
/// PUBLIC would lose them with PUBLIC. Tables are found by who depends on the role, which has an index: by schema,
/// every look would read all tables of all tenants.
const QUERY: &str = concat!(
    "
SELECT s.oid IS NOT NULL AS schema_exists,
       coalesce(s.nspowner = p.oid, false) AS schema_is_ours,
       o.rolname::text AS schema_owner,
       shobj_description(o.oid, 'pg_authid') AS owner_comment,
       obj_description(s.oid, 'pg_namespace') AS schema_comment,
       r.oid IS NOT NULL AS role_exists,
       shobj_description(r.oid, 'pg_authid') AS role_comment,
       coalesce(r.rolcanlogin, false) AS can_login,
       array(SELECT a.privilege_type::text FROM aclexplode(s.nspacl) a WHERE a.grantee = r.oid ORDER BY 1) AS privileges,
       array(SELECT a.privilege_type::text FROM aclexplode(s.nspacl) a WHERE a.grantee = 0 ORDER BY 1) AS public,
       array(SELECT c.relname || E'\\n' || a.privilege_type
               FROM pg_shdepend d JOIN pg_class c ON c.oid = d.objid, aclexplode(c.relacl) a
              WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype IN ('a', 'o')
                AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND d.classid = 'pg_class'::regclass AND d.objsubid = 0
                AND c.relnamespace = s.oid AND a.grantee = r.oid ORDER BY 1) AS tables,
       array(SELECT DISTINCT m.rolname::text
               FROM pg_auth_members am JOIN pg_roles m ON m.oid = am.member
              WHERE am.roleid = r.oid AND m.oid <> p.oid
                AND m.rolname !~ ",
    role_admin::names!(),
    " ORDER BY 1) AS members
  FROM (VALUES (1)) one
  LEFT JOIN pg_namespace s ON s.nspname = $1
  LEFT JOIN pg_roles o ON o.oid = s.nspowner
  LEFT JOIN pg_roles r ON r.rolname = $1
  LEFT JOIN pg_roles p ON p.rolname = $2"
);

const MARKED: &str = "
SELECT s.nspname::text, obj_description(s.oid, 'pg_namespace')
  FROM pg_namespace s JOIN pg_roles p ON p.oid = s.nspowner
 WHERE p.rolname = $2 AND starts_with(s.nspname::text, $1) AND obj_description(s.oid, 'pg_namespace') IS NOT NULL
 ORDER BY 1";

/// Schemas whose names start so, with the owners their marks name.
pub(in crate::postgres) async fn marked(connection: &mut PgConnection, prefix: &str) -> Result<Vec<(String, Mark)>> {
    let rows: Vec<(String, String)> = sqlx::query_as(MARKED)
        .bind(prefix)
        .bind(PROVISIONER)
        .fetch_all(connection)
        .await
        .map_err(failure(&format!("list the schemas {prefix}*")))?;
    let mark = |(name, comment): (String, String)| Some((name, Stamp::from_comment(&comment)?.mark));
    Ok(rows.into_iter().filter_map(mark).collect())
}

/// Reads the schema and the role of that name.
pub(in crate::postgres) async fn observe(connection: &mut PgConnection, name: &str) -> Result<Observed> {
    let doing = format!("read the schema and role {name}");
    let row = sqlx::query(QUERY).bind(name).bind(PROVISIONER).fetch_one(connection).await;
    row.and_then(|row| decode(&row)).map_err(failure(&doing))
}

fn decode(row: &PgRow) -> std::result::Result<Observed, sqlx::Error> {
    // A schema's owner can write its comment, so only the provisioner's are believed.
    let schema_is_ours: bool = row.try_get("schema_is_ours")?;
    let schema_comment: Option<String> = row.try_get("schema_comment")?;
    let stranger: Option<String> = row.try_get("schema_owner")?;
    let stranger = stranger.filter(|_| !schema_is_ours);
    let owner_comment: Option<String> = row.try_get("owner_comment")?;
    let tables: Vec<String> = row.try_get("tables")?;
    Ok(Observed {
        astray: stranger.clone().and_then(|owner| astray(owner, owner_comment.as_deref()?, schema_comment.as_deref()?)),
        stranger,
        schema: found(row.try_get("schema_exists")?, schema_comment.filter(|_| schema_is_ours)),
        // A role cannot comment on itself: that takes CREATEROLE.
        role: found(row.try_get("role_exists")?, row.try_get("role_comment")?),
        privileges: row.try_get("privileges")?,
        public: row.try_get("public")?,
        tables: tables.iter().filter_map(|pair| pair.split_once('\n')).map(|(a, b)| (a.into(), b.into())).collect(),
        members: row.try_get("members")?,
        can_login: row.try_get("can_login")?,
        applied: Vec::new(),
    })
}

pub(in crate::postgres) fn found(exists: bool, comment: Option<String>) -> Found {
    match comment.and_then(|comment| Stamp::from_comment(&comment)) {
        _ if !exists => Found::Absent,
        Some(stamp) => Found::Marked(stamp),
        None => Found::unmarked(),
    }
}

fn astray(owner: String, owner_comment: &str, schema_comment: &str) -> Option<Astray> {
    let (role, stamp) = (Stamp::from_comment(owner_comment)?, Stamp::from_comment(schema_comment)?);
    role.mark.installation.same_name(&stamp.mark.installation).then_some(Astray { owner, stamp })
}
