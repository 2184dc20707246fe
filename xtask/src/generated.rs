//! Files of the checkout that are made from others.

use std::fs;

use crate::cargo::Workspace;
use crate::error::{Error, Result};

/// Such a file.
#[derive(Debug, Clone, Copy)]
pub struct Generated {
    /// From the root of the checkout.
    pub place: &'static str,
    /// What it follows from, such as `the types say`.
    pub source: &'static str,
    /// Which of our tasks makes it.
    pub task: &'static str,
}

impl Generated {
    /// Writes it, or tells whether it is what would be written.
    pub fn keep(self, workspace: &Workspace, wanted: &str, check: bool) -> Result<()> {
        let path = workspace.root().join(self.place);
        if !check {
            return fs::write(&path, wanted).map_err(Error::io("write", &path));
        }
        let found = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        if found == wanted {
            return Ok(());
        }
        let Self { place, source, task } = self;
        Err(Error::Usage(format!("{place} is not what {source}; run `cargo xtask {task}`")))
    }
}
