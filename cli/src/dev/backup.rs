//! Where the final backups of tenants go, if they can be made: the Postgres that dev mode brings along
//! has no `pg_dump`, but many a machine has one.

use std::{path::Path, process::Stdio};

use sqlx::PgPool;
use tokio::process::Command;

use super::{Error, installation::Installation};

/// What says it instead, if a person does.
const VARIABLES: [&str; 2] = ["PLEXICA_BACKUP_BUCKET", "PLEXICA_FINAL_BACKUP"];

/// The operator's flags: a bucket in the object store if there is a program that can read this
/// database, and none needed otherwise.
pub async fn flags(pool: &PgPool, installation: &Installation) -> Result<Vec<String>, Error> {
    if VARIABLES.iter().any(|name| std::env::var_os(name).is_some()) {
        return Ok(Vec::new());
    }
    let server: i32 =
        sqlx::query_scalar("SELECT current_setting('server_version_num')::int / 10000").fetch_one(pool).await?;
    let program = std::env::var_os("PLEXICA_PG_DUMP").unwrap_or_else(|| "pg_dump".into());
    let found = version(Path::new(&program)).await;
    if found.is_some_and(|found| found >= server) {
        // Within what the keys may do with buckets of tenants, and the name of none: theirs begin with a letter.
        return Ok(vec![format!("--backup-bucket={}0-backups", installation.prefix())]);
    }
    tracing::info!("tenants are deleted without a final backup: there is no pg_dump of PostgreSQL {server} or later");
    Ok(vec!["--final-backup=off".to_owned()])
}

/// The major version of a `pg_dump`.
async fn version(program: &Path) -> Option<i32> {
    let mut command = Command::new(program);
    let output = command.arg("--version").stdin(Stdio::null()).kill_on_drop(true).output().await.ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

fn major(said: &str) -> Option<i32> {
    said.strip_prefix("pg_dump (PostgreSQL) ")?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        for (said, expected) in [
            ("pg_dump (PostgreSQL) 17.11\n", Some(17)),
            ("pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", Some(15)),
            ("pg_dump (PostgreSQL) 18beta1\n", Some(18)),
            ("something else 17\n", None),
            ("", None),
        ] {
            assert_eq!(major(said), expected, "{said}");
        }
    }
}
