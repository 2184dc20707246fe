//! What an engine has of a workload.

use std::{collections::HashMap, fmt};

use bollard::models::{
    ContainerInspectResponse, ContainerState, ContainerStateStatusEnum, EndpointSettings, HostConfig, ImageInspect,
    NetworkInspect, PortMap,
};

use super::{desired::DIGEST, network::Member, pull::Pull};
use crate::ownership::{Found, Stamp};

/// All that concerns one place.
#[derive(Clone, Debug, Default)]
pub(in crate::workloads) struct Containers {
    /// The one that is as it should be.
    pub current: Option<Container>,
    /// Those of before.
    pub former: Vec<Container>,
    /// Their network.
    pub network: Option<Network>,
    /// Who of the platform is to be reached in it.
    pub members: Vec<Member>,
    /// The image, which is looked for while there is no container of it.
    pub image: Image,
}

/// What of a container is gone by.
#[derive(Clone, Debug, Default)]
pub(in crate::workloads) struct Container {
    pub id: String,
    pub name: String,
    pub image: Option<String>,
    pub user: String,
    pub environment: Environment,
    pub labels: HashMap<String, String>,
    pub state: ContainerState,
    /// How often the engine started it again since somebody did.
    pub restarts: i64,
    pub host: HostConfig,
    pub networks: HashMap<String, EndpointSettings>,
    pub ports: PortMap,
}

/// What a container's environment is; it has credentials, so that it is not printed.
#[derive(Clone, Default)]
pub(in crate::workloads) struct Environment(pub Vec<String>);

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} variables", self.0.len())
    }
}

impl Container {
    pub fn status(&self) -> ContainerStateStatusEnum {
        self.state.status.unwrap_or(ContainerStateStatusEnum::EMPTY)
    }

    pub fn is_of(&self, digest: &str) -> bool {
        self.labels.get(DIGEST).is_some_and(|found| found == digest)
    }

    /// Which port of the machine one of the container has.
    pub fn bound(&self, port: u16) -> Option<u16> {
        let bound = self.ports.get(&format!("{port}/tcp"))?.as_ref()?;
        bound.first()?.host_port.as_deref()?.parse().ok()
    }

    /// Whose it is.
    pub fn owner(&self) -> Found {
        Stamp::from_pairs(|name| said(&self.labels, name)).map_or_else(Found::unmarked, Found::Marked)
    }
}

impl From<ContainerInspectResponse> for Container {
    fn from(found: ContainerInspectResponse) -> Self {
        let network = found.network_settings.unwrap_or_default();
        let config = found.config.unwrap_or_default();
        Self {
            id: found.id.unwrap_or_default(),
            name: found.name.unwrap_or_default().trim_start_matches('/').to_owned(),
            image: config.image,
            user: config.user.unwrap_or_default(),
            environment: Environment(config.env.unwrap_or_default()),
            labels: config.labels.unwrap_or_default(),
            state: found.state.unwrap_or_default(),
            restarts: found.restart_count.unwrap_or_default(),
            host: found.host_config.unwrap_or_default(),
            networks: network.networks.unwrap_or_default(),
            ports: network.ports.unwrap_or_default(),
        }
    }
}

/// What of a network is gone by.
#[derive(Clone, Debug, Default)]
pub(in crate::workloads) struct Network {
    pub id: String,
    pub labels: HashMap<String, String>,
    /// Ids of the containers in it that run.
    pub containers: Vec<String>,
}

impl From<NetworkInspect> for Network {
    fn from(found: NetworkInspect) -> Self {
        Self {
            id: found.id.unwrap_or_default(),
            labels: found.labels.unwrap_or_default(),
            containers: found.containers.unwrap_or_default().into_keys().collect(),
        }
    }
}

/// What is known of an image.
#[derive(Clone, Debug, Default)]
pub(in crate::workloads) enum Image {
    /// It was not looked for.
    #[default]
    Unasked,
    /// The engine does not have it; a pull of it, if there was one.
    Missing(Option<Pull>),
    /// It is there; the user that it names.
    Present(String),
}

impl From<ImageInspect> for Image {
    fn from(found: ImageInspect) -> Self {
        Self::Present(found.config.and_then(|config| config.user).unwrap_or_default())
    }
}

/// What a label says; one that is there for no image to say it says nothing.
pub(super) fn said<'a>(labels: &'a HashMap<String, String>, name: &str) -> Option<&'a str> {
    labels.get(name).map(String::as_str).filter(|value| !value.is_empty())
}
