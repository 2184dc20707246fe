//! What the tenant's role may do with its tables: what the applied migrations grant, no more and no
//! less. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::postgres::migration::Migration;
use crate::postgres::space::Plan;
use crate::postgres::sql::ident;

type Grants = BTreeMap<String, BTreeSet<String>>;

/// Adds what makes the grants of the schema `name` those of the migrations. Tables of others are
/// theirs.
pub(super) fn plan<'a>(
    plan: &mut Plan,
    name: &str,
    applied: impl Iterator<Item = &'a Migration>,
    held: &[(String, String)],
) {
    for (table, wanted) in granted(applied) {
        let of_table = held.iter().filter(|(of, _)| *of == table).map(|(_, privilege)| privilege.clone());
        let held: BTreeSet<String> = of_table.collect();
        let place = format!("{}.{}", ident(name), ident(&table));
        let words = |privileges: &[&str]| privileges.join(" and ");
        let missing: Vec<&str> = wanted.difference(&held).map(String::as_str).collect();
        if !missing.is_empty() {
            plan.step(
                format!("GRANT {} ON {place} TO {}", missing.join(", "), ident(name)),
                format!("granted {} on table {name}.{table}", words(&missing)),
            );
        }
        let excess: Vec<&str> = held.difference(&wanted).map(String::as_str).collect();
        if !excess.is_empty() {
            plan.step(
                format!("REVOKE {} ON {place} FROM {}", excess.join(", "), ident(name)),
                format!("revoked {} on table {name}.{table}", words(&excess)),
            );
        }
    }
}

/// What the tenant's role is granted by the migrations, in their order.
fn granted<'a>(migrations: impl Iterator<Item = &'a Migration>) -> Grants {
    let mut grants = Grants::new();
    for migration in migrations {
        let code: Vec<&str> = migration.sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        for statement in code.join(" ").split(';').map(str::trim) {
            if let Some((privileges, table)) = read(statement, "GRANT ", " TO {role}") {
                grants.entry(table).or_default().extend(privileges);
            } else if let Some((privileges, table)) = read(statement, "REVOKE ", " FROM {role}") {
                grants.entry(table).or_default().retain(|held| !privileges.contains(held));
            }
        }
    }
    grants
}

/// Privileges and table of `GRANT a, b ON table TO {role}` and its like.
fn read(statement: &str, verb: &str, role: &str) -> Option<(BTreeSet<String>, String)> {
    let (privileges, table) = statement.strip_prefix(verb)?.strip_suffix(role)?.split_once(" ON ")?;
    let table = table.trim().strip_prefix("TABLE ").unwrap_or(table.trim());
    // Columns, sequences and functions have lists of their own.
    let plain = !privileges.contains('(') && !table.contains(char::is_whitespace);
    plain.then(|| (privileges.split(',').map(|privilege| privilege.trim().to_owned()).collect(), table.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::migration::load;
    use crate::postgres::tenant::ensure::MIGRATIONS;

    fn migration(version: i32, sql: &str) -> Migration {
        Migration { version, name: "any".into(), sql: sql.into(), checksum: Vec::new() }
    }

    fn held(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(table, privilege)| ((*table).to_owned(), (*privilege).to_owned())).collect()
    }

    fn changes(migrations: &[Migration], pairs: &[(&str, &str)]) -> Vec<String> {
        let mut planned = Plan::default();
        plan(&mut planned, "tenant_acme", migrations.iter(), &held(pairs));
        assert_eq!(planned.statements.len(), planned.changes.iter().count());
        planned.changes.iter().map(str::to_owned).collect()
    }

    #[test]
    fn later_migrations_add_and_take_away() {
        let migrations = [
            migration(
                1,
                "CREATE TABLE a (id int);\n-- GRANT ALL ON a TO {role};\nGRANT SELECT,\n  INSERT ON a TO {role}",
            ),
            migration(
                2,
                "GRANT UPDATE ON TABLE a TO {role}; GRANT SELECT (id) ON b TO {role}; REVOKE INSERT ON a FROM {role};",
            ),
            migration(3, "GRANT USAGE ON SEQUENCE c TO {role}; GRANT SELECT ON d TO somebody"),
        ];
        assert_eq!(changes(&migrations, &[("a", "SELECT"), ("a", "UPDATE"), ("theirs", "DELETE")]), [""; 0]);
        assert_eq!(
            changes(&migrations, &[("a", "DELETE"), ("a", "SELECT"), ("a", "INSERT")]),
            ["granted UPDATE on table tenant_acme.a", "revoked DELETE and INSERT on table tenant_acme.a"]
        );
    }

    #[test]
    fn every_grant_of_the_real_ones_is_understood() {
        let migrations = load(&MIGRATIONS).unwrap();
        let lines = migrations.iter().flat_map(|migration| migration.sql.lines());
        let grants = lines.filter(|line| line.starts_with("GRANT ") && line.contains("{role}")).count();
        let tables = granted(migrations.iter());
        assert!(grants >= 3 && tables.len() == grants, "{grants} {tables:?}");
        assert_eq!(tables["audit_event"], BTreeSet::from(["INSERT".to_owned()]));
    }
}
