//! Where binaries and data are, so that the account Postgres runs as can reach them.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::account::Account;
use crate::dev::Error;

/// Where fetched binaries are kept for all data folders of this user.
pub fn cache(account: Option<&Account>) -> PathBuf {
    let of_user = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("plexica");
    if account.is_some() && !open_to_all(&of_user) { PathBuf::from("/var/cache/plexica") } else { of_user }
}

/// Where this data folder's database is: inside it, or, where root's own folders are closed to
/// others, beside the system's data under a name made from the folder's path.
pub fn data(folder: &Path, account: Option<&Account>) -> Result<PathBuf, Error> {
    let Some(account) = account else {
        let place = folder.join("postgres");
        private(&place)?;
        return Ok(place);
    };
    let place = if open_to_all(folder) {
        folder.join("postgres")
    } else {
        let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
        let name = digest.iter().take(8).fold(String::from("dev-"), |name, byte| format!("{name}{byte:02x}"));
        PathBuf::from("/var/lib/plexica").join(name)
    };
    private(&place)?;
    nix::unistd::chown(&place, Some(account.uid), Some(account.gid))
        .map_err(|errno| Error::File { path: place.clone(), source: errno.into() })?;
    Ok(place)
}

/// Its owner's alone.
fn private(place: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(place).map_err(Error::file(place))?;
    std::fs::set_permissions(place, PermissionsExt::from_mode(0o700)).map_err(Error::file(place))
}

/// Whether any account may pass through all folders of this path that exist.
pub fn open_to_all(path: &Path) -> bool {
    path.ancestors()
        .filter_map(|folder| std::fs::metadata(folder).ok())
        .all(|metadata| metadata.permissions().mode() & 0o001 != 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_closed_parent_closes_what_is_inside() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("a/b");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        assert!(open_to_all(&inside));
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).unwrap();
        assert!(!open_to_all(&inside));
    }

    #[test]
    fn an_ordinary_user_keeps_all_in_the_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let place = data(folder.path(), None).unwrap();
        assert_eq!(place, folder.path().join("postgres"));
        assert_eq!(std::fs::metadata(place).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
