//! Numbered SQL files, run once per tenant.
//!
//! sqlx's own runner locks the whole database and keeps one table for all; tenants are migrated
//! beside each other, each with its own record in its own schema.

#[cfg(feature = "check-migrations")]
mod check;
mod plan;
mod purge;
mod run;

use include_dir::Dir;
use plexica_contract::manifest::{MigrationDeclaration, MigrationPhase};
use sha2::{Digest, Sha256};

#[cfg(feature = "test-host")]
pub(crate) use check::check;
#[cfg(feature = "check-migrations")]
pub use check::check_migrations;
pub(crate) use plan::{Applied, Refused, Steps, next};
pub(crate) use purge::purge;
pub(crate) use run::{is_current, run};

/// Why the plugin's migrations cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    /// The file's name has no number or no words.
    #[error("the migration {0:?} must be named as in 0001_contacts.sql or 0002_old_names.contract.sql")]
    Name(String),
    /// Two files have one number.
    #[error("the migrations {0:?} and {1:?} have the same number")]
    SameNumber(String, String),
    /// The file is no text.
    #[error("the migration {0:?} is not UTF-8 text")]
    NotText(String),
    /// It runs while the version before still serves, and would break it.
    #[error(
        "the migration {name:?} runs while the version before still serves, and {why}: do that in a file of its own named as in 0007_words.contract.sql, which runs when the new version has proved itself"
    )]
    NotExpand {
        /// The file.
        name: String,
        /// What it does.
        why: String,
    },
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Migration {
    pub(crate) number: i32,
    /// The file's name.
    pub(crate) name: String,
    pub(crate) phase: MigrationPhase,
    pub(crate) sql: String,
    pub(crate) checksum: String,
}

/// The plugin's migrations, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Migrations(Vec<Migration>);

impl Migrations {
    pub(crate) fn add(&mut self, name: &str, sql: &str) -> Result<(), MigrationError> {
        let unnamed = || MigrationError::Name(name.to_owned());
        let stem = name.strip_suffix(".sql").ok_or_else(unnamed)?;
        let (stem, phase) = match stem.rsplit_once('.') {
            Some((stem, "contract")) => (stem, MigrationPhase::Contract),
            Some((stem, "expand")) => (stem, MigrationPhase::Expand),
            Some(_) => return Err(unnamed()),
            None => (stem, MigrationPhase::Expand),
        };
        let (digits, words) = stem.split_once('_').ok_or_else(unnamed)?;
        let number: i32 = digits.parse().map_err(|_| unnamed())?;
        if number < 1 || words.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(unnamed());
        }
        let at = match self.0.binary_search_by_key(&number, |migration| migration.number) {
            Ok(at) => return Err(MigrationError::SameNumber(self.0[at].name.clone(), name.to_owned())),
            Err(at) => at,
        };
        // A checkout on Windows must not look like an edit.
        let checksum = hex::encode(Sha256::digest(sql.replace("\r\n", "\n")));
        self.0.insert(at, Migration { number, name: name.to_owned(), phase, sql: sql.to_owned(), checksum });
        Ok(())
    }

    pub(crate) fn add_dir(&mut self, dir: &Dir<'_>) -> Result<(), MigrationError> {
        for file in dir.files() {
            let name = file.path().file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            let sql = file.contents_utf8().ok_or_else(|| MigrationError::NotText(name.to_string()))?;
            self.add(&name, sql)?;
        }
        Ok(())
    }

    pub(crate) fn all(&self) -> &[Migration] {
        &self.0
    }

    /// As the manifest lists them.
    pub(crate) fn declarations(&self) -> Vec<MigrationDeclaration> {
        self.0
            .iter()
            .map(|Migration { name, phase, .. }| MigrationDeclaration { name: name.clone(), phase: *phase })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_ordered_by_number() {
        let mut migrations = Migrations::default();
        for name in ["0010_c.sql", "0002_b.sql", "1_a.sql"] {
            migrations.add(name, "SELECT 1").unwrap();
        }
        let numbers: Vec<_> = migrations.all().iter().map(|migration| migration.number).collect();
        assert_eq!(numbers, [1, 2, 10]);
    }

    #[test]
    fn names_that_are_none() {
        let names = ["contacts.sql", "0001.sql", "0001_.sql", "0001_a.txt", "0_a.sql", "-1_a.sql", "+1_a.sql", ""];
        for name in names.into_iter().chain(["0001.contract.sql", "0001_a.contracted.sql", "0001_a.b.sql"]) {
            let refused = Migrations::default().add(name, "");
            assert_eq!(refused, Err(MigrationError::Name(name.to_owned())), "{name}");
        }
        let mut migrations = Migrations::default();
        migrations.add("0001_a.sql", "").unwrap();
        assert!(matches!(migrations.add("1_b.sql", ""), Err(MigrationError::SameNumber(..))));
    }

    #[test]
    fn what_a_file_is_called_says_when_it_runs() {
        let mut migrations = Migrations::default();
        for name in ["1_a.sql", "2_b.expand.sql", "3_c.contract.sql"] {
            migrations.add(name, "").unwrap();
        }
        let phases: Vec<_> = migrations.declarations().into_iter().map(|one| one.phase).collect();
        assert_eq!(phases, [MigrationPhase::Expand, MigrationPhase::Expand, MigrationPhase::Contract]);
    }

    #[test]
    fn line_endings_are_no_edit() {
        let (mut unix, mut windows) = (Migrations::default(), Migrations::default());
        unix.add("1_a.sql", "SELECT 1;\nSELECT 2;\n").unwrap();
        windows.add("1_a.sql", "SELECT 1;\r\nSELECT 2;\r\n").unwrap();
        assert_eq!(unix.all()[0].checksum, windows.all()[0].checksum);
    }
}
