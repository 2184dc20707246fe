//! Named databases of the platform's configuration.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::Provisioner;
use crate::{Error, Kind, Result, Secret, System};

/// The placement of tenants that name none.
pub const DEFAULT_PLACEMENT: &str = "default";

/// One database, from the operator's and from a plugin's side.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Placement {
    /// The operator's URL: a login that is a member of `plexica_provisioner`.
    pub url: Secret,
    /// Host, port, database and parameters as plugins reach it; user and password are replaced.
    #[serde(default)]
    pub plugin_url: Option<Secret>,
}

/// All databases a tenant can be placed in.
#[derive(Clone, Debug)]
pub struct Placements {
    by_name: BTreeMap<String, Provisioner>,
}

impl Placements {
    /// The default database, and more by name. Connects to none of them yet.
    pub fn new(default: &Placement, more: &BTreeMap<String, Placement>, ca_bundle: Option<&Path>) -> Result<Self> {
        let mut by_name = BTreeMap::new();
        for (name, placement) in more {
            by_name.insert(name.clone(), Provisioner::new(placement, ca_bundle)?);
        }
        if by_name.insert(DEFAULT_PLACEMENT.to_owned(), Provisioner::new(default, ca_bundle)?).is_some() {
            return Err(Error::new(
                System::Postgres,
                Kind::Invalid,
                "the file of placements names one \"default\"",
                "Remove it there: DATABASE_URL is the default placement.",
            ));
        }
        Ok(Self { by_name })
    }

    /// Reads the YAML file of `PLEXICA_PLACEMENTS` (`name: {url, pluginUrl}`).
    pub fn read(file: &Path) -> Result<BTreeMap<String, Placement>> {
        let invalid = |message: String| {
            Error::new(
                System::Postgres,
                Kind::Invalid,
                message,
                "Write `name: {url: postgres://…, pluginUrl: postgres://…}` per placement.",
            )
        };
        let text = std::fs::read_to_string(file)
            .map_err(|error| invalid(format!("cannot read {}: {error}", file.display())))?;
        // The parser's message may quote the file, which holds passwords: it goes to the log only.
        serde_saphyr::from_str(&text)
            .map_err(|error| invalid(format!("{} is not a map of placements", file.display())).because(error))
    }

    /// The database of that name.
    pub fn get(&self, name: &str) -> Result<&Provisioner> {
        self.by_name.get(name).ok_or_else(|| {
            Error::new(
                System::Postgres,
                Kind::Invalid,
                format!("there is no placement {name:?}, but: {}", self.names().collect::<Vec<_>>().join(", ")),
                "Name one of these, or add it to the platform's configuration.",
            )
        })
    }

    /// The database of tenants that name none; also the platform's own.
    pub fn default_database(&self) -> Result<&Provisioner> {
        self.get(DEFAULT_PLACEMENT)
    }

    /// Names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Names and databases.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Provisioner)> {
        self.by_name.iter().map(|(name, provisioner)| (name.as_str(), provisioner))
    }
}
