//! Ends at which nothing goes on, whatever was said before.

use plexica_crds::{Reason, tenant};
use serde_json::{Value, json};

use super::{Asked, NO_PLAN};
use crate::{
    check,
    story::Step,
    world::{Case, Violation, World},
};

/// Such an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// The tenant is suspended.
    Suspended,
    /// The install is disabled.
    Disabled,
    /// The tenant cannot be what it is asked to be, and stays what it was.
    Stalled,
}

impl Rest {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Suspended, Self::Disabled, Self::Stalled];
}

/// Clients that servers sign in with, in turn.
const SERVERS: [&str; 2] = ["api", "api-2"];

/// Says all that is asked but for that, waits until it is so, and looks whether everything is there.
///
/// # Errors
/// What does not come to rest, or is lost.
pub async fn rests(world: &World, case: &Case, asked: &Asked, rest: Rest) -> Result<(), Violation> {
    let mut resting = asked.clone();
    match rest {
        Rest::Suspended => resting.tenant["spec"]["suspend"] = json!(true),
        Rest::Disabled => resting.install["spec"]["enabled"] = json!(false),
        Rest::Stalled => resting.tenant["spec"]["plan"] = json!(NO_PLAN),
    }
    resting.say_all(world, case).await?;
    match rest {
        Rest::Suspended => Step::Suspend.done(world, case).await,
        Rest::Disabled => Step::Disable.done(world, case).await,
        Rest::Stalled => stalled(world, case).await,
    }
}

/// What an install tells of the version that has served last, and of what that was granted.
const OF_INSTALL: &[&str] = &["version", "migrated", "permissions", "configuration", "events", "awaiting"];

/// What of a tenant at rest follows from what it is asked to be: which version has served it last, with what and as
/// which login, and which plan it had before one that there is not, with what that limits, does not.
pub fn but_history(seen: Value) -> Value {
    let mut seen = but_rotations(seen);
    if let Some(rights) = seen["database"]["rights"].as_array_mut() {
        let of_login = |right: &str| [" to plugin", " to login"].iter().any(|to| right.contains(to));
        rights.retain(|right| !right.as_str().is_some_and(of_login));
    }
    for (kind, names) in [
        ("install", OF_INSTALL),
        ("tenant", &["plan"]),
        ("namespace", &["quotas", "ranges"]),
        ("database", &["permissions"]),
    ] {
        if let Some(status) = seen.get_mut(kind).and_then(Value::as_object_mut) {
            status.retain(|name, _| !names.contains(&name.as_str()));
        }
    }
    seen
}

/// All but how often credentials were replaced: which of two clients servers sign in with follows from that.
pub fn but_rotations(mut seen: Value) -> Value {
    if let Some(clients) = seen["realm"]["clients"].as_array_mut() {
        clients.retain(|client| !SERVERS.iter().any(|name| client[0] == *name));
    }
    seen
}

async fn stalled(world: &World, case: &Case) -> Result<(), Violation> {
    world
        .converges(&format!("{} says that there is no such plan, and has what it had", case.slug), async || {
            let tenant = world.tenant(case).await?;
            let status = tenant.status.unwrap_or_default();
            let says = |type_: &str, is: &str| {
                let unknown = Reason::UnknownPlan.as_str();
                status.conditions.iter().any(|one| one.type_ == type_ && one.status == is && one.reason == unknown)
            };
            let is = status.observed_generation == tenant.metadata.generation
                && status.phase == Some(tenant::Phase::Stalled)
                && says("Ready", "False")
                && says("Stalled", "True");
            if !is {
                return Err(format!("{status:?}"));
            }
            check::kept(world, case).await.map_err(|Violation(text)| text)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_before_is_not_looked_at() {
        let seen = json!({
            "tenant": { "phase": "Suspended", "plan": "p" }, "install": null,
            "realm": { "clients": [["api", false], ["api-2", true], ["web", true]] },
            "namespace": { "quotas": [1], "ranges": [], "labels": 1 },
            "database": {
                "rights": ["T_plugin_P to login_T_plugin_P", "T_plugin_P to plugin2_P", "T to plexica_core_api"],
                "permissions": ["P:note:read of P"],
            },
        });
        let expected = json!({
            "tenant": { "phase": "Suspended" }, "install": null, "realm": { "clients": [["web", true]] },
            "namespace": { "labels": 1 }, "database": { "rights": ["T to plexica_core_api"] },
        });
        assert_eq!(but_history(seen), expected);
    }
}
