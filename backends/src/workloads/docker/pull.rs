//! Pulling images, beside everything else.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bollard::{Docker, auth::DockerCredentials, models::CreateImageInfo, query_parameters::CreateImageOptionsBuilder};
use futures::{StreamExt, pin_mut};
use tokio::sync::broadcast;
use tracing::{info, warn};

use super::failure::said;
use crate::workloads::Changed;

/// The pause after a first failure; doubled with each, up to [`LONGEST_PAUSE`]. The same as a kubelet's.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// A registry that is away for a moment is back after so long a pause.
pub(super) const PATIENT: Duration = Duration::from_secs(40);

/// How a pull goes.
#[derive(Clone, Debug)]
pub(in crate::workloads) enum Pull {
    /// It is under way.
    Running(Progress),
    /// It failed, and is tried again later.
    Failed {
        /// What the engine said.
        why: String,
        /// When it is tried again.
        again: Instant,
        /// The pause before that.
        pause: Duration,
    },
}

/// How far a pull is.
#[derive(Clone, Debug, Default)]
pub(in crate::workloads) struct Progress {
    layers: HashMap<String, Layer>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Layer {
    current: i64,
    total: i64,
    done: bool,
}

impl Progress {
    fn take(&mut self, said: &CreateImageInfo) {
        let (Some(id), Some(status)) = (&said.id, said.status.as_deref()) else {
            return;
        };
        match status {
            "Pulling fs layer" | "Waiting" => drop(self.layers.entry(id.clone()).or_default()),
            "Downloading" => {
                let layer = self.layers.entry(id.clone()).or_default();
                let detail = said.progress_detail.clone().unwrap_or_default();
                layer.current = detail.current.unwrap_or(layer.current);
                layer.total = detail.total.unwrap_or(layer.total);
            }
            "Pull complete" | "Already exists" => {
                let layer = self.layers.entry(id.clone()).or_default();
                (layer.current, layer.done) = (layer.total, true);
            }
            _ => {}
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.layers.is_empty() {
            return f.write_str("the registry is asked");
        }
        let done = self.layers.values().filter(|layer| layer.done).count();
        write!(f, "{done} of {} layers", self.layers.len())?;
        let (current, total) =
            self.layers.values().fold((0, 0), |(current, total), layer| (current + layer.current, total + layer.total));
        if total > 0 { write!(f, ", {} of {} MB", current / 1_000_000, total / 1_000_000) } else { Ok(()) }
    }
}

/// All pulls, by image.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulls(Arc<Mutex<HashMap<String, Pull>>>);

impl Pulls {
    /// How that of an image goes, if there is one.
    pub fn of(&self, image: &str) -> Option<Pull> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(image).cloned()
    }

    fn set(&self, image: &str, pull: Option<Pull>) {
        let mut pulls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match pull {
            Some(pull) => drop(pulls.insert(image.to_owned(), pull)),
            None => drop(pulls.remove(image)),
        }
    }

    /// Whether a pull is to begin now: there is none under way, and none failed a moment ago.
    pub fn is_due(pull: Option<&Pull>, now: Instant) -> bool {
        match pull {
            None => true,
            Some(Pull::Running(_)) => false,
            Some(Pull::Failed { again, .. }) => *again <= now,
        }
    }

    /// Begins one; whoever waits for the image is told when it has ended.
    pub fn begin(
        &self,
        docker: Docker,
        image: String,
        credentials: Option<DockerCredentials>,
        (tell, whom): (broadcast::Sender<Changed>, Changed),
    ) {
        let before = self.of(&image);
        self.set(&image, Some(Pull::Running(Progress::default())));
        let pulls = self.clone();
        tokio::spawn(async move {
            info!(image, "pulling");
            let ended = pulls.follow(&docker, &image, credentials).await;
            let pull = ended.err().map(|why| {
                warn!(image, "cannot be pulled: {why}");
                let pause = match before {
                    Some(Pull::Failed { pause, .. }) => (pause * 2).min(LONGEST_PAUSE),
                    _ => FIRST_PAUSE,
                };
                Pull::Failed { why, again: Instant::now() + pause, pause }
            });
            pulls.set(&image, pull);
            // An error means that nobody listens.
            let _ = tell.send(whom);
        });
    }

    async fn follow(&self, docker: &Docker, image: &str, credentials: Option<DockerCredentials>) -> Result<(), String> {
        let options = CreateImageOptionsBuilder::default().from_image(&tagged(image)).build();
        let said_of = docker.create_image(Some(options), None, credentials);
        pin_mut!(said_of);
        let mut progress = Progress::default();
        while let Some(info) = said_of.next().await {
            progress.take(&info.map_err(|error| said(&error))?);
            self.set(image, Some(Pull::Running(progress.clone())));
        }
        Ok(())
    }
}

/// An image without a tag or digest is pulled with all of its tags otherwise.
fn tagged(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains([':', '@']) { image.to_owned() } else { format!("{image}:latest") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::ProgressDetail;

    fn said(id: &str, status: &str, progress: Option<(i64, i64)>) -> CreateImageInfo {
        CreateImageInfo {
            id: Some(id.into()),
            status: Some(status.into()),
            progress_detail: progress
                .map(|(current, total)| ProgressDetail { current: Some(current), total: Some(total) }),
            ..CreateImageInfo::default()
        }
    }

    #[test]
    fn progress_is_told_in_layers_and_bytes() {
        let mut progress = Progress::default();
        assert_eq!(progress.to_string(), "the registry is asked");
        progress.take(&said("1.4.0", "Pulling from plexica/crm", None));
        for layer in ["a", "b", "c"] {
            progress.take(&said(layer, "Pulling fs layer", None));
        }
        assert_eq!(progress.to_string(), "0 of 3 layers");
        progress.take(&said("a", "Already exists", None));
        progress.take(&said("b", "Downloading", Some((5_000_000, 20_000_000))));
        assert_eq!(progress.to_string(), "1 of 3 layers, 5 of 20 MB");
        progress.take(&said("b", "Pull complete", None));
        assert_eq!(progress.to_string(), "2 of 3 layers, 20 of 20 MB");
    }

    #[test]
    fn one_at_a_time_and_not_right_after_a_failure() {
        let now = Instant::now();
        let failed = |again| Pull::Failed { why: "no such host".into(), again, pause: FIRST_PAUSE };
        assert!(Pulls::is_due(None, now));
        assert!(!Pulls::is_due(Some(&Pull::Running(Progress::default())), now));
        assert!(!Pulls::is_due(Some(&failed(now + FIRST_PAUSE)), now));
        assert!(Pulls::is_due(Some(&failed(now)), now));
    }

    #[test]
    fn an_image_is_pulled_by_one_tag() {
        for (image, pulled) in [
            ("plexica/crm:1.4.0", "plexica/crm:1.4.0"),
            ("plexica/crm", "plexica/crm:latest"),
            ("registry.example:5000/crm", "registry.example:5000/crm:latest"),
            ("crm@sha256:00", "crm@sha256:00"),
        ] {
            assert_eq!(tagged(image), pulled);
        }
    }
}
