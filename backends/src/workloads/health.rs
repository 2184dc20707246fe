//! Whether a plugin is well: asked as a cluster's probes ask it.

use std::time::Duration;

use plexica_contract::path::HEALTH;
use url::Url;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Asks plugins.
#[derive(Clone, Debug)]
pub(super) struct Health(reqwest::Client);

/// Why one is not well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unwell {
    /// It said so.
    Answers(String),
    /// It said nothing, or cannot be reached from here.
    Silent(String),
}

impl std::fmt::Display for Unwell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Answers(text) | Self::Silent(text)) = self;
        f.write_str(text)
    }
}

impl Health {
    pub fn new() -> Result<Self, reqwest::Error> {
        Ok(Self(reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?))
    }

    /// Whether it is well.
    pub async fn check(&self, endpoint: &Url) -> Result<(), Unwell> {
        let url = endpoint.join(HEALTH).map_err(|error| Unwell::Silent(error.to_string()))?;
        match self.0.get(url).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(Unwell::Answers(format!("HTTP {}", answer.status().as_u16()))),
            Err(error) if error.is_timeout() => Err(Unwell::Silent(format!("nothing within {} s", TIMEOUT.as_secs()))),
            // Nobody listens there, or an engine's own proxy of the port finds nobody.
            Err(_) => Err(Unwell::Silent("no answer".into())),
        }
    }
}
