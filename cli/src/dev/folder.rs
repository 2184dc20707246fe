//! Which data folder a given database belongs to.
//!
//! Resources are in the database and the key of their Secrets in the folder: neither is of use with
//! another's. So the database bears the folder's mark.

use sqlx::{Connection, PgConnection};

use super::Error;

/// What a database tells about itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    /// The folder it belongs to.
    folder: Option<String>,
    /// Whether it has the platform's schema.
    has_core: bool,
}

/// Takes an unused database for this folder, or refuses.
pub async fn claim(database: &mut PgConnection, folder: &str) -> Result<(), Error> {
    let found = find(database).await?;
    judge(&found, folder).map_err(|reason| Error::Given { variable: "DATABASE_URL", reason: reason.into() })?;
    if found.folder.is_none() {
        let mut transaction = database.begin().await?;
        sqlx::raw_sql("CREATE SCHEMA plexica_dev; CREATE TABLE plexica_dev.folder (id text NOT NULL)")
            .execute(&mut *transaction)
            .await?;
        let insert = "INSERT INTO plexica_dev.folder (id) VALUES ($1)";
        sqlx::query(insert).bind(folder).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Removes what this folder's `dev` put into the database, and nothing if it is not this folder's.
pub async fn release(database: &mut PgConnection, folder: &str) -> Result<(), Error> {
    const OURS: &str = "DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT nspname FROM pg_namespace
            WHERE nspname IN ('standalone', 'embedded_keycloak', 'plexica_dev')
               OR pg_get_userbyid(nspowner) = 'plexica_provisioner'
        LOOP EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP;
    END $$";
    if find(database).await?.folder.as_deref() == Some(folder) {
        sqlx::raw_sql(OURS).execute(database).await?;
    }
    Ok(())
}

async fn find(database: &mut PgConnection) -> Result<Found, Error> {
    let (is_marked, has_core): (bool, bool) =
        sqlx::query_as("SELECT to_regclass('plexica_dev.folder') IS NOT NULL, to_regnamespace('core') IS NOT NULL")
            .fetch_one(&mut *database)
            .await?;
    let folder = if is_marked {
        sqlx::query_scalar("SELECT id FROM plexica_dev.folder").fetch_optional(database).await?
    } else {
        None
    };
    Ok(Found { folder, has_core })
}

fn judge(found: &Found, folder: &str) -> Result<(), &'static str> {
    match found {
        Found { folder: Some(other), .. } if other == folder => Ok(()),
        Found { folder: Some(_), .. } => {
            Err("it holds the data of another data folder: start with that --data-dir, or give an empty database")
        }
        Found { folder: None, has_core: true } => {
            Err("it serves another installation of Plexica: give an empty database")
        }
        Found { folder: None, has_core: false } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unused_database_or_ones_own_is_taken() {
        let found = |folder: Option<&str>, has_core| Found { folder: folder.map(str::to_owned), has_core };
        for (found, is_taken) in [
            (found(None, false), true),
            (found(Some("a"), true), true),
            (found(Some("a"), false), true),
            (found(Some("b"), true), false),
            (found(None, true), false),
        ] {
            assert_eq!(judge(&found, "a").is_ok(), is_taken, "{found:?}");
        }
    }
}
