//! Plugins as containers of a Docker engine.
//!
//! A container cannot be changed but for its limits, so that each desired state has a container of its own,
//! whose name ends in a digest of it. One comes up beside the one before, which goes when nothing leads to it
//! any more. All that is known is on the engine: an operator that starts again finds it there.

mod changes;
mod container;
mod desired;
mod failure;
mod found;
mod leaving;
mod look;
mod network;
mod pull;
mod pulse;
mod registry;
mod repair;
mod state;

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bollard::Docker;
use futures::{future::try_join_all, stream::BoxStream};
use kube::Client;
use plexica_contract::name::PluginId;
use plexica_crds::{label, tenant::AdoptionPolicy};
use tokio::sync::{OnceCell, broadcast};

use self::{
    desired::{NAME, NAMESPACE, Wanted},
    found::{Container, Image},
    leaving::Leaving,
    look::Ready,
    pull::Pulls,
    pulse::Pulses,
    repair::{Abilities, Repair},
};
use super::{Changed, Needs, Observed, Place, Workload, Workloads, health::Health, observed::Found};
use crate::{
    Changes, Error, Kind, Result, Retired, System,
    ownership::{Installation, Verdict, judge},
};

pub(in crate::workloads) use self::found::Containers;
pub use self::network::MEMBER;

/// How long a call may take: longer than a plugin may take to end.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Pulls that ended and that a listener may be behind; those before are seen at the next look.
const BACKLOG: usize = 1024;

/// What a plugin keeps is in Postgres: a container can always be taken over from an earlier owner.
const ADOPTION: AdoptionPolicy = AdoptionPolicy::IfRetained;

/// How containers are started.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The installation; in which cluster, is asked when there is something to do.
    pub installation: Installation,
    /// The engine: `unix:///var/run/docker.sock`, or `tcp://host:port`, such as that of a proxy which lets through
    /// what is needed.
    pub host: String,
    /// How plugins are reached.
    pub reach: Reach,
    /// CAs to trust besides the system's, as PEM.
    pub ca_bundle: Option<String>,
    /// Names of Secrets with which images are pulled, in the namespaces of their workloads.
    pub pull_secrets: Vec<String>,
}

/// How the platform reaches plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// By name, in the networks of plugins: the platform's own containers have the label [`MEMBER`] and are put
    /// into them.
    Network,
    /// On a port of the machine's loopback; plugins know the machine as `host.docker.internal`.
    Loopback,
}

/// Keeps containers running.
#[derive(Clone)]
pub struct Engine {
    settings: Settings,
    docker: Docker,
    ready: Arc<OnceCell<Ready>>,
    health: Health,
    pulses: Arc<Pulses>,
    pulls: Pulls,
    leaving: Leaving,
    client: Client,
    changed: broadcast::Sender<Changed>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("host", &self.settings.host).finish_non_exhaustive()
    }
}

impl Engine {
    /// For the containers of an installation. Asks nobody yet: the engine may be down.
    ///
    /// # Errors
    /// When the engine's address is none.
    pub fn new(settings: Settings, client: Client) -> Result<Self> {
        let docker = Docker::connect_with_host(&settings.host).map_err(|error| {
            let text = format!("{} is no address of a Docker engine", settings.host);
            let remedy = "Set DOCKER_HOST to such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375.";
            Error::new(System::Docker, Kind::Invalid, text, remedy).because(error)
        })?;
        let health = Health::new()
            .map_err(|error| Error::unavailable(System::Docker, "no HTTP client can be made").because(error))?;
        let (changed, _) = broadcast::channel(BACKLOG);
        Ok(Self {
            settings,
            docker: docker.with_timeout(TIMEOUT),
            ready: Arc::default(),
            health,
            pulses: Arc::default(),
            pulls: Pulls::default(),
            leaving: Leaving::default(),
            client,
            changed,
        })
    }

