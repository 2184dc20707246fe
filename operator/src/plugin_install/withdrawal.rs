//! A route that was withdrawn a moment ago. Pure.

use std::time::Duration;

use jiff::Timestamp;
use plexica_crds::{ConditionType, PluginInstall, Reason};

/// How long gateways may take to hear of it, by a watch; times in a status are cut to whole seconds.
const UNHEARD: Duration = Duration::from_secs(2);

/// How much longer gateways may lead requests to what was disabled or deleted: until then it is neither told to stop
/// nor ended.
pub fn unheard(install: &PluginInstall, now: Timestamp) -> Option<Duration> {
    let status = install.status.as_ref().filter(|status| status.route.is_none())?;
    let withdrawn = status.conditions.iter().find(|condition| {
        condition.type_ == ConditionType::Routed.as_str()
            && condition.status == "False"
            && [Reason::Disabled, Reason::Removed].iter().any(|reason| condition.reason == reason.as_str())
    })?;
    let heard = withdrawn.last_transition_time.0 + UNHEARD;
    Duration::try_from(heard.duration_since(now)).ok().filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    fn install(route: bool, status: &str, reason: &str) -> PluginInstall {
        let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
        let route = route.then(|| json!({ "path": "/", "upstream": "http://x" }));
        let routed = json!({ "type": "Routed", "status": status, "reason": reason, "message": "",
            "lastTransitionTime": "2026-01-01T00:00:10Z" });
        install.status = serde_json::from_value(json!({ "conditions": [routed], "route": route })).unwrap();
        install
    }

    #[test]
    fn gateways_have_a_moment_to_hear() {
        let at = |second: i64| Timestamp::from_second(1_767_225_600 + second).unwrap();
        let withdrawn = install(false, "False", "Disabled");
        for (second, left) in [(10, Some(2)), (11, Some(1)), (12, None), (3600, None)] {
            assert_eq!(unheard(&withdrawn, at(second)), left.map(Duration::from_secs), "{second}");
        }
        assert!(unheard(&install(false, "False", "Removed"), at(10)).is_some());
        for waits_for_nobody in [
            install(true, "False", "Disabled"),
            install(false, "True", "Provisioned"),
            install(false, "False", "Pending"),
            install(false, "False", "Suspended"),
            fixture::install("tenant-acme", "crm", "acme", "crm"),
        ] {
            assert_eq!(unheard(&waits_for_nobody, at(10)), None, "{:?}", waits_for_nobody.status);
        }
    }
}
