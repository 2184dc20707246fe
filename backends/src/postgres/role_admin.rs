//! Who makes the roles of tenants and plugins.
//!
//! From version 16 on, who makes a role is a member of it, and before each statement about a role Postgres walks
//! through all that its author is a member of: of one author, all roles there are. So the bootstrap makes some
//! more roles that may do this, each of which makes a share of them. Only `plexica_provisioner` can take them. What was
//! made without them, or by version 15, is administered by `plexica_provisioner` itself.

use sha2::{Digest, Sha256};

use super::PROVISIONER;
use super::sql::ident;

/// How many there are; as in `bootstrap.sql`.
pub(super) const COUNT: u8 = 64;

/// A condition of a query: whether the role `a` is one of them, and does what they are for.
macro_rules! is_role_admin {
    () => {
        "a.rolname ~ '^plexica_role_admin_[0-3][0-9a-f]$' AND a.rolcreaterole AND NOT a.rolsuper AND NOT a.rolcanlogin
         AND EXISTS (SELECT FROM pg_auth_members taken JOIN pg_roles p ON p.oid = taken.member
                      WHERE taken.roleid = a.oid AND p.rolname = 'plexica_provisioner')"
    };
}

/// A query's value: which of them administers the role with that oid. None does where the provisioner itself may: then
/// it is who has granted the role.
macro_rules! admin_of {
    ($role:literal) => {
        concat!(
            "(SELECT a.rolname::text FROM pg_auth_members made JOIN pg_roles a ON a.oid = made.member
               WHERE made.roleid = ",
            $role,
            " AND made.admin_option AND ",
            crate::postgres::role_admin::is_role_admin!(),
            " AND NOT EXISTS (SELECT FROM pg_auth_members own JOIN pg_roles p ON p.oid = own.member
                               WHERE own.roleid = made.roleid AND own.admin_option AND p.rolname = 'plexica_provisioner')
               ORDER BY 1 LIMIT 1)"
        )
    };
}

/// A query's value: the role of that name, if it is one of them.
macro_rules! role_admin {
    ($name:literal) => {
        concat!(
            "(SELECT a.rolname::text FROM pg_roles a WHERE a.rolname = ",
            $name,
            " AND ",
            crate::postgres::role_admin::is_role_admin!(),
            ")"
        )
    };
}

pub(super) use {admin_of, is_role_admin, role_admin};

/// The one that makes the role of that name, where there is such a one.
pub(super) fn maker(role: &str) -> String {
    let [first, ..] = <[u8; 32]>::from(Sha256::digest(role));
    format!("plexica_role_admin_{:02x}", first % COUNT)
}

/// Statements about a role, done by who administers it.
pub(super) fn done_by(admin: Option<&str>, mut statements: Vec<String>) -> Vec<String> {
    if let Some(admin) = admin.filter(|_| !statements.is_empty()) {
        statements.insert(0, format!("SET LOCAL ROLE {}", ident(admin)));
        statements.push(format!("SET LOCAL ROLE {PROVISIONER}"));
    }
    statements
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
    fn the_role_is_given_back() {
        let statement = || vec!["DROP ROLE a".to_owned()];
        let by = "SET LOCAL ROLE \"plexica_role_admin_07\"";
        let expected = [by, "DROP ROLE a", "SET LOCAL ROLE plexica_provisioner"];
        assert_eq!(done_by(Some("plexica_role_admin_07"), statement()), expected);
        assert_eq!(done_by(None, statement()), statement());
        assert_eq!(done_by(Some("plexica_role_admin_07"), Vec::new()), [""; 0]);
    }
}
