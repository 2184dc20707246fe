//! `plexica` as people run it, and what the pages for them say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

mod catalogue;
mod dev;
mod preflight;
mod readme;
mod resource;
mod support;
mod verbs;
