//! `Plugin`: one catalogue entry, an id at a version; its spec is the manifest.

mod convert;
mod rollout;
mod spec;
mod status;

pub use convert::ManifestError;
pub use rollout::{Canary, Rollout, RolloutPhase, RolloutStatus};
pub use spec::{Deprecation, Plugin, PluginSpec, Yank};
pub use status::{Phase, PluginStatus};
