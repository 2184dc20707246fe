//! A page of the documentation, whose commands are typed as they stand.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use crate::kubectl::{self, root};

/// A newcomer's shell.
#[derive(Debug)]
pub struct Shell {
    folder: PathBuf,
    path: Vec<PathBuf>,
    variables: Vec<(String, OsString)>,
}

impl Shell {
    /// In a folder, with the folders of these programs before the usual ones.
    pub fn new<'a>(folder: impl Into<PathBuf>, programs: impl IntoIterator<Item = &'a Path>) -> Self {
        let path = programs.into_iter().filter_map(Path::parent).map(Path::to_path_buf).collect();
        Self { folder: folder.into(), path, variables: Vec::new() }
    }

    /// With a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Types a block, which ends with the first command that fails.
    ///
    /// # Panics
    /// When one does.
    pub async fn type_in(&self, block: &str) {
        println!("{block}");
        let usual = env::var_os("PATH").unwrap_or_default();
        let path = self.path.iter().cloned().chain(env::split_paths(&usual));
        let mut shell = Command::new("bash");
        shell.args(["-eu", "-o", "pipefail", "-c", block]).current_dir(&self.folder);
        shell.env("PATH", env::join_paths(path).unwrap());
        shell.envs(self.variables.iter().map(|(name, value)| (name, value)));
        println!("{}", kubectl::run(&mut shell, "").await.unwrap());
    }
}

/// What stands between the fences of a file of this repository, in order.
pub fn blocks(page: &str) -> Vec<String> {
    let page = fs::read_to_string(root().join(page)).unwrap();
    let fenced = page.split("```sh\n").skip(1);
    fenced.filter_map(|rest| rest.split_once("```")).map(|(block, _)| block.to_owned()).collect()
}
