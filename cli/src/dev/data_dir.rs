//! The folder that holds everything of one `plexica dev`.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use nix::fcntl::{Flock, FlockArg};

use super::{Error, clusters, postgres};
use crate::whole_file;

/// A locked data folder. The lock ends with the process, however it ends.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: Flock<File>,
    temporary: bool,
}

impl DataDir {
    /// Makes the folder if need be and locks it.
    pub fn open(path: &Path, temporary: bool) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(Error::file(path))?;
        let path = path.canonicalize().map_err(Error::file(path))?;
        // A folder with things of other people's in it is theirs to open and close.
        if fs::read_dir(&path).map_err(Error::file(&path))?.next().is_none() {
            close(&path, postgres::passes_through(&path))?;
        }
        let lock_path = path.join("lock");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(Error::file(&lock_path))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut lock) => {
                lock.set_len(0)
                    .and_then(|()| write!(lock, "{}", std::process::id()))
                    .map_err(Error::file(&lock_path))?;
                Ok(Self { path, _lock: lock, temporary })
            }
            Err((mut file, _)) => {
                let mut holder = String::new();
                let pid = file.read_to_string(&mut holder).ok().and_then(|_| holder.trim().parse().ok());
                Err(Error::Locked { folder: path, pid })
            }
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Something in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A folder in it that only its owner may enter, made if need be.
    pub fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.join(name);
        fs::create_dir_all(&path).map_err(Error::file(&path))?;
        close(&path, false)?;
        Ok(path)
    }

    /// Removes everything in it but the lock, and which clusters it was.
    pub fn clear(&self) -> Result<(), Error> {
        for entry in fs::read_dir(&self.path).map_err(Error::file(&self.path))? {
            let path = entry.map_err(Error::file(&self.path))?.path();
            if path.file_name().is_some_and(|name| name == "lock" || name == clusters::FILE) {
                continue;
            }
            let is_folder = fs::symlink_metadata(&path).map_err(Error::file(&path))?.is_dir();
            let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(Error::file(&path))?;
        }
        Ok(())
    }

    /// Writes a file that only its owner may read, whole or not at all.
    pub fn write_private(&self, name: &str, content: &[u8]) -> Result<PathBuf, Error> {
        let path = self.path.join(name);
        whole_file::write(&path, content, 0o600).map_err(Error::file(&path))?;
        Ok(path)
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::file(path)(error)),
            _ => Ok(()),
        }
    }
}

/// Takes away what others may do there; `passable` leaves them a way through to what they can name.
fn close(folder: &Path, passable: bool) -> Result<(), Error> {
    let mode = fs::metadata(folder).map_err(Error::file(folder))?.permissions().mode();
    let closed = mode & if passable { 0o711 } else { 0o700 };
    fs::set_permissions(folder, fs::Permissions::from_mode(closed)).map_err(Error::file(folder))
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if self.temporary {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_second_one_is_refused_with_the_first_ones_pid() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path(), false).unwrap();
        let error = DataDir::open(folder.path(), false).unwrap_err();
        assert!(matches!(error, Error::Locked { pid: Some(pid), .. } if u32::try_from(pid) == Ok(std::process::id())));
        drop(first);
        DataDir::open(folder.path(), false).unwrap();
    }

    #[test]
    fn private_files_are_private_and_clear_removes_them() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path(), false).unwrap();
        let path = data.write_private("secrets.json", b"{}").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::create_dir_all(data.join("postgres/data")).unwrap();
        data.clear().unwrap();
        let left: Vec<_> = fs::read_dir(data.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["lock"]);
    }

    #[test]
    fn folders_are_closed_and_never_opened() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        for (before, passable, after) in
            [(0o755, false, 0o700), (0o755, true, 0o711), (0o777, true, 0o711), (0o700, true, 0o700)]
        {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(before)).unwrap();
            close(folder.path(), passable).unwrap();
            assert_eq!(mode(folder.path()), after, "{before:o} {passable}");
        }
        let data = DataDir::open(&folder.path().join("dev"), false).unwrap();
        assert_eq!(mode(data.path()) & 0o066, 0);
        assert_eq!(mode(&data.folder("s3").unwrap()), 0o700);
        let shared = folder.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::write(shared.join("theirs"), "").unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o755)).unwrap();
        DataDir::open(&shared, false).unwrap();
        assert_eq!(mode(&shared), 0o755);
    }

    #[test]
    fn a_temporary_one_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dev");
        drop(DataDir::open(&path, true).unwrap());
        assert!(!path.exists());
    }
}