    /// Begins to pull an image, unless that is under way.
    async fn pull(&self, desired: &Workload, image: &str) -> Result<Changes> {
        let secrets = &self.settings.pull_secrets;
        let credentials = registry::credentials(&self.client, &desired.namespace, secrets, image).await?;
        let whom = Changed { plugin: desired.plugin.clone(), tenant: desired.tenant.clone() };
        let wish = (desired.namespace.clone(), image.to_owned());
        self.pulls.begin(self.docker.clone(), wish, credentials, (self.changed.clone(), whom));
        Ok(Changes::from_iter([pulled(image)]))
    }
}

fn pulled(image: &str) -> String {
    format!("began to pull image {image}")
}

fn found(observed: &Observed) -> Result<&Containers> {
    match &observed.found {
        Found::Docker(found) => Ok(found),
        Found::Kubernetes(_) | Found::Process { .. } => {
            Err(Error::unavailable(System::Docker, "the workload was observed by another runner"))
        }
    }
}

/// Whether what is there may be touched on behalf of the workload's owner.
fn may_touch(desired: &Workload, found: &Containers, wanted: &Wanted, installation: &Installation) -> Result<()> {
    network::may_use(found.network.as_ref(), &wanted.network, installation)?;
    for container in found.current.iter().chain(&found.former) {
        if let Verdict::Refuse(refusal) = judge(&container.owner(), &desired.owner, ADOPTION) {
            return Err(refusal.into_error(System::Docker, &format!("container {}", container.name)));
        }
    }
    Ok(())
}

