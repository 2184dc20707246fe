//! What end-to-end tests share.
//!
//! | module | holds |
//! |---|---|
//! | [`scenario`] | what a tenant and its plugins go through, wherever the platform runs |
//! | [`kubectl`] | the resources, by the tool that people use |
//! | [`page`] | pages of the documentation, typed as they stand |
//! | [`administrator`], [`browser`] | Keycloak's administrator, and a person who signs in |
//! | [`request`] | requests until they are served, and while something is done |
//! | [`built`] | programs that are built beside a test |

// What fails here fails a test: that is its way of reporting.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

use std::path::PathBuf;

pub mod administrator;
pub mod browser;
pub mod kubectl;
pub mod page;
pub mod request;
pub mod scenario;

/// A program of that name, as `cargo xtask test` builds it beside the test that runs.
pub fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).expect("in a folder for tests").join(name)
}
