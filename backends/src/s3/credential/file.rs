//! Keys that a person keeps in a file, for stores without STS.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::Credentials;
use crate::{Error, Kind, Result, Secret, System};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pair {
    access_key_id: String,
    secret_access_key: Secret,
}

/// Read each time: the file may be a mounted Secret that changes.
pub(super) fn read(file: &Path, bucket: &str) -> Result<Credentials> {
    let mut pairs = load(file)?;
    let missing = || invalid(file, format!("there are no keys for bucket {bucket}"));
    let Pair { access_key_id, secret_access_key } = pairs.remove(bucket).ok_or_else(missing)?;
    Ok(Credentials { access_key_id, secret_access_key, session_token: None, expires_at: None })
}

/// Whether the file can be used at all.
pub(in crate::s3) fn check(file: &Path) -> Result<()> {
    load(file).map(drop)
}

fn load(file: &Path) -> Result<BTreeMap<String, Pair>> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| invalid(file, format!("cannot read {}: {error}", file.display())))?;
    // The parser's message may quote the file, which holds keys: it goes to the log only.
    serde_saphyr::from_str(&text)
        .map_err(|error| invalid(file, format!("{} is not a map of buckets to keys", file.display())).because(error))
}

fn invalid(file: &Path, message: String) -> Error {
    let remedy = format!("Write `<bucket>: {{accessKeyId: …, secretAccessKey: …}}` into {}.", file.display());
    Error::new(System::S3, Kind::Invalid, message, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn each_bucket_has_its_own() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "tenant-acme: {{accessKeyId: A, secretAccessKey: hidden}}").unwrap();
        let keys = read(file.path(), "tenant-acme").unwrap();
        assert_eq!((keys.access_key_id.as_str(), keys.secret_access_key.reveal()), ("A", "hidden"));
        let error = read(file.path(), "tenant-beta").unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(error.message.contains("tenant-beta") && !format!("{error:?}").contains("hidden"), "{error:?}");
        write!(file, "oops").unwrap();
        let error = read(file.path(), "tenant-acme").unwrap_err();
        assert!(!error.to_string().contains("hidden"), "{error}");
    }
}