/// What is to be done for the container itself.
enum Step<'a> {
    Nothing,
    Pull(&'a str),
    Create,
    Repair(&'a Container, Vec<Repair>),
}

fn step<'a>(desired: &'a Workload, found: &'a Containers, wanted: &Wanted, able: Abilities) -> Step<'a> {
    match (&found.current, &found.image, &desired.image) {
        (Some(current), ..) => Step::Repair(current, repair::of(current, wanted, found.network.as_ref(), able)),
        (None, Image::Present(user), _) if state::runs_as_root(user) => Step::Nothing,
        (None, Image::Missing(pull), Some(image)) => {
            if Pulls::is_due(pull.as_ref(), Instant::now()) {
                Step::Pull(image)
            } else {
                Step::Nothing
            }
        }
        (None, ..) => Step::Create,
    }
}

#[async_trait]
impl Workloads for Engine {
    fn needs(&self) -> Needs {
        Needs::Image
    }

    async fn observe(&self, desired: &Workload) -> Result<Observed, Error> {
        let wanted = desired::of(desired, &self.settings);
        let found = self.find(desired, &wanted).await?;
        let endpoint = found.current.as_ref().and_then(|current| {
            desired::endpoint(&wanted.alias, desired.port, self.settings.reach, |port| current.bound(port))
        });
        let health = match &endpoint {
            Some(endpoint) => self.health.check(endpoint).await,
            None => Ok(()),
        };
        let late = found.current.as_ref().is_some_and(|current| {
            self.pulses.note(&current.id, endpoint.is_some() && health.is_ok());
            self.pulses.is_late(&current.id, Instant::now())
        });
        let state = state::of(desired, &wanted, &found, endpoint, health, late);
        Ok(Observed { state, found: Found::Docker(Box::new(found)) })
    }

    async fn differences(&self, desired: &Workload, observed: &Observed) -> Result<Changes, Error> {
        let (found, wanted) = (found(observed)?, desired::of(desired, &self.settings));
        let Ready { installation, able } = self.ready().await?;
        may_touch(desired, found, &wanted, installation)?;
        let mut changes = network::differences(found.network.as_ref(), &wanted.network, &found.members);
        match step(desired, found, &wanted, *able) {
            Step::Nothing => {}
            Step::Pull(image) => changes.note(pulled(image)),
            Step::Create => changes.note(container::created(&wanted)),
            Step::Repair(_, repairs) => repairs.iter().for_each(|repair| changes.note(repair.told(&wanted.name))),
        }
        Ok(changes)
    }

    fn digest(&self, desired: &Workload) -> Option<String> {
        Some(desired::of(desired, &self.settings).digest)
    }

    async fn ensure(&self, desired: &Workload, observed: &Observed) -> Result<Changes, Error> {
        let (found, wanted) = (found(observed)?, desired::of(desired, &self.settings));
        let Ready { installation, able } = self.ready().await?;
        may_touch(desired, found, &wanted, installation)?;
        let step = step(desired, found, &wanted, *able);
        if let Step::Pull(image) = step {
            return self.pull(desired, image).await;
        }
        let (docker, whose) = (&self.docker, (wanted.network.as_str(), desired.namespace.as_str()));
        let mut changes = network::ensure(docker, found.network.as_ref(), whose, installation, &found.members).await?;
        let ca_bundle = self.settings.ca_bundle.as_deref();
        match step {
            Step::Nothing | Step::Pull(_) => {}
            Step::Create => {
                container::create(docker, &wanted, &desired.owner, ca_bundle).await?;
                changes.note(container::created(&wanted));
                self.remove_useless(&found.former, &desired.place()).await;
            }
            Step::Repair(current, repairs) => {
                for repair in &repairs {
                    container::mend(docker, repair, current, &wanted, ca_bundle).await?;
                    changes.note(repair.told(&wanted.name));
                }
            }
        }
        Ok(changes)
    }

    async fn settle(&self, desired: &Workload) {
        // As nearly always: then there is nothing to end.
        if self.listed(&desired.place()).await.is_ok_and(|listed| listed.len() < 2) {
            return;
        }
        let wanted = desired::of(desired, &self.settings);
        match self.find(desired, &wanted).await {
            Ok(Containers { current: Some(_), former, .. }) => {
                for container in former {
                    self.leaving.remove_later(self.docker.clone(), desired.place(), container);
                }
            }
            Ok(_) => {}
            // They are found again at the next look.
            Err(error) => tracing::debug!(%error, "those that served before were not looked for"),
        }
    }

    async fn retire(&self, place: &Place) -> Result<Retired, Error> {
        self.leaving.forget(place);
        let found = self.at(place).await?;
        try_join_all(found.iter().map(|container| container::remove(&self.docker, container))).await?;
        // Those that do not run are in no list of the network, and need it when they do.
        if self.labelled([(NAMESPACE, place.namespace.as_str())]).await?.is_empty() {
            let installation = &self.ready().await?.installation;
            let network = desired::network(&installation.name, &place.namespace);
            network::retire(&self.docker, &network, installation).await?;
        }
        Ok(if found.is_empty() { Retired::Gone } else { Retired::Removed })
    }

    async fn list(&self, namespace: &str, plugin: &PluginId) -> Result<Vec<Place>, Error> {
        let found = self.labelled([(NAMESPACE, namespace), (label::PLUGIN, plugin.as_str())]).await?;
        let names = found.into_iter().filter_map(|container| container.labels?.remove(NAME));
        let names: BTreeSet<_> = names.collect();
        Ok(names.into_iter().map(|name| Place { namespace: namespace.to_owned(), name }).collect())
    }

    fn changes(&self) -> BoxStream<'static, Changed> {
        changes::of(self.clone())
    }

    async fn stop(&self) {}
}

impl Engine {
    /// Ends those of before that serve nobody; the others serve until the new one does.
    async fn remove_useless(&self, former: &[Container], place: &Place) {
        for container in former {
            if !self.serves(container).await {
                self.leaving.remove_later(self.docker.clone(), place.clone(), container.clone());
            }
        }
    }

    /// Whether requests may be on their way to it: it was well, or is, as far as an operator can know that has begun a
    /// moment ago.
    async fn serves(&self, container: &Container) -> bool {
        if container.state.running != Some(true) || container.restarts >= state::DEATHS {
            return false;
        }
        let address = desired::alias(&container.labels).and_then(|(alias, port)| {
            desired::endpoint(&alias, port, self.settings.reach, |port| container.bound(port))
        });
        match address {
            Some(address) => self.pulses.was_well(&container.id) || self.health.check(&address).await.is_ok(),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_may_be_behind_a_proxy() {
        for (host, expected) in [("tcp://docker:2375", true), ("http://127.0.0.1:2375", true), ("ftp://docker", false)]
        {
            assert_eq!(Docker::connect_with_host(host).is_ok(), expected, "{host}");
        }
    }
}
