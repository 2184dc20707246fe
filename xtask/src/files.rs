//! Files and folders, with errors that name them.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Makes a folder and its parents.
pub fn folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(Error::io("create", path))
}

/// Removes a file or a whole folder; gone already is fine.
pub fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Writes a file that only its owner may read: some hold tokens.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, content).map_err(Error::io("write", path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(Error::io("set the mode of", path))
}

/// Renames within one file system, which is atomic.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(Error::io("move into place", to))
}

/// Makes a file executable.
pub fn executable(path: &Path) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(Error::io("set the mode of", path))
}

/// Names a symbolic link anew.
pub fn link(target: &str, path: &Path) -> Result<()> {
    remove(path)?;
    std::os::unix::fs::symlink(target, path).map_err(Error::io("link", path))
}

/// The one entry of a folder whose name ends like this.
pub fn ending(folder: &Path, suffix: &str) -> Result<PathBuf> {
    fs::read_dir(folder)
        .map_err(Error::io("list", folder))?
        .filter_map(std::result::Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().ends_with(suffix))
        .ok_or_else(|| Error::Usage(format!("no *{suffix} in {}", folder.display())))
}

/// The last lines of a log; empty when there is none.
pub fn tail(path: &Path) -> String {
    const BYTES: u64 = 4096;
    let Ok(mut file) = File::open(path) else {
        return String::new();
    };
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::new();
    let read = file.seek(SeekFrom::Start(length.saturating_sub(BYTES))).and_then(|_| file.read_to_end(&mut bytes));
    match read {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("({error})"),
    }
}

/// Sixteen random bytes in hexadecimal: tokens of a test cluster.
pub fn random_hex() -> Result<String> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0_u8; 16];
    File::open(source).and_then(|mut file| file.read_exact(&mut bytes)).map_err(Error::io("read", source))?;
    Ok(hex::encode(bytes))
}
