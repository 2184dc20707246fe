//! Where plugins run: as Deployments of a cluster, as containers of a Docker engine, or as child processes.
//!
//! Three implementations, so there is a trait. What should run is a [`Workload`]; the trait's verbs
//! are those of every backend, and [`Workloads::list`] says what of a plugin runs at all, so that
//! what nobody needs any more is found even when the operator was killed before it removed it.

mod changed;
mod desired;
pub mod docker;
mod health;
pub mod kubernetes;
mod observed;
pub mod process;

pub use changed::Changed;
pub use desired::{Place, Workload};
pub use observed::{Observed, State};

use async_trait::async_trait;
use futures::stream::BoxStream;
use plexica_contract::name::PluginId;

use crate::{Changes, Error, Retired};

/// Runs plugins.
#[async_trait]
pub trait Workloads: std::fmt::Debug + Send + Sync {
    /// Which field of a plugin's `runtime` this runner cannot do without.
    fn needs(&self) -> Needs;

    /// What is counted of what runs in a namespace, so that a plan can limit it there.
    fn counts(&self) -> Counts {
        Counts::Nothing
    }

    /// How the workload stands. Reads only.
    async fn observe(&self, desired: &Workload) -> Result<Observed, Error>;

    /// What `ensure` would write.
    async fn differences(&self, desired: &Workload, observed: &Observed) -> Result<Changes, Error>;

    /// Changes whenever what should be there does; `None` if what is there lives and dies with this
    /// process, so that nobody changes it behind its back.
    fn digest(&self, desired: &Workload) -> Option<String>;

    /// Writes what differs; does not wait until it is healthy.
    async fn ensure(&self, desired: &Workload, observed: &Observed) -> Result<Changes, Error>;

    /// Ends what served in the workload's place before it, if the runner has not by itself: by now all
    /// requests are sent to where it is.
    async fn settle(&self, desired: &Workload);

    /// Removes a workload of this installation; one that is gone already is a success.
    async fn retire(&self, place: &Place) -> Result<Retired, Error>;

    /// The places of all workloads of a plugin in a namespace, whatever their version.
    async fn list(&self, namespace: &str, plugin: &PluginId) -> Result<Vec<Place>, Error>;

    /// Tells of each workload that begins or ceases to be as it should, until it is dropped. What
    /// happened before the first look, or while the runner could not be reached, may be left out.
    fn changes(&self) -> BoxStream<'static, Changed>;

    /// Ends what lives and dies with this process. What outlives it is left alone.
    async fn stop(&self);
}

/// What is counted of what runs in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// What pods ask for (`ResourceQuota`).
    Pods,
    /// Nothing.
    Nothing,
}

/// What a runner starts plugins from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// `runtime.image`
    Image,
    /// `runtime.command`
    Command,
}
