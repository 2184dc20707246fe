//! Whether an expand step only adds. The version before serves while it runs, and may serve again.

use std::collections::BTreeSet;

use plexica_contract::manifest::MigrationPhase;
use sqlparser::{
    ast::{AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, ColumnOption, Query, SetExpr, Statement},
    dialect::PostgreSqlDialect,
    parser::Parser,
};

use super::{Migration, MigrationError, Migrations};

/// What its author has called an expand step may hold what cannot be read here, such as `DO`.
const VOUCHED: &str = ".expand.sql";

/// What is wrong with a plugin's migrations, given by the names and texts of their files: names that are none, numbers
/// that are there twice, and expand steps that drop, rename or tighten what the version before still uses. Nothing for
/// migrations that may be released.
pub fn check_migrations<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<MigrationError> {
    let mut migrations = Migrations::default();
    let mut refused: Vec<_> = files.into_iter().filter_map(|(name, sql)| migrations.add(name, sql).err()).collect();
    refused.extend(refusals(&migrations));
    refused
}

/// Refuses expand steps that drop, rename or tighten what is there.
#[cfg(feature = "test-host")]
pub(crate) fn check(migrations: &Migrations) -> Result<(), MigrationError> {
    refusals(migrations).next().map_or(Ok(()), Err)
}

fn refusals(migrations: &Migrations) -> impl Iterator<Item = MigrationError> {
    let expand = migrations.all().iter().filter(|migration| migration.phase == MigrationPhase::Expand);
    expand.filter_map(|Migration { name, sql, .. }| {
        let why = takes_away(sql, name.ends_with(VOUCHED))?;
        Some(MigrationError::NotExpand { name: name.clone(), why })
    })
}

/// What the statements take away, or that it cannot be known.
fn takes_away(sql: &str, vouched: bool) -> Option<String> {
    let statements = match Parser::parse_sql(&PostgreSqlDialect {}, sql) {
        Ok(statements) => statements,
        Err(_) if vouched => return None,
        Err(error) => return Some(unknown(&error)),
    };
    let mut new = BTreeSet::new();
    statements.iter().find_map(|statement| of_statement(statement, vouched, &mut new))
}

fn unknown(what: &dyn std::fmt::Display) -> String {
    format!(
        "what it does cannot be told from its text ({what}): if it only adds, say so by calling it as in 0007_words{VOUCHED}; if not"
    )
}

/// `new` holds the tables that the file itself has made: nobody uses them yet.
fn of_statement(statement: &Statement, vouched: bool, new: &mut BTreeSet<String>) -> Option<String> {
    match statement {
        Statement::CreateTable(table) => {
            new.insert(table.name.to_string());
            None
        }
        Statement::CreateIndex(index) if index.unique && !new.contains(&index.table_name.to_string()) => {
            Some(format!("makes values of {} unique", index.table_name))
        }
        Statement::AlterTable(AlterTable { name, .. }) if new.contains(&name.to_string()) => None,
        Statement::AlterTable(AlterTable { name, operations, .. }) => {
            operations.iter().find_map(|operation| of_table(operation).map(|why| format!("{why} in {name}")))
        }
        Statement::Query(query) => removes(query).then(|| "removes rows".to_owned()),
        Statement::CreateIndex(_)
        | Statement::CreateView(_)
        | Statement::CreateSequence { .. }
        | Statement::CreateFunction(_)
        | Statement::CreateTrigger(_)
        | Statement::Insert(_)
        | Statement::Update(_)
        | Statement::Set(_)
        | Statement::Comment { .. }
        | Statement::Grant(_)
        | Statement::Analyze(_) => None,
        Statement::Delete(_) | Statement::Truncate(_) => Some("removes rows".into()),
        Statement::Drop { .. }
        | Statement::DropFunction(_)
        | Statement::DropTrigger(_)
        | Statement::DropProcedure { .. }
        | Statement::Revoke(_) => Some(format!("takes away what is there ({statement})")),
        _ if vouched => None,
        other => Some(unknown(other)),
    }
}

/// What a change of a table that is there takes away.
fn of_table(operation: &AlterTableOperation) -> Option<String> {
    match operation {
        AlterTableOperation::AddColumn { column_def, .. } => of_column(column_def),
        AlterTableOperation::AlterColumn {
            op: AlterColumnOperation::DropNotNull | AlterColumnOperation::SetDefault { .. },
            ..
        }
        | AlterTableOperation::ValidateConstraint { .. }
        | AlterTableOperation::EnableTrigger { .. } => None,
        AlterTableOperation::AddConstraint { .. } => {
            Some("adds a constraint that the old version does not know".into())
        }
        AlterTableOperation::DropColumn { .. } | AlterTableOperation::DropConstraint { .. } => {
            Some(format!("takes away what is there ({operation})"))
        }
        AlterTableOperation::RenameColumn { .. }
        | AlterTableOperation::RenameTable { .. }
        | AlterTableOperation::RenameConstraint { .. } => Some(format!("renames ({operation})")),
        other => Some(format!("changes or tightens what is there ({other})")),
    }
}

