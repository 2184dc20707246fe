//! The engine beside one that is as plain as can be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// A case is written as JSON, where it is used.
#![allow(clippy::needless_pass_by_value)]

mod differential;
mod generate;
mod naive;
mod semantics;
