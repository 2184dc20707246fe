//! What a world stands on, as it is said on the command line.

use std::fmt;

use clap::ValueEnum;
use plexica_testkit::api_server::Flavour;

/// Which.
#[derive(Clone, Copy, Debug)]
pub struct Platform {
    /// Whose API server.
    pub api: Flavour,
    /// What runs plugins.
    pub runner: Runner,
}

/// What the operator runs plugins by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Runner {
    /// It starts processes itself.
    Process,
    /// By Deployments and Services, for which the harness is the cluster.
    Kubernetes,
}

impl fmt::Display for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Process => "process",
            Self::Kubernetes => "kubernetes",
        })
    }
}
