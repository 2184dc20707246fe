//! The cache folder: what is downloaded or built once and kept by version.

use std::env;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files;

/// Where everything is kept that outlives a checkout.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// `$XDG_CACHE_HOME/plexica`, by default `~/.cache/plexica`.
    pub fn open() -> Result<Self> {
        let base = env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
            .ok_or_else(|| Error::Usage("set HOME or XDG_CACHE_HOME".into()))?;
        let root = base.join("plexica");
        files::folder(&root)?;
        Ok(Self { root })
    }

    /// The cache folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where running parts keep data, logs and process ids.
    pub fn run(&self, part: &str) -> PathBuf {
        self.root.join("run").join(part)
    }

    /// The folder of `part` at `version`, filled by `build` when it is not there yet.
    ///
    /// `build` gets an empty folder beside the final place; only a complete one is renamed
    /// into it, and a lock keeps two from building the same thing.
    pub fn entry(&self, part: &str, version: &str, build: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let versions = self.root.join(part);
        let place = versions.join(version);
        if place.is_dir() {
            return Ok(place);
        }
        files::folder(&versions)?;
        let _lock = Lock::take(&versions.join(format!(".{version}.lock")))?;
        if place.is_dir() {
            return Ok(place);
        }
        eprintln!("set-up: {part} {version} is not in the cache yet; getting it");
        let unfinished = versions.join(format!(".{version}.unfinished"));
        files::remove(&unfinished)?;
        files::folder(&unfinished)?;
        build(&unfinished)?;
        files::rename(&unfinished, &place)?;
        Ok(place)
    }
}

/// An exclusive lock on a file, given back when dropped or when the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock, aloud when somebody else has it.
    pub fn take(path: &Path) -> Result<Self> {
        let file = open(path)?;
        if file.try_lock().is_err() {
            eprintln!("waiting for another xtask ({})", path.display());
            file.lock().map_err(Error::io("lock", path))?;
        }
        Ok(Self { _file: file })
    }

    /// Shares the lock with others that share it.
    pub fn share(path: &Path) -> Result<Self> {
        let file = open(path)?;
        file.lock_shared().map_err(Error::io("lock", path))?;
        Ok(Self { _file: file })
    }

    /// The lock if nobody has or shares it.
    pub fn try_take(path: &Path) -> Result<Option<Self>> {
        let file = open(path)?;
        Ok(file.try_lock().is_ok().then_some(Self { _file: file }))
    }
}

fn open(path: &Path) -> Result<File> {
    if let Some(parent) = path.parent() {
        files::folder(parent)?;
    }
    OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(Error::io("open", path))
}
