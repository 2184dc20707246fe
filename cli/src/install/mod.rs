//! `plexica install PLUGIN[@REQUIREMENT]… --tenant A`, `uninstall`, `enable`, `disable` and `configure`: one plan
//! for each of many tenants, and a result for each.

mod apply;
mod bulk;
mod change;
mod outcome;
mod plan;
mod remove;
mod select;
mod wait;

pub use bulk::{
    ConfigureOptions, InstallOptions, SwitchOptions, UninstallOptions, configure, install, switch, uninstall,
};
