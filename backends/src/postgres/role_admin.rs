//! Who makes the roles of tenants and plugins.
//!
//! From version 16 on, who makes a role is a member of it, and before each statement about a role Postgres walks
//! through all that its author is a member of: of one author, all roles there are. So the bootstrap makes some
//! more roles that may do this, each of which makes a share of them. Only `plexica_provisioner` can take them. What was
//! made without them, or by version 15, is administered by `plexica_provisioner` itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use super::PROVISIONER;
use super::failure::failure;
use super::sql::ident;
use crate::Result;

/// How many there are; as in `bootstrap.sql`.
pub(super) const COUNT: u8 = 64;

/// What matches their names, in a query.
macro_rules! names {
    () => {
        "'^plexica_role_admin_[0-3][0-9a-f]$'"
    };
}

/// A condition of a query: whether the role `a` is one of them, and does what they are for.
macro_rules! is_role_admin {
    () => {
        concat!(
            "a.rolname ~ ",
            crate::postgres::role_admin::names!(),
            " AND a.rolcreaterole AND NOT a.rolsuper AND NOT a.rolcanlogin
         AND EXISTS (SELECT FROM pg_auth_members taken JOIN pg_roles p ON p.oid = taken.member
                      WHERE taken.roleid = a.oid AND p.rolname = 'plexica_provisioner')"
        )
    };
}
pub(super) use {is_role_admin, names};

/// Of those roles that have such an admin, or would be made by one. None does it where the provisioner itself may: then it is
/// who has granted the role.
const QUERY: &str = concat!(
    "SELECT w.role, a.rolname::text
       FROM unnest($1::text[], $2::text[]) AS w (role, maker)
       JOIN pg_roles a ON a.rolname = w.maker
       LEFT JOIN pg_roles r ON r.rolname = w.role
      WHERE ",
    is_role_admin!(),
    " AND (r.oid IS NULL
           OR EXISTS (SELECT FROM pg_auth_members made
                       WHERE made.roleid = r.oid AND made.member = a.oid AND made.admin_option)
              AND NOT EXISTS (SELECT FROM pg_auth_members own JOIN pg_roles p ON p.oid = own.member
                               WHERE own.roleid = r.oid AND own.admin_option AND p.rolname = 'plexica_provisioner'))"
);

/// A statement, and the role that it is about if who administers that has to do it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Statement {
    pub sql: String,
    pub role: Option<String>,
}

impl From<String> for Statement {
    fn from(sql: String) -> Self {
        Self { sql, role: None }
    }
}

/// The statements as they are to be run.
pub(super) async fn by_admins(connection: &mut PgConnection, statements: &[Statement]) -> Result<Vec<String>> {
    let roles: BTreeSet<&String> = statements.iter().filter_map(|statement| statement.role.as_ref()).collect();
    if roles.is_empty() {
        return Ok(done_by(statements, &BTreeMap::new()));
    }
    let (roles, makers): (Vec<_>, Vec<_>) = roles.into_iter().map(|role| (role.clone(), maker(role))).unzip();
    let admins: Vec<(String, String)> = sqlx::query_as(QUERY)
        .bind(roles)
        .bind(makers)
        .fetch_all(connection)
        .await
        .map_err(failure("look for who administers roles"))?;
    Ok(done_by(statements, &admins.into_iter().collect()))
}

/// The one that makes the role of that name, where there is such a one.
pub(super) fn maker(role: &str) -> String {
    let [first, ..] = <[u8; 32]>::from(Sha256::digest(role));
    format!("plexica_role_admin_{:02x}", first % COUNT)
}

/// The statements, with who does them: the admin of each one's role, and the provisioner all others.
fn done_by(statements: &[Statement], admins: &BTreeMap<String, String>) -> Vec<String> {
    let (mut done, mut by) = (Vec::new(), PROVISIONER);
    let mut take = |done: &mut Vec<String>, role| {
        if by != role {
            done.push(format!("SET LOCAL ROLE {}", ident(role)));
            by = role;
        }
    };
    for Statement { sql, role } in statements {
        take(&mut done, role.as_ref().and_then(|role| admins.get(role)).map_or(PROVISIONER, String::as_str));
        done.push(sql.clone());
    }
    take(&mut done, PROVISIONER);
    done
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn each_makes_its_share() {
        let mut made = BTreeMap::<String, u32>::new();
        for tenant in 0..1000 {
            for plugin in ["", "_plugin_crm", "_plugin_files", "_plugin_mail"] {
                *made.entry(maker(&format!("tenant_t{tenant}{plugin}"))).or_default() += 1;
            }
        }
        assert_eq!(made.len(), usize::from(COUNT));
        assert!(made.keys().next().unwrap() == "plexica_role_admin_00" && made.contains_key("plexica_role_admin_3f"));
        assert!(made.values().all(|made| (31..=125).contains(made)), "{made:?}");
    }

    #[test]
    fn the_role_is_taken_once_and_given_back() {
        let statement =
            |sql: &str, role: Option<&str>| Statement { sql: sql.into(), role: role.map(ToOwned::to_owned) };
        let admins = [("a", "plexica_role_admin_07"), ("b", "plexica_role_admin_07"), ("c", "plexica_role_admin_08")]
            .map(|(role, admin)| (role.to_owned(), admin.to_owned()));
        let statements = [
            statement("1", Some("a")),
            statement("2", Some("b")),
            statement("3", None),
            statement("4", Some("of an earlier release")),
            statement("5", Some("c")),
        ];
        let [seven, eight, back] =
            ["\"plexica_role_admin_07\"", "\"plexica_role_admin_08\"", "\"plexica_provisioner\""]
                .map(|role| format!("SET LOCAL ROLE {role}"));
        let expected = [&seven, "1", "2", &back, "3", "4", &eight, "5", &back];
        assert_eq!(done_by(&statements, &admins.into()), expected.map(str::to_owned));
    }
}
