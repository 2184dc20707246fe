//! Backups of tenants that go.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::settings::BackupPlace;

/// Backups of tenants that go.
#[derive(Args, Clone, Debug)]
pub struct Backup {
    /// Bucket of the object store for the final backups of tenants; made if it is not there.
    #[arg(long, env = "PLEXICA_BACKUP_BUCKET")]
    pub backup_bucket: Option<String>,
    /// Whether data of tenants goes only after a final backup. "off" is for development.
    #[arg(long, env = "PLEXICA_FINAL_BACKUP", default_value = "required")]
    pub final_backup: FinalBackup,
    /// The program `pg_dump`, of the servers' version or later: a path, or a name to be found in PATH.
    #[arg(long, env = "PLEXICA_PG_DUMP", default_value = "pg_dump")]
    pub pg_dump: PathBuf,
}

impl Backup {
    /// As decisions need it.
    pub fn place(&self) -> BackupPlace {
        match (self.final_backup, self.backup_bucket.as_deref()) {
            (FinalBackup::Off, _) => BackupPlace::Off,
            (FinalBackup::Required, None | Some("")) => BackupPlace::Missing,
            (FinalBackup::Required, Some(bucket)) => BackupPlace::Bucket(bucket.to_owned()),
        }
    }
}

/// Whether data of tenants goes only after a final backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FinalBackup {
    /// Unless the tenant's spec says otherwise.
    Required,
    /// None is ever made.
    Off,
}
