//! Which tenants are known, and from where. No I/O, no clock.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use plexica_contract::{
    name::Slug,
    tenancy::{PluginTenant, PluginTenants},
};

/// How long a tenant that only a lifecycle call named is kept: the platform's list, which is made
/// from the same resources, has it long before.
const TOLD_LIFETIME: Duration = Duration::from_mins(10);

#[derive(Debug, Default)]
pub(super) struct Roster {
    /// From the platform's list; `None` before the first.
    listed: Option<HashMap<Slug, Arc<PluginTenant>>>,
    revision: Option<String>,
    /// From lifecycle calls since, which count at once.
    told: HashMap<Slug, (Arc<PluginTenant>, Instant)>,
}

impl Roster {
    pub(super) fn get(&self, slug: &Slug) -> Option<Arc<PluginTenant>> {
        let told = self.told.get(slug).map(|(tenant, _)| tenant);
        told.or_else(|| self.listed.as_ref()?.get(slug)).cloned()
    }

    pub(super) fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }

    /// Takes the platform's list. It is the newer word on every tenant in it.
    pub(super) fn list(&mut self, list: PluginTenants, now: Instant) {
        let listed: HashMap<_, _> =
            list.tenants.into_iter().map(|tenant| (tenant.tenant.clone(), Arc::new(tenant))).collect();
        self.told.retain(|slug, (_, when)| {
            !listed.contains_key(slug) && now.saturating_duration_since(*when) < TOLD_LIFETIME
        });
        self.listed = Some(listed);
        self.revision = Some(list.revision);
    }

    /// Takes what a lifecycle call says of one tenant.
    pub(super) fn tell(&mut self, tenant: PluginTenant, now: Instant) {
        self.told.insert(tenant.tenant.clone(), (Arc::new(tenant), now));
    }

    /// The tenant is gone.
    pub(super) fn forget(&mut self, slug: &Slug) {
        self.told.remove(slug);
        if let Some(listed) = &mut self.listed {
            listed.remove(slug);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(slug: &str, role: &str) -> PluginTenant {
        PluginTenant {
            tenant: slug.parse().unwrap(),
            schema: "s".into(),
            role: role.into(),
            config: serde_json::Value::Null,
            enabled: true,
            suspended: false,
            features: Vec::new(),
        }
    }

    fn list(revision: &str, tenants: &[(&str, &str)]) -> PluginTenants {
        PluginTenants {
            revision: revision.into(),
            tenants: tenants.iter().map(|(slug, role)| tenant(slug, role)).collect(),
        }
    }

    fn role(roster: &Roster, slug: &str) -> Option<String> {
        roster.get(&slug.parse().unwrap()).map(|tenant| tenant.role.clone())
    }

    #[test]
    fn the_newest_word_counts() {
        let start = Instant::now();
        let mut roster = Roster::default();
        roster.tell(tenant("acme", "told"), start);
        assert_eq!(role(&roster, "acme").as_deref(), Some("told"));
        // A list without it may be older than the call.
        roster.list(list("1", &[("globex", "listed")]), start);
        assert_eq!(role(&roster, "acme").as_deref(), Some("told"));
        // A list with it is the newer word.
        roster.list(list("2", &[("acme", "listed")]), start);
        assert_eq!(role(&roster, "acme").as_deref(), Some("listed"));
        assert_eq!(role(&roster, "globex"), None);
        // And a call after that again.
        roster.tell(tenant("acme", "told again"), start);
        assert_eq!(role(&roster, "acme").as_deref(), Some("told again"));
        assert_eq!(roster.revision(), Some("2"));
    }

    #[test]
    fn what_only_a_call_said_ends() {
        let start = Instant::now();
        let mut roster = Roster::default();
        roster.tell(tenant("acme", "told"), start);
        roster.list(list("1", &[]), start + TOLD_LIFETIME);
        assert_eq!(role(&roster, "acme"), None);
    }

    #[test]
    fn a_forgotten_tenant_is_unknown() {
        let mut roster = Roster::default();
        roster.list(list("1", &[("acme", "listed")]), Instant::now());
        roster.tell(tenant("acme", "told"), Instant::now());
        roster.forget(&"acme".parse().unwrap());
        assert_eq!(role(&roster, "acme"), None);
    }
}
