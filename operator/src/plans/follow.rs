//! The file, read again when it changes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use plexica_service::Tasks;
use tokio::sync::watch;

use super::{
    Plans,
    read::{PlansError, read},
};

/// How often the file is looked at: a mounted `ConfigMap` changes by a link that is moved, which the many
/// ways to be told of a change see differently.
const LOOK: Duration = Duration::from_secs(1);

/// The plans from now on: those of the file, or without one the default. What the file becomes and cannot
/// be used is told in the log, and the plans of before stay.
///
/// # Errors
/// When the file cannot be read or used to begin with.
pub fn follow(tasks: &Tasks, file: Option<&Path>) -> Result<watch::Receiver<Arc<Plans>>, PlansError> {
    let (mut followed, plans) = Followed::new(file)?;
    let shutdown = tasks.shutdown();
    tasks.spawn("the file of plans", async move {
        let mut ticks = tokio::time::interval(LOOK);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            followed.look();
        }
    });
    Ok(plans)
}

/// The file, and what was made of it.
struct Followed {
    file: Option<PathBuf>,
    tell: watch::Sender<Arc<Plans>>,
    refused: Option<PlansError>,
}

impl Followed {
    fn new(file: Option<&Path>) -> Result<(Self, watch::Receiver<Arc<Plans>>), PlansError> {
        let plans = file.map_or_else(|| Ok(Plans::default()), load)?;
        let (tell, told) = watch::channel(Arc::new(plans));
        Ok((Self { file: file.map(Path::to_owned), tell, refused: None }, told))
    }

    fn look(&mut self) {
        let Some(file) = &self.file else { return };
        match load(file) {
            Ok(now) => {
                self.refused = None;
                let changed = self.tell.send_if_modified(|plans| {
                    let changed = **plans != now;
                    *plans = Arc::new(now);
                    changed
                });
                if changed {
                    tracing::info!(file = %file.display(), "the plans were read again");
                }
            }
            // Said once.
            Err(error) if self.refused.as_ref() == Some(&error) => {}
            Err(error) => {
                tracing::error!("{error}; the plans of before stay");
                self.refused = Some(error);
            }
        }
    }
}

fn load(file: &Path) -> Result<Plans, PlansError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| PlansError::File { file: file.to_owned(), cause: error.to_string() })?;
    read(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_link_is_seen_and_a_broken_file_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("plans.yaml");
        let point = |name: &str, text: &str| {
            let (file, new) = (folder.path().join(name), folder.path().join("new"));
            std::fs::write(&file, text).unwrap();
            std::os::unix::fs::symlink(&file, &new).unwrap();
            std::fs::rename(&new, &link).unwrap();
        };
        assert!(matches!(Followed::new(Some(&link)), Err(PlansError::File { .. })));
        point("1", "gold: { quota: 5 }");
        assert!(matches!(Followed::new(Some(&link)), Err(PlansError::Plan { .. })));
        point("2", "gold: {}");
        let (mut followed, mut plans) = Followed::new(Some(&link)).unwrap();
        followed.look();
        assert!(!plans.has_changed().unwrap() && plans.borrow_and_update().get("gold").is_ok());
        point("3", "silver: {}");
        followed.look();
        assert!(plans.has_changed().unwrap() && plans.borrow_and_update().get("silver").is_ok());
        point("4", "gold: { quota: 5 }");
        followed.look();
        std::fs::remove_file(&link).unwrap();
        followed.look();
        assert!(!plans.has_changed().unwrap(), "the last that could be used stay");
        point("5", "gold: {}");
        followed.look();
        assert!(plans.borrow_and_update().get("gold").is_ok());

        let (mut none, plans) = Followed::new(None).unwrap();
        none.look();
        assert!(!plans.has_changed().unwrap());
    }
}
