//! Who may take a version, and when. Pure.
//!
//! The entry's reconciler [decides][decide()] and writes it to `status.rollout`; installs read that.

mod decide;

use aws_lc_rs::digest::{SHA256, digest};
use plexica_contract::name::PluginVersion;
use plexica_crds::{
    Plugin, PluginInstall,
    plugin::{Canary, RolloutPhase},
};

pub use decide::{Decided, decide};

/// Whether the install may be at that version now.
pub fn admits(plugin: &Plugin, install: &PluginInstall) -> bool {
    let Some(canary) = canary(plugin) else { return true };
    let is_there = install.status.as_ref().is_some_and(|status| status.version.as_ref() == Some(&plugin.spec.version));
    let rollout = plugin.status.as_ref().and_then(|status| status.rollout.as_ref());
    is_there
        || match rollout.map(|rollout| rollout.phase) {
            Some(RolloutPhase::Open) => true,
            // Whoever failed and tries again is waited for.
            Some(RolloutPhase::Stopped) => {
                rollout.is_some_and(|rollout| rollout.failed.contains(&install.spec.tenant_ref.name))
            }
            Some(RolloutPhase::Canary) | None => goes_first(canary, &plugin.spec.id, &install.spec.tenant_ref.name),
        }
}

/// Whether one version comes before another.
pub fn is_older(one: &Plugin, other: &Plugin) -> bool {
    let version = |plugin: &Plugin| plugin.spec.version.parse::<PluginVersion>().ok();
    version(one) < version(other)
}

fn canary(plugin: &Plugin) -> Option<&Canary> {
    plugin.spec.rollout.as_ref()?.canary.as_ref()
}

/// Whether the tenant is one of the first: named, or by a number that is always the same.
fn goes_first(canary: &Canary, plugin: &str, tenant: &str) -> bool {
    let digest = digest(&SHA256, format!("{plugin}\n{tenant}").as_bytes());
    let number = digest.as_ref().iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) % 100;
    canary.tenants.iter().any(|named| named == tenant) || i64::from(number) < i64::from(canary.percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_all_is_about_that_share_and_always_the_same() {
        let canary = |percent| Canary { percent, ..Canary::default() };
        let first = |percent| (0..1000).filter(|n| goes_first(&canary(percent), "crm", &format!("t{n}"))).count();
        assert_eq!((first(0), first(100)), (0, 1000));
        assert!((70..130).contains(&first(10)), "{}", first(10));
        let both = (0..1000).filter(|n| {
            let tenant = format!("t{n}");
            goes_first(&canary(10), "crm", &tenant) && !goes_first(&canary(20), "crm", &tenant)
        });
        assert_eq!(both.count(), 0, "a greater share holds the smaller one");
    }
}
