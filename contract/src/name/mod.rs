//! Slugs, plugin ids, and every name of an external object made from them.
//!
//! One rule keeps all names injective and inside everybody's limits: a slug or an id has at most
//! 24 characters, is a DNS-1123 label and has no dash-separated segment `plugin`. So the joined
//! form `tenant_<slug>_plugin_<id>` splits in one way only and has at most 63 bytes, which is
//! what Postgres allows; nothing is ever cut or hashed.

mod external;
mod label;
mod plugin_id;
mod plugin_version;
mod slug;

pub use external::{Prefixes, Slot, postgres, workload};
pub use label::NameError;
pub use plugin_id::PluginId;
pub use plugin_version::{PluginVersion, VersionError};
pub use slug::Slug;

/// The most characters a slug or a plugin id has.
pub const MAX_LEN: usize = 24;

/// The schema and realm of the platform itself use these words, so no tenant may.
pub const RESERVED_SLUGS: &[&str] = &["core", "plexica", "platform", "master", "system"];
