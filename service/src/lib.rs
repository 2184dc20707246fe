//! What every long-running part of Plexica shares.
//!
//! | module | holds |
//! |---|---|
//! | [`running`] | [`Tasks`] and [`Running`]: start in the background, stop together |
//! | [`readiness`] | [`Readiness`]: what has to be there before `/readyz` says yes |
//! | [`observability`] | the listener of `/healthz`, `/readyz` and `/metrics` |
//! | [`telemetry`] | traces, exported by OTLP if a collector is named |
//! | [`common`] | flags and variables that all parts have |
//! | [`trust`] | the CA bundle for outside systems |
//! | [`loopback`] | what is on this machine, and so behind no proxy |
//! | [`kubernetes`] | the client of the Kubernetes API |
//! | [`watch`] | [`watch::follow`]: a kind of resource, kept up to date |
//! | [`healthcheck`] | `<program> healthcheck`, for engines |
//! | [`secret_file`] | secrets from files that variables name |
//! | [`program`] | what a `main` does: logs, TLS provider, client, signals |

pub mod common;
pub mod healthcheck;
pub mod kubernetes;
pub mod loopback;
pub mod observability;
pub mod program;
pub mod readiness;
pub mod running;
pub mod secret_file;
pub mod telemetry;
pub mod trust;
pub mod watch;

pub use common::Common;
pub use readiness::{Gate, Readiness};
pub use running::{Ended, Running, Tasks};
