//! Watching Deployments for what concerns their installs.

use std::collections::HashMap;

use futures::{StreamExt, future::ready, stream::BoxStream};
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
    let mut seen = Seen::default();
    watcher(deployments, config)
        .default_backoff()
        .filter_map(move |event| {
            ready(event.map_or_else(
                |error| {
                    // Without the right to watch, a plugin that died is noticed at the next resync only.
                    if is_refusal(&error) {
                        tracing::warn!(%error, "Deployments may not be watched");
                    } else {
                        tracing::debug!(%error, "watching Deployments");
                    }
                    None
                },
                |event| seen.take(event),
            ))
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
struct Seen(HashMap<String, Standing>);

/// What an install depends on; counters that move during every rollout are left out.
#[derive(PartialEq, Eq)]
struct Standing {
    generation: Option<i64>,
    waiting: Option<String>,
}

impl Seen {
    fn take(&mut self, event: Event<Deployment>) -> Option<Changed> {
        match event {
            Event::Init | Event::InitDone => None,
            // Those that were there before are looked at anyway.
            Event::InitApply(found) => self.differs(&found, false).then(|| changed(&found)).flatten(),
            Event::Apply(found) => self.differs(&found, true).then(|| changed(&found)).flatten(),
            Event::Delete(found) => {
                self.0.remove(&found.uid().unwrap_or_default());
                changed(&found)
            }
        }
    }

    fn differs(&mut self, found: &Deployment, unknown: bool) -> bool {
        let standing = Standing { generation: found.metadata.generation, waiting: waiting_for(found) };
        let uid = found.uid().unwrap_or_default();
        let last = self.0.get(&uid);
        if last == Some(&standing) {
            return false;
        }
        let differs = unknown || last.is_some();
        self.0.insert(uid, standing);
        differs
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
        let mut told = |event| seen.take(event).is_some();
        assert!(!told(Event::InitApply(deployment("a", 1, 2))), "it was there before");
        assert!(!told(Event::Apply(deployment("a", 1, 2))), "nothing changed");
        assert!(told(Event::Apply(deployment("a", 1, 1))), "a pod went");
        assert!(told(Event::Apply(deployment("a", 1, 2))), "it came back");
        assert!(told(Event::Apply(deployment("a", 2, 2))), "somebody changed it");
        assert!(told(Event::Apply(deployment("b", 1, 0))), "another came");
        assert!(told(Event::InitApply(deployment("a", 2, 0))), "while the watch was away");
        assert!(told(Event::Delete(deployment("a", 2, 0))), "it was removed");
    }

    #[test]
    fn what_has_no_plugin_is_nobodys() {
        let mut alien = deployment("a", 1, 2);
        alien.labels_mut().remove(label::PLUGIN);
        assert_eq!(Seen::default().take(Event::Apply(alien)), None);
    }
}
