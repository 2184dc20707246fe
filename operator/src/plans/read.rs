//! From text to plans. Pure.

use std::{collections::BTreeMap, path::PathBuf};

use plexica_crds::tenant::PlanLimits;
use serde_json::Value;

use super::{Plans, check::check};

/// Why plans cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlansError {
    /// The file.
    #[error("the file of plans {} cannot be read: {cause}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        cause: String,
    },
    /// What is in it.
    #[error("the plans are no YAML of `name: {{quotas, features, resources, rateLimits}}`: {0}")]
    Yaml(String),
    /// What one of them says.
    #[error("plan {plan:?}: {what}")]
    Plan {
        /// Its name.
        plan: String,
        /// What is wrong with it, and what to write.
        what: String,
    },
    /// There is none.
    #[error("the file of plans names no plan: write at least `standard: {{}}`, which allows everything")]
    None,
}

/// Plans from YAML: `name: {quotas, features, resources, rateLimits}`. What it does not know it refuses:
/// a limit that is misspelt must not be no limit.
///
/// # Errors
/// The first mistake.
pub fn read(text: &str) -> Result<Plans, PlansError> {
    let named: BTreeMap<String, Option<Value>> =
        serde_saphyr::from_str(text).map_err(|error| PlansError::Yaml(error.to_string()))?;
    if named.is_empty() {
        return Err(PlansError::None);
    }
    let mut plans = BTreeMap::new();
    for (plan, value) in named {
        let limits = limits(&plan, value.unwrap_or_default())
            .and_then(|limits| check(&limits).map(|()| limits))
            .map_err(|what| PlansError::Plan { plan: plan.clone(), what })?;
        plans.insert(plan, limits);
    }
    Ok(Plans(plans))
}

fn limits(name: &str, value: Value) -> Result<PlanLimits, String> {
    if name.is_empty() || name.len() > 63 {
        return Err("its name must have 1 to 63 characters, as spec.plan of a tenant has.".to_owned());
    }
    // `free:` with nothing behind it allows everything, as `free: {}` does.
    let value = if value.is_null() { Value::Object(serde_json::Map::new()) } else { value };
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let deserializer = serde_path_to_error::Deserializer::new(value, &mut track);
    let limits = serde_ignored::deserialize(deserializer, |path| unknown.push(path.to_string()));
    let limits = limits.map_err(|error: serde_json::Error| format!("{}: {error}.", track.path()))?;
    match unknown.first() {
        None => Ok(limits),
        // Optional fields show as a question mark on the way.
        Some(field) => Err(format!("there is no field {}.", field.replace(".?", ""))),
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
