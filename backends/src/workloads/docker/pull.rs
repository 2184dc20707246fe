//! Pulling images, beside everything else.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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

/// How long an engine may say nothing of a pull.
const SILENCE: Duration = Duration::from_mins(5);
/// How long a failure is remembered that nobody asks for.
const FORGOTTEN: Duration = Duration::from_hours(1);
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

/// For whom an image is pulled: each namespace has credentials of its own.
pub(super) type Wish = (String, String);

/// One pull, and who waits for it.
#[derive(Clone, Debug)]
struct Entry {
    pull: Pull,
    whom: Vec<Changed>,
}

/// All pulls.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulls(Arc<Mutex<HashMap<Wish, Entry>>>);

impl Pulls {
    fn lock(&self) -> MutexGuard<'_, HashMap<Wish, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How that of an image goes, if there is one.
    pub fn of(&self, wish: &Wish) -> Option<Pull> {
        self.lock().get(wish).map(|entry| entry.pull.clone())
    }

    /// Whether a pull is to begin now: there is none under way, and none failed a moment ago.
    pub fn is_due(pull: Option<&Pull>, now: Instant) -> bool {
        match pull {
            None => true,
            Some(Pull::Running(_)) => false,
            Some(Pull::Failed { again, .. }) => *again <= now,
        }
    }

    /// Takes a pull upon itself, unless another has: then whoever it is for is told of its end. Says after which
    /// pause it is tried again if it fails.
    fn claim(&self, wish: &Wish, whom: Changed) -> Option<Duration> {
        let (mut pulls, now) = (self.lock(), Instant::now());
        // Of what nobody asks for any more.
        pulls.retain(|_, entry| !matches!(entry.pull, Pull::Failed { again, .. } if now > again + FORGOTTEN));
        let found = pulls.get_mut(wish);
        let pause = match found.as_ref().map(|entry| &entry.pull) {
            Some(Pull::Failed { pause, .. }) => (*pause * 2).min(LONGEST_PAUSE),
            _ => FIRST_PAUSE,
        };
        if let Some(entry) = found
            && !Self::is_due(Some(&entry.pull), now)
        {
            if !entry.whom.contains(&whom) {
                entry.whom.push(whom);
            }
            return None;
        }
        pulls.insert(wish.clone(), Entry { pull: Pull::Running(Progress::default()), whom: vec![whom] });
        Some(pause)
    }

    /// Begins one beside everything else; all who wait for it are told when it has ended.
    pub fn begin(
        &self,
        docker: Docker,
        wish: Wish,
        credentials: Option<DockerCredentials>,
        (tell, whom): (broadcast::Sender<Changed>, Changed),
    ) {
        let Some(pause) = self.claim(&wish, whom) else { return };
        let pulls = self.clone();
        tokio::spawn(async move {
            let image = &wish.1;
            info!(image, "pulling");
            let ended = pulls.follow(&docker, &wish, credentials).await;
            for whom in pulls.end(&wish, ended.err().map(|why| (why, pause))) {
                // An error means that nobody listens.
                let _ = tell.send(whom);
            }
        });
    }

    /// Takes note of an end, and says who is to be told.
    fn end(&self, wish: &Wish, failed: Option<(String, Duration)>) -> Vec<Changed> {
        let mut pulls = self.lock();
        let whom = pulls.remove(wish).map(|entry| entry.whom).unwrap_or_default();
        if let Some((why, pause)) = failed {
            warn!(image = wish.1, "cannot be pulled: {why}");
            let pull = Pull::Failed { why, again: Instant::now() + pause, pause };
            pulls.insert(wish.clone(), Entry { pull, whom: Vec::new() });
        }
        whom
    }

    async fn follow(&self, docker: &Docker, wish: &Wish, credentials: Option<DockerCredentials>) -> Result<(), String> {
        let options = CreateImageOptionsBuilder::default().from_image(&tagged(&wish.1)).build();
        let said_of = docker.create_image(Some(options), None, credentials);
        pin_mut!(said_of);
        let mut progress = Progress::default();
        loop {
            let next = tokio::time::timeout(SILENCE, said_of.next()).await;
            let Some(info) = next.map_err(|_| format!("nothing came for {} s", SILENCE.as_secs()))? else {
                return Ok(());
            };
            progress.take(&info.map_err(|error| said(&error))?);
            if let Some(entry) = self.lock().get_mut(wish) {
                entry.pull = Pull::Running(progress.clone());
            }
        }
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
    fn who_comes_later_waits_with_the_first_and_each_failure_makes_the_pause_longer() {
        let pulls = Pulls::default();
        let whom = |tenant: &str| Changed { plugin: "crm".parse().unwrap(), tenant: tenant.parse().ok() };
        let wish = ("tenant-acme".to_owned(), "crm:1".to_owned());
        assert_eq!(pulls.claim(&wish, whom("acme")), Some(FIRST_PAUSE));
        assert_eq!(pulls.claim(&wish, whom("beta")), None);
        assert_eq!(pulls.claim(&wish, whom("beta")), None);
        let elsewhere = ("tenant-beta".to_owned(), "crm:1".to_owned());
        assert_eq!(pulls.claim(&elsewhere, whom("beta")), Some(FIRST_PAUSE), "with other credentials");
        assert_eq!(pulls.end(&wish, Some(("no".into(), Duration::ZERO))), [whom("acme"), whom("beta")]);
        assert_eq!(pulls.claim(&wish, whom("acme")), Some(Duration::ZERO), "twice nothing");
        assert_eq!(pulls.end(&wish, Some(("no".into(), FIRST_PAUSE))), [whom("acme")]);
        assert_eq!(pulls.claim(&wish, whom("acme")), None, "it failed a moment ago");
        assert_eq!(pulls.end(&elsewhere, None), [whom("beta")]);
        assert!(pulls.of(&elsewhere).is_none() && pulls.of(&wish).is_some());
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
