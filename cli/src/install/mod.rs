//! `plexica install PLUGIN[@REQUIREMENT]… --tenant A` and `plexica uninstall PLUGIN…`: one plan for each
//! of many tenants, and a result for each.

mod apply;
mod bulk;
mod outcome;
mod plan;
mod remove;
mod select;

pub use bulk::{InstallOptions, UninstallOptions, install, uninstall};
