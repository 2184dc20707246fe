//! Who a token is for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::name::{NameError, PluginId};

/// Exactly one receiver per token: what a plugin is handed is of no use anywhere else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Audience {
    /// `core-api`
    CoreApi,
    /// `plugin:<id>`
    Plugin(PluginId),
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CoreApi => f.write_str("core-api"),
            Self::Plugin(id) => write!(f, "plugin:{id}"),
        }
    }
}

impl FromStr for Audience {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.strip_prefix("plugin:") {
            Some(id) => id.parse().map(Self::Plugin),
            None if text == "core-api" => Ok(Self::CoreApi),
            None => Err(NameError::NotALabel),
        }
    }
}

impl TryFrom<String> for Audience {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Audience> for String {
    fn from(audience: Audience) -> Self {
        audience.to_string()
    }
}
