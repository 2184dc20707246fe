//! Passwords and keys of one `plexica dev`, made at the first start and kept in its data folder.

use plexica_backends::{Secret, postgres::bootstrap::Passwords};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{DataDir, Error};
use crate::standalone::{rights::Tokens, word};

const FILE: &str = "secrets.json";

/// Everything that is secret here. Written with mode 0600.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Secrets {
    /// Superuser of the embedded Postgres.
    pub postgres: String,
    /// Login `plexica_operator`.
    pub operator_database: String,
    /// Login `plexica_core_api`.
    pub core_api_database: String,
    /// The operator's service account at the identity provider.
    pub keycloak_client: String,
    /// Root key of the embedded S3.
    pub s3: String,
    /// Bearer tokens of the standalone API, by component.
    pub tokens: Tokens,
    /// The sample tenant's user.
    pub sample_user: String,
    /// The first super-admin.
    pub super_admin: String,
}

impl Secrets {
    /// Reads them, or makes them.
    pub fn load_or_create(data: &DataDir) -> Result<Self, Error> {
        let path = data.join(FILE);
        match std::fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text).map_err(|error| Error::Secrets { path, reason: error.to_string() })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secrets = Self::generate();
                let text = serde_json::to_vec_pretty(&secrets)
                    .map_err(|error| Error::Secrets { path, reason: error.to_string() })?;
                data.write_private(FILE, &text)?;
                Ok(secrets)
            }
            Err(error) => Err(Error::File { path, source: error }),
        }
    }

    /// Those of a data folder, for commands beside a running `dev`.
    pub fn read(folder: &std::path::Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        let text = std::fs::read(&path).map_err(Error::file(&path))?;
        serde_json::from_slice(&text).map_err(|error| Error::Secrets { path, reason: error.to_string() })
    }

    /// Passwords of the platform's logins in a Postgres of our own.
    pub fn logins(&self) -> Passwords {
        Passwords { operator: Secret::new(&self.operator_database), core_api: Secret::new(&self.core_api_database) }
    }

    /// An id of the folder that tells nothing about its secrets.
    pub fn folder(&self) -> String {
        let digest = Sha256::digest(format!("plexica dev folder {}", self.tokens.admin));
        hex::encode(&digest[..16])
    }

    fn generate() -> Self {
        Self {
            postgres: word(32),
            operator_database: word(32),
            core_api_database: word(32),
            keycloak_client: word(32),
            s3: word(40),
            tokens: Tokens { admin: word(40), operator: word(40), gateway: word(40), core_api: word(40) },
            sample_user: word(16),
            super_admin: word(16),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path(), false).unwrap();
        let first = Secrets::load_or_create(&data).unwrap();
        let second = Secrets::load_or_create(&data).unwrap();
        assert_eq!(first.tokens.admin, second.tokens.admin);
        assert_eq!(Secrets::read(folder.path()).unwrap().s3, first.s3);
    }

    #[test]
    fn a_damaged_file_is_said_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path(), false).unwrap();
        data.write_private("secrets.json", b"{").unwrap();
        let message = Secrets::load_or_create(&data).err().map(|e| e.to_string()).unwrap();
        assert!(message.contains("--reset"), "{message}");
        assert_eq!(std::fs::read(data.join("secrets.json")).unwrap(), b"{");
    }
}
