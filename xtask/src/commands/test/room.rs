//! Room on the disk, without which parts and tests fail in ways that do not say so.

use std::path::Path;

use nix::sys::statvfs::statvfs;

use crate::cargo::Workspace;
use crate::error::{Error, Result};
use crate::process;

const GIB: u64 = 1 << 30;
/// What a run from nothing takes, parts and builds.
const WHOLE: u64 = 24 * GIB;
/// With less than this the object store refuses to write before the tests end.
const LEAST: u64 = 8 * GIB;

/// Sees to it that there is room where builds of all checkouts share a folder: the programs of earlier ones make
/// way; what they were built from stays.
///
/// # Errors
/// [`Error::Unsupported`] with how much there is, when that is too little.
pub fn make(workspace: &Workspace) -> Result<()> {
    let target = workspace.target();
    std::fs::create_dir_all(&target).map_err(Error::io("create", &target))?;
    if free(&target)? < WHOLE {
        eprintln!("set-up: {} free: removing the programs of earlier runs", told(free(&target)?));
        for mut cargo in
            [workspace.cargo(&["clean", "--workspace"]), workspace.cargo_for_tests(&["clean", "--workspace"])]
        {
            process::run(&mut cargo)?;
        }
    }
    let left = free(&target)?;
    if left < LEAST {
        let (left, least) = (told(left), told(LEAST));
        return Err(Error::Unsupported(format!("{left} free on the disk of {}: {least} are needed", target.display())));
    }
    Ok(())
}

fn free(folder: &Path) -> Result<u64> {
    let disk = statvfs(folder).map_err(|error| Error::io("look at the disk of", folder)(error.into()))?;
    Ok(disk.blocks_available() * disk.fragment_size())
}

fn told(bytes: u64) -> String {
    format!("{} GiB", bytes / GIB)
}
