//! What runs.

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Secret, Service},
};
use url::Url;

use super::docker::Containers;

/// How a workload stands.
#[derive(Clone, Debug)]
pub struct Observed {
    /// For whoever waits for it.
    pub state: State,
    /// What the runner found, for its own `ensure`.
    pub(super) found: Found,
}

/// How far a workload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// There is none.
    Absent,
    /// It is there and not (or no longer) healthy; the text says why, for people.
    Starting(String),
    /// As before, and the runner says that it will not come up by itself; the text says why.
    Failing(String),
    /// It is healthy.
    Ready {
        /// Base URL, without a path.
        endpoint: Url,
    },
}

/// What each runner compares with what should be.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// A cluster's objects.
    Kubernetes(Box<Objects>),
    /// An engine's containers.
    Docker(Box<Containers>),
    /// Whether a process with exactly this desired state is kept running.
    Process {
        /// See above.
        current: bool,
    },
}

/// The objects of a workload in a cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    pub secret: Option<Secret>,
    pub service: Option<Service>,
    pub deployment: Option<Deployment>,
}
