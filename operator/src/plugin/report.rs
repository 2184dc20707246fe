//! A catalogue entry's status. Pure.

use jiff::Timestamp;
use kube::ResourceExt;
use plexica_crds::{
    ConditionType, Conditions, Plugin, PluginSpec, PluginStatus, Reason,
    plugin::{Deprecation, Phase, RolloutStatus, Yank},
};

use crate::{problem::Problem, resource};

/// The status of an entry that `installs` installs use.
pub fn report(
    plugin: &Plugin,
    validity: Result<(), &Problem>,
    installs: usize,
    rollout: Option<RolloutStatus>,
    now: Timestamp,
) -> PluginStatus {
    let last = plugin.status.clone().unwrap_or_default();
    let generation = plugin.metadata.generation;
    let mut conditions = Conditions::new(&last.conditions, generation, now);
    let deleting = plugin.metadata.deletion_timestamp.is_some();
    let phase = match validity {
        _ if deleting => {
            let (reason, message) = match installs {
                0 => (Reason::Deleting, "being removed from the catalogue".to_owned()),
                _ => (Reason::InUse, format!("{installs} installs use it: delete or upgrade them first.")),
            };
            conditions.set_false(ConditionType::Ready, reason, message);
            Phase::Terminating
        }
        Ok(()) => {
            let (reason, message, phase) = standing(&plugin.spec);
            conditions.set_true(ConditionType::Ready, reason, message);
            phase
        }
        Err(problem) => {
            conditions.set_false(ConditionType::Ready, problem.reason, &problem.message);
            conditions.set_true(ConditionType::Stalled, problem.reason, &problem.message);
            Phase::Stalled
        }
    };
    PluginStatus {
        observed_generation: generation,
        phase: Some(phase),
        conditions: conditions.finish(),
        installs: Some(i64::try_from(installs).unwrap_or(i64::MAX)),
        rollout,
    }
}

/// What who keeps the catalogue says of a valid entry.
fn standing(spec: &PluginSpec) -> (Reason, String, Phase) {
    match (&spec.yanked, &spec.deprecated) {
        (Some(Yank { reason }), _) => {
            let message = format!("yanked, as its spec says: {reason}; installs that run it go on");
            (Reason::Yanked, message, Phase::Yanked)
        }
        (None, Some(Deprecation { message })) => {
            (Reason::Deprecated, format!("can be installed, and is deprecated: {message}"), Phase::Deprecated)
        }
        (None, None) => (Reason::Provisioned, "can be installed".into(), Phase::Available),
    }
}

/// The status of an entry that is left alone.
pub fn paused(plugin: &Plugin, now: Timestamp) -> PluginStatus {
    let last = plugin.status.clone().unwrap_or_default();
    let conditions = resource::paused(plugin, &format!("plugin {}", plugin.name_any()), &last.conditions, now);
    PluginStatus { phase: Some(Phase::Paused), conditions, ..last }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    #[test]
    fn phases() {
        let mut plugin = Plugin::new(
            "crm-1.4.0",
            serde_json::from_value(serde_json::json!({
                "id": "crm", "version": "1.4.0", "displayName": "CRM", "runtime": { "image": "crm:1" },
            }))
            .unwrap(),
        );
        plugin.metadata.generation = Some(2);
        let now = Timestamp::UNIX_EPOCH;
        let broken = Problem::new(Reason::InvalidManifest, "why");

        let status = report(&plugin, Ok(()), 3, None, now);
        assert_eq!(
            (status.phase, status.installs, status.observed_generation),
            (Some(Phase::Available), Some(3), Some(2))
        );
        assert_eq!(status.conditions[0].status, "True");

        plugin.status = Some(status.clone());
        assert_eq!(report(&plugin, Ok(()), 3, None, Timestamp::MAX), status, "nothing changed, so nothing is written");

        let status = report(&plugin, Err(&broken), 0, None, now);
        assert_eq!(status.phase, Some(Phase::Stalled));
        assert_eq!(status.conditions.iter().map(|c| c.type_.as_str()).collect::<Vec<_>>(), ["Ready", "Stalled"]);

        plugin.spec.deprecated = Some(Deprecation { message: "use files 2".into() });
        let status = report(&plugin, Ok(()), 0, None, now);
        assert_eq!((status.phase, status.conditions[0].status.as_str()), (Some(Phase::Deprecated), "True"));
        assert!(status.conditions[0].message.ends_with("use files 2"));
        plugin.spec.yanked = Some(Yank { reason: "it loses data".into() });
        let status = report(&plugin, Ok(()), 0, None, now);
        assert_eq!((status.phase, status.conditions[0].reason.as_str()), (Some(Phase::Yanked), "Yanked"));

        plugin.metadata.deletion_timestamp = Some(Time(now));
        for (installs, reason) in [(2, "InUse"), (0, "Deleting")] {
            let status = report(&plugin, Err(&broken), installs, None, now);
            assert_eq!(status.phase, Some(Phase::Terminating));
            assert_eq!(status.conditions[0].reason, reason);
            assert_eq!(status.conditions.len(), 1);
        }
    }
}
