//! The data plane: users' requests to plugins and to the core API.
//!
//! A request passes, in this order: [`path`] (one strict normal form), [`cors`] (preflights),
//! [`token`] (the realm's token holds), [`snapshot`] (which upstream, with which permissions),
//! [`header`] (inbound identity stripped, our own set) and [`proxy`] (limits, time, streaming).
//! What the snapshot is made of comes from [`watch`]; nothing about a request is ever looked up
//! anywhere else.

mod answer;
mod config;
pub mod cors;
mod error;
mod feed;
pub mod header;
mod listener;
mod metrics;
pub mod path;
mod proxy;
pub mod snapshot;
mod start;
pub mod token;
mod watch;

pub use config::{Config, Limits};
pub use error::StartError;
pub use feed::Feed;
pub use start::{launch, start};
