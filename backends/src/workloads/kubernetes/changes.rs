//! Watching Deployments for what concerns their installs.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use backon::ExponentialBuilder;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api, ResourceExt,
    runtime::{WatchStreamExt, watcher, watcher::Event},
};
use plexica_crds::label;

use super::state::waiting_for;
use crate::workloads::Changed;

/// Tells of each Deployment of the installation that others changed or removed, or whose pods came or went.
pub(super) fn of(deployments: Api<Deployment>, installation: &str) -> BoxStream<'static, Changed> {
    let config = watcher::Config::default().labels(&format!("{}={installation}", label::INSTALLATION));
    // An API server that is back is to be heard of within a second. A wait that grows would not: kube
    // takes the beginning of each attempt to list for a success.
    let wait = Duration::from_millis(500);
    let waits = ExponentialBuilder::new().with_min_delay(wait).with_max_delay(wait).without_max_times().with_jitter();
    let (mut seen, mut is_refused) = (Seen::default(), false);
    watcher(deployments, config)
        .backoff(watcher::ExponentialBackoff::from(waits))
        .flat_map(move |event| {
            // Not of a list: that may be allowed where a watch is not.
            is_refused &= !matches!(event, Ok(Event::Apply(_) | Event::Delete(_)));
            stream::iter(match event {
                Ok(event) => seen.take(event),
                Err(error) => {
                    // Without the right to watch, a plugin that died is noticed at the next resync only. Said once.
                    if is_refusal(&error) && !is_refused {
                        tracing::warn!(%error, "Deployments may not be watched");
                        is_refused = true;
                    } else {
                        tracing::debug!(%error, "watching Deployments");
                    }
                    seen.interrupted();
                    Vec::new()
                }
            })
        })
        .boxed()
}

fn is_refusal(error: &watcher::Error) -> bool {
    use watcher::Error::{InitialListFailed, WatchFailed, WatchStartFailed};
    match error {
        InitialListFailed(kube::Error::Api(status))
        | WatchStartFailed(kube::Error::Api(status))
        | WatchFailed(kube::Error::Api(status)) => matches!(status.code, 401 | 403),
        _ => false,
    }
}

/// How each Deployment stood last, by uid.
#[derive(Default)]
struct Seen {
    last: HashMap<String, (Standing, Option<Changed>)>,
    /// What a list that is under way has not come to yet.
    unlisted: HashSet<String>,
    /// Whether what is listed is told. Those of the first list are looked at anyway, if nothing comes
    /// between.
    tells_listed: bool,
}

/// What an install depends on; counters that move during every rollout are left out.
#[derive(PartialEq, Eq)]
struct Standing {
    generation: Option<i64>,
    waiting: Option<String>,
}

impl Seen {
    /// What is listed next has not been looked at since.
    fn interrupted(&mut self) {
        self.tells_listed = true;
    }

    /// Whom the event concerns.
    fn take(&mut self, event: Event<Deployment>) -> Vec<Changed> {
        match event {
            Event::Init => {
                self.unlisted = self.last.keys().cloned().collect();
                Vec::new()
            }
            Event::InitApply(found) => {
                let uid = found.uid().unwrap_or_default();
                self.unlisted.remove(&uid);
                self.differs(uid, &found).filter(|_| self.tells_listed).into_iter().collect()
            }
            // What went while nobody watched is in no event.
            Event::InitDone => {
                self.tells_listed = true;
                let gone = std::mem::take(&mut self.unlisted);
                gone.iter().filter_map(|uid| self.last.remove(uid)?.1).collect()
            }
            Event::Apply(found) => self.differs(found.uid().unwrap_or_default(), &found).into_iter().collect(),
            Event::Delete(found) => {
                self.last.remove(&found.uid().unwrap_or_default());
                changed(&found).into_iter().collect()
            }
        }
    }

    fn differs(&mut self, uid: String, found: &Deployment) -> Option<Changed> {
        let standing = Standing { generation: found.metadata.generation, waiting: waiting_for(found) };
        if self.last.get(&uid).is_some_and(|(last, _)| *last == standing) {
            return None;
        }
        let changed = changed(found);
        self.last.insert(uid, (standing, changed.clone()));
        changed
    }
}

fn changed(found: &Deployment) -> Option<Changed> {
    let label = |name| found.labels().get(name);
    let tenant = label(label::TENANT).map(|slug| slug.parse()).transpose().ok()?;
    Some(Changed { plugin: label(label::PLUGIN)?.parse().ok()?, tenant })
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::{DeploymentSpec, DeploymentStatus};

    fn deployment(uid: &str, generation: i64, available: i32) -> Deployment {
        let mut deployment = Deployment {
            spec: Some(DeploymentSpec { replicas: Some(2), ..Default::default() }),
            status: Some(DeploymentStatus {
                observed_generation: Some(generation),
                updated_replicas: Some(2),
                available_replicas: Some(available),
                ..Default::default()
            }),
            ..Default::default()
        };
        deployment.metadata.uid = Some(uid.into());
        deployment.metadata.generation = Some(generation);
        deployment.labels_mut().insert(label::PLUGIN.into(), "crm".into());
        deployment
    }

    #[test]
    fn only_what_an_install_depends_on_is_told() {
        let mut seen = Seen::default();
        let mut told = |event| !seen.take(event).is_empty();
        assert!(!told(Event::InitApply(deployment("a", 1, 2))), "it was there before");
        assert!(!told(Event::InitDone));
        assert!(!told(Event::Apply(deployment("a", 1, 2))), "nothing changed");
        assert!(told(Event::Apply(deployment("a", 1, 1))), "a pod went");
        assert!(told(Event::Apply(deployment("a", 1, 2))), "it came back");
        assert!(told(Event::Apply(deployment("a", 2, 2))), "somebody changed it");
        assert!(told(Event::Apply(deployment("b", 1, 0))), "another came");
        assert!(told(Event::Delete(deployment("a", 2, 2))), "it was removed");
    }

    #[test]
    fn what_changed_or_went_while_the_watch_was_away_is_told() {
        let mut seen = Seen::default();
        for event in [Event::Init, Event::InitApply(deployment("a", 1, 2)), Event::InitApply(deployment("b", 1, 2))] {
            assert_eq!(seen.take(event), []);
        }
        assert_eq!(seen.take(Event::InitDone), []);
        let crm = Changed { plugin: "crm".parse().unwrap(), tenant: None };
        assert_eq!(seen.take(Event::Init), []);
        assert_eq!(seen.take(Event::InitApply(deployment("a", 2, 0))), std::slice::from_ref(&crm));
        assert_eq!(seen.take(Event::InitApply(deployment("c", 2, 0))), std::slice::from_ref(&crm));
        assert_eq!(seen.take(Event::InitDone), [crm], "b is gone");
        assert_eq!(seen.take(Event::Init), []);
        for uid in ["a", "c"] {
            assert_eq!(seen.take(Event::InitApply(deployment(uid, 2, 0))), []);
        }
        assert_eq!(seen.take(Event::InitDone), []);
    }

    #[test]
    fn a_first_list_that_comes_late_is_told() {
        let mut seen = Seen::default();
        assert_eq!(seen.take(Event::Init), []);
        seen.interrupted();
        assert_eq!(seen.take(Event::Init), []);
        assert_eq!(seen.take(Event::InitApply(deployment("a", 1, 2))).len(), 1);
    }

    #[test]
    fn what_has_no_plugin_is_nobodys() {
        let mut alien = deployment("a", 1, 2);
        alien.labels_mut().remove(label::PLUGIN);
        assert_eq!(Seen::default().take(Event::Apply(alien)), []);
    }
}
