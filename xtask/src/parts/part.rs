//! The parts there are, and what is particular to each.

use std::fmt;
use std::path::PathBuf;

use nix::sys::signal::Signal;

use super::{Server, Tier, docker, keycloak, kubernetes, minio, postgres, registry, versitygw};
use crate::cache::{Cache, Lock};
use crate::error::{Error, Result};
use crate::ports::Ports;
use crate::state::{Owner, Start, State};

/// A part that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A Postgres server.
    Postgres(Server),
    /// Keycloak, with its database on Postgres 17.
    Keycloak,
    /// An S3 server that speaks STS.
    Minio,
    /// An S3 server that speaks IAM.
    Versitygw,
    /// A Kubernetes cluster.
    Kubernetes(Tier),
    /// A Docker engine.
    Docker,
    /// A registry of images.
    Registry,
}

impl Part {
    /// All parts, in the order they can be started.
    pub const ALL: [Self; 11] = [
        Self::Postgres(Server::V15),
        Self::Postgres(Server::V17),
        Self::Keycloak,
        Self::Minio,
        Self::Versitygw,
        Self::Kubernetes(Tier::T0),
        Self::Kubernetes(Tier::T1),
        Self::Postgres(Server::T2),
        Self::Kubernetes(Tier::T2),
        Self::Docker,
        Self::Registry,
    ];

    /// What `up` starts when nothing is named: what the tests of the crates want.
    pub const DEFAULT: [Self; 5] = [
        Self::Postgres(Server::V15),
        Self::Postgres(Server::V17),
        Self::Keycloak,
        Self::Minio,
        Self::Kubernetes(Tier::T0),
    ];

    /// The parts of a word of the command line: `postgres` is both versions.
    pub fn parse(word: &str) -> Result<Vec<Self>> {
        let found: Vec<Self> = match word {
            "postgres" => vec![Self::Postgres(Server::V15), Self::Postgres(Server::V17)],
            "kubernetes" => vec![Self::Kubernetes(Tier::T0)],
            word => {
                let name = word.replace('=', "-");
                Self::ALL.into_iter().filter(|part| part.to_string() == name).collect()
            }
        };
        if found.is_empty() {
            let known: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
            return Err(Error::Usage(format!(
                "no part is called `{word}`; there are postgres, kubernetes=t0|t1|t2, {}",
                known.join(", ")
            )));
        }
        Ok(found)
    }

    /// What has to run before this part.
    pub const fn needs(self) -> Option<Self> {
        match self {
            Self::Keycloak => Some(Self::Postgres(Server::V17)),
            _ => None,
        }
    }

    /// How it is asked to end. Postgres ends at once: its data is thrown away.
    pub(super) const fn signal(self) -> Signal {
        match self {
            Self::Postgres(_) => Signal::SIGQUIT,
            _ => Signal::SIGTERM,
        }
    }

    pub(super) fn start(self, cache: &Cache, start: Start, owner: Owner) -> Result<State> {
        match self {
            Self::Postgres(server) => postgres::start(server, cache, start, owner),
            Self::Keycloak => keycloak::start(cache, start, owner, &postgres::url(cache, Server::V17)?),
            Self::Minio => minio::start(cache, start, owner),
            Self::Versitygw => versitygw::start(cache, start, owner),
            Self::Kubernetes(tier) => kubernetes::start(tier, cache, start, owner),
            Self::Docker => docker::start(cache, start, owner),
            Self::Registry => registry::start(start, owner),
        }
    }

    /// What processes leave behind that is not theirs alone.
    pub(super) fn clean(self, cache: &Cache) -> Result<()> {
        match self {
            Self::Kubernetes(Tier::T2) => kubernetes::leftovers::clean(cache, &self.folder(cache)),
            Self::Docker => docker::clean(&self.folder(cache)),
            _ => Ok(()),
        }
    }

    /// Its run folder.
    pub fn folder(self, cache: &Cache) -> PathBuf {
        cache.run(&self.to_string())
    }

    pub(super) fn lock(self, cache: &Cache) -> Result<Lock> {
        Lock::take(&cache.run(&format!("{self}.lock")))
    }

    pub(super) fn ports(self) -> Result<Ports> {
        let place = Self::ALL.iter().position(|part| *part == self);
        Ports::share(place.unwrap_or_default(), Self::ALL.len())
    }

    pub(super) fn in_use(self, cache: &Cache) -> PathBuf {
        cache.run(&format!("{self}.in-use"))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(server) => write!(formatter, "postgres{server}"),
            Self::Keycloak => formatter.write_str("keycloak"),
            Self::Minio => formatter.write_str("minio"),
            Self::Versitygw => formatter.write_str("versitygw"),
            Self::Kubernetes(tier) => write!(formatter, "kubernetes-{tier}"),
            Self::Docker => formatter.write_str("docker"),
            Self::Registry => formatter.write_str("registry"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_found_by_its_name() {
        for part in Part::ALL {
            assert_eq!(Part::parse(&part.to_string()).unwrap(), [part]);
        }
        assert_eq!(Part::parse("kubernetes=t2").unwrap(), [Part::Kubernetes(Tier::T2)]);
        assert_eq!(Part::parse("postgres").unwrap().len(), 2);
        assert!(Part::parse("oracle").is_err());
    }

    #[test]
    fn what_is_needed_comes_first() {
        for (place, part) in Part::ALL.iter().enumerate() {
            if let Some(needed) = part.needs() {
                assert!(Part::ALL[..place].contains(&needed), "{part}");
            }
        }
    }
}
