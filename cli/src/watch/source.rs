//! Changes of source files.

use std::{
    path::{Component, Path, PathBuf},
    time::Duration,
};

use notify_debouncer_mini::{
    DebounceEventResult, Debouncer, new_debouncer,
    notify::{RecommendedWatcher, RecursiveMode},
};
use tokio::sync::mpsc;

use crate::error::Error;

/// Editors write a file in several steps, and people save several files.
const CALM: Duration = Duration::from_millis(200);
/// What builds write, and what is nobody's source.
const IGNORED: [&str; 2] = ["target", "node_modules"];

/// Watched files; they are as long as this lives.
pub struct Source {
    changes: mpsc::Receiver<()>,
    _watcher: Debouncer<RecommendedWatcher>,
}

impl Source {
    /// Begins to watch these, and what is below them.
    pub fn watch(paths: &[PathBuf]) -> Result<Self, Error> {
        let (tell, changes) = mpsc::channel(1);
        let roots: Vec<PathBuf> =
            paths.iter().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone())).collect();
        let heeded = roots.clone();
        let mut watcher = new_debouncer(CALM, move |events: DebounceEventResult| {
            if events.is_ok_and(|events| events.iter().any(|event| is_source(&event.path, &heeded))) {
                // One that is not taken yet stands for this one as well.
                let _ = tell.try_send(());
            }
        })
        .map_err(|error| Error::Source(error.to_string()))?;
        for root in &roots {
            let watched = watcher.watcher().watch(root, RecursiveMode::Recursive);
            watched.map_err(|error| Error::Source(format!("{}: {error}", root.display())))?;
        }
        Ok(Self { changes, _watcher: watcher })
    }

    /// Returns when something has changed since this was asked last.
    pub async fn changed(&mut self) -> Result<(), Error> {
        self.changes.recv().await.ok_or_else(|| Error::Source("they are not watched any more".into()))
    }
}

/// Whether a person writes that file: it is below one of the roots, and neither hidden nor built.
fn is_source(path: &Path, roots: &[PathBuf]) -> bool {
    let below = roots.iter().find_map(|root| path.strip_prefix(root).ok());
    below.is_some_and(|below| {
        below.components().all(|part| match part {
            Component::Normal(name) => {
                let name = name.to_string_lossy();
                !name.starts_with('.') && !IGNORED.contains(&name.as_ref())
            }
            _ => true,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_writes_is_no_source() {
        let roots = [PathBuf::from("/home/.cache/crm")];
        for (path, expected) in [
            ("/home/.cache/crm/src/main.rs", true),
            ("/home/.cache/crm", true),
            ("/home/.cache/crm/target/debug/crm", false),
            ("/home/.cache/crm/src/.main.rs.swp", false),
            ("/home/.cache/other/main.rs", false),
        ] {
            assert_eq!(is_source(Path::new(path), &roots), expected, "{path}");
        }
    }

    #[tokio::test]
    async fn a_change_is_told_once_it_is_calm() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("target")).unwrap();
        let mut source = Source::watch(&[folder.path().to_owned()]).unwrap();
        std::fs::write(folder.path().join("target/built"), "x").unwrap();
        std::fs::write(folder.path().join("main.rs"), "fn main() {}").unwrap();
        tokio::time::timeout(Duration::from_mins(1), source.changed()).await.unwrap().unwrap();
    }
}
