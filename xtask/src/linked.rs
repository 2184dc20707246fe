//! A program that is linked dynamically, with all that it is linked with.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::process;

/// A file, and where it is to be: without the leading slash.
pub type Placed = (String, PathBuf);

/// The program below `home`, and its libraries: what of them is below `home` comes below `place`, and the
/// system's where its loader looks for them.
pub fn files(home: &Path, program: &str, place: &str) -> Result<Vec<Placed>> {
    let home = &home.canonicalize().map_err(Error::io("find", home))?;
    let path = home.join(program);
    let told = process::run(Command::new("ldd").arg(&path))?;
    let missing = || Error::Unsupported(format!("{} lacks a library: {told}", path.display()));
    let libraries = libraries(&told).ok_or_else(missing)?;
    let inside = |library: &Path| -> Result<Placed> {
        let found = library.canonicalize().map_err(Error::io("find", library))?;
        let place = match (found.strip_prefix(home), library.file_name()) {
            (Ok(below), Some(name)) => Path::new(place).join(below.with_file_name(name)),
            _ => library.strip_prefix("/").unwrap_or(library).to_owned(),
        };
        Ok((place.display().to_string(), found))
    };
    let placed = libraries.iter().map(|library| inside(library)).collect::<Result<Vec<_>>>()?;
    Ok(std::iter::once((format!("{place}/{program}"), path)).chain(placed).collect())
}

/// The paths in what `ldd` says; nothing when one was not found.
fn libraries(told: &str) -> Option<Vec<PathBuf>> {
    let mut found = Vec::new();
    for line in told.lines().map(str::trim).filter(|line| !line.starts_with("linux-vdso")) {
        // `libz.so.1 => /lib/libz.so.1 (0x7f)`, or the loader: `/lib64/ld-linux-x86-64.so.2 (0x7f)`.
        let path = line.split_once("=> ").map_or(line, |(_, path)| path).split(" (0x").next()?;
        if !path.starts_with('/') {
            return None;
        }
        found.push(PathBuf::from(path));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_is_linked_with() {
        let told = "\tlinux-vdso.so.1 (0x00007f6424db1000)\n\tlibpq.so.5 => /pg/bin/../lib/libpq.so.5 (0x00007f6424ce1000)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x00007f6424db3000)\n";
        let found = ["/pg/bin/../lib/libpq.so.5", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from);
        assert_eq!(libraries(told), Some(found.to_vec()));
        assert_eq!(libraries("\tlibpq.so.5 => not found\n"), None);
    }

    #[test]
    fn what_is_its_own_comes_with_it_and_the_rest_where_it_was() {
        let folder = std::env::temp_dir().join(format!("xtask-linked-{}", std::process::id()));
        let (real, named) = (folder.join("real"), folder.join("named"));
        crate::files::folder(&real.join("bin")).unwrap();
        std::fs::copy("/bin/sh", real.join("bin/sh")).unwrap();
        std::os::unix::fs::symlink(&real, &named).unwrap();
        let placed = files(&named, "bin/sh", "usr/lib/it").unwrap();
        crate::files::remove(&folder).unwrap();
        assert_eq!(placed[0].0, "usr/lib/it/bin/sh");
        assert!(placed.len() > 1);
        for (place, source) in &placed[1..] {
            assert!(place.starts_with("lib") && source.is_absolute(), "{place} {}", source.display());
        }
    }
}
