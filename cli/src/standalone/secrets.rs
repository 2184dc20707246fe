//! Everything that is secret in an installation, each in a file of its own: made where it is missing, taken where
//! somebody put it there.

use std::{fs, io::ErrorKind, path::Path};

use plexica_standalone::{EncryptionKey, Tls};

use super::{Error, read, rights::Tokens, word};
use crate::whole_file;

/// Letters and digits of one that is made.
const LENGTH: usize = 40;
/// As much as one that is given has to have.
const SHORTEST: usize = 12;

/// Everything that is secret.
pub struct Secrets {
    /// Superuser of Postgres.
    pub postgres: String,
    /// Login `plexica_operator`.
    pub operator_database: String,
    /// Login `plexica_core_api`.
    pub core_api_database: String,
    /// Login `keycloak`, which owns Keycloak's database.
    pub keycloak_database: String,
    /// Login `standalone`, which owns the database of the Kubernetes API.
    pub standalone_database: String,
    /// The first administrator of Keycloak.
    pub keycloak_admin: String,
    /// The operator's service account at Keycloak.
    pub keycloak_client: String,
    /// Root of the object store.
    pub s3: String,
    /// Bearer tokens of the Kubernetes API.
    pub tokens: Tokens,
    /// What Secrets are encrypted with at rest: 64 hexadecimal digits.
    pub encryption_key: String,
    /// The authority of the API's certificate.
    pub ca: String,
    /// Its private key.
    pub ca_key: String,
}

impl Secrets {
    /// Reads them, and makes those that are missing.
    pub fn load_or_create(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let password = |name: &str| password(&folder.join(name));
        let tokens = Tokens {
            admin: password("admin-token")?,
            operator: password("operator-token")?,
            gateway: password("gateway-token")?,
            core_api: password("core-api-token")?,
        };
        let (ca, ca_key) = authority(folder)?;
        Ok(Self {
            postgres: password("postgres-password")?,
            operator_database: password("operator-database-password")?,
            core_api_database: password("core-api-database-password")?,
            keycloak_database: password("keycloak-database-password")?,
            standalone_database: password("standalone-database-password")?,
            keycloak_admin: password("keycloak-admin-password")?,
            keycloak_client: password("keycloak-client-secret")?,
            s3: password("s3-secret-key")?,
            encryption_key: encryption_key(&folder.join("encryption.key"))?,
            tokens,
            ca,
            ca_key,
        })
    }
}

/// One that can stand in a URL as it is, so that nobody has to think of how it is written there.
fn password(path: &Path) -> Result<String, Error> {
    let text = read_or(path, || word(LENGTH))?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    match text.len() {
        SHORTEST.. if is_plain => Ok(text),
        _ => {
            let reason = "a secret has at least 12 letters, digits or any of - . _ ~";
            Err(Error::Secret { path: path.to_owned(), reason })
        }
    }
}

fn encryption_key(path: &Path) -> Result<String, Error> {
    EncryptionKey::load_or_create(path).map_err(Error::file(path))?;
    read(path)
}

fn authority(folder: &Path) -> Result<(String, String), Error> {
    let ca = Tls::load_or_create(folder, &[])?.ca_pem;
    Ok((ca, read(&folder.join("ca.key"))?))
}

/// The text of a file without the newline at its end, or a new one that is written there.
fn read_or(path: &Path, make: impl FnOnce() -> String) -> Result<String, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let text = make();
            whole_file::write(path, text.as_bytes(), 0o600).map_err(Error::file(path))?;
            Ok(text)
        }
        Err(error) => Err(Error::file(path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let first = Secrets::load_or_create(folder.path()).unwrap();
        let second = Secrets::load_or_create(folder.path()).unwrap();
        assert_eq!(first.tokens.admin, second.tokens.admin);
        assert_eq!((&first.ca, &first.ca_key), (&second.ca, &second.ca_key));
        assert_ne!(first.postgres, first.s3);
        let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(folder.path().join("s3-secret-key")).unwrap());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_somebody_put_there_is_taken_or_refused_and_never_replaced() {
        for (file, text, is_taken) in [
            ("postgres-password", "correct-horse-battery\n", true),
            ("postgres-password", "short", false),
            ("postgres-password", "with:a/slash and more", false),
            ("encryption.key", "abcd", false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(file);
            fs::write(&path, text).unwrap();
            let outcome = Secrets::load_or_create(folder.path());
            assert_eq!(outcome.is_ok(), is_taken, "{text:?}");
            if let Ok(secrets) = outcome {
                assert_eq!(secrets.postgres, text.trim_end());
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
