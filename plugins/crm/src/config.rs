//! What a tenant may configure: `PluginInstall.spec.config`.

use schemars::JsonSchema;
use serde::Deserialize;

/// One type is the JSON Schema that the platform checks an install against, and what handlers read.
/// Every field has a default, so that an empty configuration is one.
#[derive(Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Contacts and deals", description = "How deals are kept.")]
pub(crate) struct Config {
    /// The stages of a deal, in order; a new one starts in the first.
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 40)), extend("uniqueItems" = true))]
    pub(crate) stages: Vec<String>,
    /// The currency of new deals (ISO 4217).
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub(crate) currency: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            stages: ["new", "qualified", "proposal", "won", "lost"].map(str::to_owned).into(),
            currency: "EUR".into(),
        }
    }
}

impl Config {
    /// A new deal's stage.
    pub(crate) fn first_stage(&self) -> &str {
        self.stages.first().map_or("new", String::as_str)
    }

    /// What is wrong with a stage that the tenant does not have.
    pub(crate) fn unknown_stage(&self) -> String {
        format!("must be one of the tenant's stages: {}", self.stages.join(", "))
    }
}
