//! What platform and plugins agree on.
//!
//! | module | holds |
//! |---|---|
//! | [`name`] | slugs, plugin ids, and every external name made from them |
//! | [`manifest`] | what a plugin declares about itself (`Plugin.spec`) |
//! | [`token`] | platform tokens: minted by gateway and operator, verified at each hop |
//! | [`lifecycle`] | the calls the operator makes to `/_plexica/lifecycle` |
//! | [`tenancy`] | what a plugin learns about the tenants it serves |
//! | [`error`] | the JSON body of every error a client sees |
//! | [`header`], [`path`] | names on the wire |
//! | [`Secret`] | text that is never printed |
//!
//! No kube and no I/O: a plugin author's build stays light.

pub mod error;
pub mod header;
pub mod lifecycle;
pub mod manifest;
pub mod name;
pub mod path;
mod secret;
pub mod tenancy;
pub mod token;

pub use secret::Secret;
