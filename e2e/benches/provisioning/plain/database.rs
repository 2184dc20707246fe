//! Role, schema and tables in one transaction and one round trip.

use std::{fs, path::Path, str::FromStr};

use sqlx::{
    AssertSqlSafe, Executor, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::outcome::Result;

/// What the operator replays in a new schema.
const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../backends/src/postgres/tenant/migrations");

pub struct Database {
    pool: PgPool,
    tables: String,
}

impl Database {
    pub async fn connect(url: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)?.options([("role", "plexica_provisioner")]);
        let pool = PgPoolOptions::new().max_connections(10).connect_with(options).await?;
        let mut files: Vec<_> =
            fs::read_dir(Path::new(MIGRATIONS))?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        files.sort();
        let tables = files.iter().map(fs::read_to_string).collect::<std::io::Result<Vec<_>>>()?.join(";\n");
        Ok(Self { pool, tables })
    }

    pub async fn provision(&self, slug: &str) -> Result<()> {
        let role = format!("tenant_{}", slug.replace('-', "_"));
        let tables = self.tables.replace("{role}", &role);
        let sql = format!(
            "BEGIN;
             CREATE ROLE {role} NOLOGIN;
             COMMENT ON ROLE {role} IS 'bench';
             CREATE SCHEMA {role};
             COMMENT ON SCHEMA {role} IS 'bench';
             GRANT USAGE ON SCHEMA {role} TO {role};
             GRANT {role} TO plexica_core_api;
             SET LOCAL search_path TO {role}, pg_temp;
             CREATE TABLE schema_migration (
                version integer PRIMARY KEY, name text NOT NULL, checksum bytea NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now());
             {tables};
             INSERT INTO schema_migration (version, name, checksum) VALUES (1, 'tenant', 'x');
             COMMIT"
        );
        self.pool.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
        Ok(())
    }
}
