//! Sizes of the images that were built last.

use std::fs;

use crate::{
    outcome::{Result, Stop},
    table::Table,
};

/// They are written by `cargo xtask images`, which takes long and is not run for this.
#[expect(clippy::cast_precision_loss, reason = "megabytes")]
pub fn measure(table: &Table) -> Result<()> {
    let program = std::env::current_exe()?;
    // With a target triple the program is one folder deeper than the images.
    let folder = program.ancestors().map(|folder| folder.join("images/published")).find(|folder| folder.is_dir());
    let folder = folder.ok_or_else(|| Stop::Skipped("there are no images; `cargo xtask images` builds them".into()))?;
    let mut archives = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    archives.sort();
    for archive in archives.iter().filter(|path| path.extension().is_some_and(|extension| extension == "tar")) {
        let name = archive.file_stem().unwrap_or_default().to_string_lossy();
        table.add(format!("image {name}"), fs::metadata(archive)?.len() as f64 / 1e6, "MB");
    }
    Ok(())
}
