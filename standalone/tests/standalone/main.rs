//! The API server of our own: what it does by itself, and that it answers as the real one does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation)]
#![allow(clippy::needless_pass_by_value)]

mod access;
mod cases;
mod common;
mod differential;
mod golden;
mod life;
mod own_kinds;
mod ownership;
mod pure;
mod watch;
