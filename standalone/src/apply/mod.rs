//! Field ownership, server-side apply and patches. Pure functions over JSON values.
//!
//! The objects are compared through their schema: which lists are merged, by what, and which
//! maps are one value is read from the kind. `managedFields` hold what each writer owns.

mod check;
mod compare;
mod config;
mod conflict;
mod element;
mod fields;
mod json;
mod last_applied;
mod managers;
mod merge;
mod owned;
mod path;
mod reconcile;
mod remove;
mod set;
mod strategic;
mod types;
mod update;
mod wire;
mod zero;

pub use config::{ApplyError, server_side_apply, settle_times};
pub use json::{PatchError, json_patch, merge_patch};
pub use strategic::strategic_merge;
pub use update::track_update;
