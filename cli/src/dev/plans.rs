//! The plans of dev mode: a file in the data folder, for people to change, at first that of Compose.

use std::path::PathBuf;

use super::{DataDir, Error};

const FILE: &str = "plans.yaml";

/// The file, made if it is not there.
pub fn file(data: &DataDir) -> Result<PathBuf, Error> {
    let file = data.join(FILE);
    if file.exists() {
        return Ok(file);
    }
    data.write_private(FILE, include_bytes!("../../../compose/plans.yaml"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_people_have_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path(), false).unwrap();
        let first = file(&data).unwrap();
        assert!(std::fs::read_to_string(&first).unwrap().contains("\nstandard: {}\n"));
        std::fs::write(&first, "gold: {}").unwrap();
        assert_eq!(std::fs::read_to_string(file(&data).unwrap()).unwrap(), "gold: {}");
    }
}