/// The old version writes rows without the new column.
fn of_column(ColumnDef { name, options, .. }: &ColumnDef) -> Option<String> {
    let has = |wanted: fn(&ColumnOption) -> bool| options.iter().any(|option| wanted(&option.option));
    let filled = has(|option| {
        matches!(option, ColumnOption::Default(_) | ColumnOption::Generated { .. } | ColumnOption::Identity(_))
    });
    let needed = has(|option| matches!(option, ColumnOption::NotNull | ColumnOption::PrimaryKey(_)));
    (needed && !filled).then(|| format!("adds the column {name}, which is NOT NULL and has no DEFAULT,"))
}

fn removes(query: &Query) -> bool {
    let with = query.with.as_ref().map_or(&[][..], |with| &with.cte_tables);
    matches!(*query.body, SetExpr::Delete(_)) || with.iter().any(|table| removes(&table.query))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_adds() {
        for sql in [
            "CREATE TABLE a (id bigserial PRIMARY KEY, name text NOT NULL CHECK (name <> ''));
             CREATE UNIQUE INDEX ON a (lower(name)); ALTER TABLE a ADD CONSTRAINT b CHECK (id > 0)",
            "ALTER TABLE a ADD COLUMN b text",
            "ALTER TABLE a ADD COLUMN IF NOT EXISTS b text NOT NULL DEFAULT '', ADD COLUMN c int",
            "ALTER TABLE a ALTER COLUMN b DROP NOT NULL; ALTER TABLE a ALTER b SET DEFAULT 1",
            "CREATE INDEX a_b ON a (b); CREATE VIEW v AS SELECT id FROM a",
            "INSERT INTO a (b) SELECT c FROM d; UPDATE a SET b = c WHERE b IS NULL; SELECT 1",
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DROP TABLE a; END $$",
            "COMMENT ON TABLE a IS 'it'",
            "",
        ] {
            assert_eq!(takes_away(sql, false), None, "{sql}");
        }
    }

    #[test]
    fn what_takes_away() {
        for (sql, why) in [
            ("DROP TABLE a", "takes away"),
            ("ALTER TABLE a ADD COLUMN c int, DROP COLUMN b", "takes away what is there (DROP COLUMN b) in a"),
            ("ALTER TABLE a RENAME COLUMN b TO c", "renames"),
            ("ALTER TABLE a RENAME TO c", "renames"),
            ("ALTER TABLE a ALTER COLUMN b SET NOT NULL", "tightens"),
            ("ALTER TABLE a ALTER COLUMN b TYPE bigint", "tightens"),
            ("ALTER TABLE a ALTER COLUMN b DROP DEFAULT", "tightens"),
            ("ALTER TABLE a ADD CONSTRAINT u UNIQUE (b)", "constraint"),
            ("ALTER TABLE a ADD COLUMN b text NOT NULL", "NOT NULL and has no DEFAULT"),
            ("CREATE UNIQUE INDEX ON a (b)", "unique"),
            ("TRUNCATE a", "removes rows"),
            ("DELETE FROM a", "removes rows"),
            ("WITH gone AS (DELETE FROM a RETURNING id) SELECT count(*) FROM gone", "removes rows"),
            ("CREATE TABLE b (id int); DROP VIEW v", "takes away"),
            ("DO $$ BEGIN END $$", ".expand.sql"),
            ("CREATE TABEL a (id int)", ".expand.sql"),
        ] {
            let told = takes_away(sql, false).unwrap_or_default();
            assert!(told.contains(why), "{sql}: {told}");
        }
    }

    #[test]
    fn what_cannot_be_read_may_be_vouched_for_and_what_takes_away_may_not() {
        assert_eq!(takes_away("DO $$ BEGIN END $$", true), None);
        assert!(takes_away("DROP TABLE a", true).is_some());
    }

    #[test]
    fn contract_steps_may_do_all_of_it() {
        let [create, drop] = ["CREATE TABLE a (id int)", "DROP TABLE a"];
        assert_eq!(check_migrations([("0001_a.sql", create), ("0002_b.contract.sql", drop)]), []);
        let refused = check_migrations([("0001_a.sql", create), ("0003_c.sql", drop)]);
        let [refused] = refused.as_slice() else { panic!("{refused:?}") };
        assert!(refused.to_string().contains("\"0003_c.sql\"") && refused.to_string().contains(".contract.sql"));
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        let create = "CREATE TABLE a (id int)";
        let files = [("0001_a.sql", "DROP TABLE a"), ("a.sql", create), ("1_b.sql", create), ("2_c.sql", "TRUNCATE a")];
        let told: Vec<String> = check_migrations(files).iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 4, "{told:?}");
    }
}
