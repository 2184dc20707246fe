//! A catalogue entry's status. Pure.

use jiff::Timestamp;
use kube::ResourceExt;
use plexica_crds::{
    ConditionType, Conditions, Plugin, PluginSpec, PluginStatus, Reason,
    label::DRY_RUN,
    plugin::{Deprecation, Phase, RolloutStatus, Yank},
};

use crate::{
    problem::Problem,
    resource::{self, is_rehearsed},
};

/// How many installs are named that an entry waits for.
const NAMED: usize = 10;

/// The status of an entry that stays, and that `installs` installs use.
pub fn report(
    plugin: &Plugin,
    validity: Result<(), &Problem>,
    installs: usize,
    rollout: Option<RolloutStatus>,
    now: Timestamp,
) -> PluginStatus {
    let mut conditions = conditions(plugin, now);
    let phase = match validity {
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
    status(plugin, phase, conditions, installs, rollout)
}

/// The status of an entry that is to go, and does not yet.
pub fn leaving(
    plugin: &Plugin,
    why: &Problem,
    installs: usize,
    rollout: Option<RolloutStatus>,
    now: Timestamp,
) -> PluginStatus {
    let mut conditions = conditions(plugin, now);
    conditions.set_false(ConditionType::Ready, why.reason, &why.message);
    conditions.set_true(why.beside(), why.reason, &why.message);
    status(plugin, Phase::Terminating, conditions, installs, rollout)
}

/// Those of before, to be set anew, and what is said of the annotations.
fn conditions(plugin: &Plugin, now: Timestamp) -> Conditions {
    let last = plugin.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let mut conditions = Conditions::new(last, plugin.metadata.generation, now);
    tell_unheeded(plugin, &mut conditions);
    conditions
}

fn tell_unheeded(plugin: &Plugin, conditions: &mut Conditions) {
    if let Some(told) = unheeded(plugin) {
        conditions.set_false(ConditionType::DryRun, Reason::DryRunUnsupported, told);
    }
}

/// That no dry run is made, where somebody asks for one: installs read the entry itself, so that nothing
/// the operator leaves undone would keep it from them.
pub fn unheeded(plugin: &Plugin) -> Option<String> {
    let counts = match plugin.metadata.deletion_timestamp {
        None => "the catalogue goes by the entry as it is",
        Some(_) => "it does not hold up the deletion",
    };
    is_rehearsed(plugin).then(|| {
        format!(
            "no dry run is made of a Plugin: the annotation {DRY_RUN} has no effect here, and {counts}; \
             `plexica plan -f FILE` says what an entry would do before it is applied, and installs that are not to \
             follow it yet are held by the annotation on the PluginInstall or its Tenant"
        )
    })
}

fn status(
    plugin: &Plugin,
    phase: Phase,
    conditions: Conditions,
    installs: usize,
    rollout: Option<RolloutStatus>,
) -> PluginStatus {
    PluginStatus {
        observed_generation: plugin.metadata.generation,
        phase: Some(phase),
        conditions: conditions.finish(),
        installs: Some(i64::try_from(installs).unwrap_or(i64::MAX)),
        rollout,
        // It follows from all this, and is put beside it when that is written.
        operation: None,
    }
}

/// These installs need the entry, each as namespace and name.
pub fn in_use(mut installs: Vec<String>) -> Problem {
    installs.sort_unstable();
    let count = installs.len();
    installs.truncate(NAMED);
    let (named, more) = (installs.join(", "), if count > NAMED { ", …" } else { "" });
    Problem::new(Reason::InUse, format!("{count} installs use it ({named}{more}): delete or upgrade them first."))
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
    let mut kept = resource::paused(plugin, &format!("plugin {}", plugin.name_any()), &last.conditions, now);
    if !is_rehearsed(plugin) {
        kept.retain(|condition| condition.type_ != ConditionType::DryRun.as_str());
    }
    let mut conditions = Conditions::new(&kept, plugin.metadata.generation, now).carried_over();
    tell_unheeded(plugin, &mut conditions);
    let phase = if plugin.metadata.deletion_timestamp.is_some() { Phase::Terminating } else { Phase::Paused };
    PluginStatus { phase: Some(phase), conditions: conditions.finish(), ..last }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    fn plugin() -> Plugin {
        let mut plugin = Plugin::new(
            "crm-1.4.0",
            serde_json::from_value(serde_json::json!({
                "id": "crm", "version": "1.4.0", "displayName": "CRM", "runtime": { "image": "crm:1" },
            }))
            .unwrap(),
        );
        plugin.metadata.generation = Some(2);
        plugin
    }

    #[test]
    fn phases() {
        let mut plugin = plugin();
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
        plugin.status = Some(report(&plugin, Err(&broken), 0, None, now));
        for why in [in_use(vec!["plexica-system/b".into(), "tenant-a/crm".into()]), broken] {
            let status = leaving(&plugin, &why, 2, None, now);
            assert_eq!((status.phase, status.installs), (Some(Phase::Terminating), Some(2)));
            let kinds: Vec<&str> = status.conditions.iter().map(|c| c.type_.as_str()).collect();
            assert_eq!(kinds, ["Ready", why.beside().as_str()]);
            assert_eq!(
                (&status.conditions[0].reason, &status.conditions[0].message),
                (&why.reason.to_string(), &why.message)
            );
        }
    }

    #[test]
    fn a_wish_for_a_dry_run_is_answered_as_long_as_it_is_there() {
        let (mut plugin, now) = (plugin(), Timestamp::UNIX_EPOCH);
        let kinds = |status: &PluginStatus| {
            status.conditions.iter().map(|one| format!("{} {}", one.type_, one.status)).collect::<Vec<_>>()
        };
        let without = report(&plugin, Ok(()), 3, None, now);
        assert_eq!(kinds(&without), ["Ready True"]);
        for (value, is_told) in [("true", true), ("", true), ("false", false)] {
            plugin.annotations_mut().insert(DRY_RUN.into(), value.into());
            assert_eq!(unheeded(&plugin).is_some(), is_told, "{value:?}");
        }
        plugin.annotations_mut().insert(DRY_RUN.into(), "true".into());
        let told = report(&plugin, Ok(()), 3, None, now);
        assert_eq!(kinds(&told), ["Ready True", "DryRun False"]);
        assert_eq!((told.phase, told.conditions[1].reason.as_str()), (without.phase, "DryRunUnsupported"));
        let message = &told.conditions[1].message;
        assert!(message.contains("goes by the entry as it is") && message.contains("plexica plan -f"), "{message}");
        plugin.status = Some(told.clone());
        assert_eq!(report(&plugin, Ok(()), 3, None, Timestamp::MAX), told, "nothing changed, so nothing is written");

        // A pause keeps what was seen, not what nobody asks for any more.
        let rest = paused(&plugin, now);
        assert_eq!(kinds(&rest), ["Ready True", "Paused True", "DryRun False"]);
        plugin.status = Some(rest.clone());
        assert_eq!(paused(&plugin, Timestamp::MAX), rest, "nothing changed, so nothing is written");
        plugin.annotations_mut().clear();
        assert_eq!(kinds(&paused(&plugin, now)), ["Ready True", "Paused True"]);
        assert_eq!(report(&plugin, Ok(()), 3, None, now), without);

        plugin.annotations_mut().insert(DRY_RUN.into(), "true".into());
        plugin.metadata.deletion_timestamp = Some(Time(now));
        let leaves = leaving(&plugin, &in_use(vec!["tenant-a/crm".into()]), 1, None, now);
        let told = leaves.conditions.iter().find(|one| one.type_ == "DryRun").unwrap();
        assert!(told.message.contains("does not hold up the deletion"), "{}", told.message);
    }

    #[test]
    fn who_uses_an_entry_is_named_up_to_ten() {
        let names = |count: u32| (0..count).rev().map(|nth| format!("tenant-{nth:02}/crm")).collect::<Vec<_>>();
        let told = |count| in_use(names(count)).message;
        assert_eq!(told(2), "2 installs use it (tenant-00/crm, tenant-01/crm): delete or upgrade them first.");
        assert!(told(10).contains("tenant-09/crm)"), "{}", told(10));
        assert!(told(11).starts_with("11 installs") && told(11).contains("tenant-09/crm, …)"), "{}", told(11));
    }
}
