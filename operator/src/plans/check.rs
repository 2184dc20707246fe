//! What a plan must not say. Pure.

use plexica_backends::object::quantity::{nanos, units};
use plexica_crds::tenant::{Amounts, ContainerDefaults, PlanLimits, PlanResources, Quantity, Quotas, RateLimits};

/// Resources that a plan may speak of.
pub const RESOURCES: [&str; 2] = ["cpu", "memory"];

/// The first thing in it that cannot be.
///
/// # Errors
/// A sentence that names the field.
pub fn check(limits: &PlanLimits) -> Result<(), String> {
    let PlanLimits { quotas, features, resources, rate_limits } = limits;
    let Quotas { plugins, users, database_bytes, storage_bytes } = quotas;
    for (field, value) in [("plugins", plugins), ("users", users)] {
        if value.is_some_and(|value| value < 0) {
            return Err(format!("quotas.{field} must be 0 or more; leave it out for no limit."));
        }
    }
    for (field, value) in [("databaseBytes", database_bytes), ("storageBytes", storage_bytes)] {
        if let Some(Quantity(text)) = value
            && units(text).is_none()
        {
            return Err(format!("quotas.{field} {text:?} is no amount of bytes: write one such as 10Gi."));
        }
    }
    for feature in features {
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | ':');
        if feature.is_empty() || feature.len() > 63 || !feature.chars().all(word) {
            return Err(format!(
                "the feature {feature:?} is no word of at most 63 lower-case letters, digits, dashes, dots and colons."
            ));
        }
        if features.iter().filter(|other| *other == feature).count() > 1 {
            return Err(format!("the feature {feature:?} is there twice."));
        }
    }
    of_namespace(resources)?;
    if let Some(RateLimits { requests_per_second, burst }) = rate_limits {
        for (field, value) in [("requestsPerSecond", Some(*requests_per_second)), ("burst", *burst)] {
            if value.is_some_and(|value| value < 1) {
                return Err(format!("rateLimits.{field} must be 1 or more; leave rateLimits out for no limit."));
            }
        }
    }
    Ok(())
}

fn of_namespace(resources: &PlanResources) -> Result<(), String> {
    let PlanResources { requests, limits, container: ContainerDefaults { requests: its_requests, limits: its_limits } } =
        resources;
    let all = [
        ("requests", requests),
        ("limits", limits),
        ("container.requests", its_requests),
        ("container.limits", its_limits),
    ];
    for (field, amounts) in all {
        for (name, Quantity(text)) in amounts {
            if !RESOURCES.contains(&name.as_str()) {
                return Err(format!("resources.{field} may speak of cpu and memory, not of {name}."));
            }
            if nanos(text).is_none_or(|amount| amount <= 0) {
                return Err(format!("resources.{field}.{name} {text:?} is no amount: write one such as 500m or 2Gi."));
            }
        }
    }
    fits("requests", its_requests, "requests", requests)?;
    fits("limits", its_limits, "limits", limits)?;
    match larger(its_requests, its_limits) {
        None => Ok(()),
        Some(name) => Err(format!("resources.container.requests.{name} must not be more than its limit.")),
    }
}

fn fits(field: &str, container: &Amounts, of: &str, all: &Amounts) -> Result<(), String> {
    match larger(container, all) {
        None => Ok(()),
        Some(name) => Err(format!("resources.container.{field}.{name} must not be more than resources.{of}.{name}.")),
    }
}

/// A resource of which `one` has more than `other` says.
fn larger<'a>(one: &'a Amounts, other: &Amounts) -> Option<&'a String> {
    let amount = |quantity: &Quantity| nanos(&quantity.0);
    one.iter().find_map(|(name, mine)| {
        let theirs = other.get(name)?;
        (amount(mine) > amount(theirs)).then_some(name)
    })
}
