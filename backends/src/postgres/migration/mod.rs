//! Numbered SQL files with checksums.
//!
//! sqlx's own runner takes one lock per database, so tenants could not be migrated side by side;
//! here the caller holds the lock of the schema.

use include_dir::Dir;
use sha2::{Digest, Sha256};

use crate::{Error, Kind, Result, System};

/// One file, `NNNN_name.sql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Migration {
    pub version: i32,
    pub name: String,
    pub sql: String,
    pub checksum: Vec<u8>,
}

/// The table of applied migrations, in the schema they are applied to.
pub(super) const TABLE: &str = "schema_migration";

/// Creates [`TABLE`] in the schema at the head of the search path.
pub(super) const CREATE_TABLE: &str = "CREATE TABLE schema_migration (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum bytea NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)";

/// The migrations of a folder, in order.
pub(super) fn load(folder: &Dir<'_>) -> Result<Vec<Migration>> {
    let mut migrations = folder
        .files()
        .map(|file| {
            let stem = file.path().file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let (version, name) = stem.split_once('_').unwrap_or_default();
            match (version.parse(), file.contents_utf8()) {
                (Ok(version), Some(sql)) => Ok(Migration {
                    version,
                    name: name.to_owned(),
                    sql: sql.to_owned(),
                    checksum: Sha256::digest(sql).to_vec(),
                }),
                _ => Err(invalid(format!("{} is not a numbered SQL file", file.path().display()))),
            }
        })
        .collect::<Result<Vec<_>>>()?;
    migrations.sort_by_key(|migration| migration.version);
    Ok(migrations)
}

/// Those that are still to be applied. What a newer release applied is left alone: it runs beside
/// this one during a roll-out.
pub(super) fn pending<'a>(all: &'a [Migration], applied: &[(i32, Vec<u8>)]) -> Result<Vec<&'a Migration>> {
    let mut pending = Vec::new();
    for migration in all {
        match applied.iter().find(|(version, _)| *version == migration.version) {
            None => pending.push(migration),
            Some((_, checksum)) if *checksum == migration.checksum => {}
            Some(_) => {
                return Err(invalid(format!(
                    "migration {:04}_{} differs from the one that was applied",
                    migration.version, migration.name
                )));
            }
        }
    }
    Ok(pending)
}

/// The statement that notes one as applied, in the schema at the head of the search path.
pub(super) fn note(migration: &Migration) -> String {
    let Migration { version, name, checksum, .. } = migration;
    format!(
        "INSERT INTO {TABLE} (version, name, checksum) VALUES ({version}, {}, '\\x{}')",
        super::sql::literal(name),
        hex::encode(checksum)
    )
}

fn invalid(message: String) -> Error {
    Error::new(System::Postgres, Kind::Invalid, message, "Run the release of Plexica that applied it, or a later one.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migration(version: i32, sql: &str) -> Migration {
        Migration { version, name: "x".into(), sql: sql.into(), checksum: Sha256::digest(sql).to_vec() }
    }

    #[test]
    fn only_what_is_missing_and_only_unchanged() {
        let all = [migration(1, "a"), migration(2, "b")];
        let applied = |migrations: &[Migration]| -> Vec<_> {
            migrations.iter().map(|migration| (migration.version, migration.checksum.clone())).collect()
        };
        let versions = |applied: &[(i32, Vec<u8>)]| -> Vec<i32> {
            pending(&all, applied).unwrap().iter().map(|migration| migration.version).collect()
        };
        assert_eq!(versions(&[]), [1, 2]);
        assert_eq!(versions(&applied(&all[..1])), [2]);
        assert_eq!(versions(&applied(&all)), [0; 0]);
        assert_eq!(versions(&applied(&[migration(1, "a"), migration(2, "b"), migration(3, "newer")])), [0; 0]);
        assert_eq!(pending(&all, &applied(&[migration(1, "edited")])).unwrap_err().kind, Kind::Invalid);
    }
}
