//! Which tenants are known, and from where. No I/O, no clock.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use plexica_contract::{
    manifest,
    name::Slug,
    tenancy::{PluginTenant, PluginTenants},
};
use serde_json::Value;

use crate::{Result, lifecycle::Reload};

/// How long a tenant that only a lifecycle call named is kept: the platform's list, which is made
/// from the same resources, has it long before.
const TOLD_LIFETIME: Duration = Duration::from_mins(10);
/// How long gateways may lead requests of a tenant here after it has moved to another workload.
const UNHEARD: Duration = Duration::from_secs(3);
/// How long a list may still say what was so before a lifecycle call.
const LATE: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Roster {
    reload: manifest::Reload,
    /// Of which restart this process is.
    restart: i64,
    /// The last restart, up to that, of which a list has said that its processes have the configuration.
    restarts: HashMap<Slug, i64>,
    /// From the platform's list; `None` before the first.
    listed: Option<HashMap<Slug, Arc<PluginTenant>>>,
    revision: Option<String>,
    /// Those that a list has no longer: another workload serves them by now.
    left: HashMap<Slug, (Arc<PluginTenant>, Instant)>,
    /// From lifecycle calls since, which count at once.
    told: HashMap<Slug, (Arc<PluginTenant>, Instant)>,
    /// Configurations that lifecycle calls have replaced, until a list says so as well.
    replaced: HashMap<Slug, (Value, Instant)>,
    /// Configurations that do not count here yet.
    held: HashMap<Slug, Held>,
}

/// A configuration that does not count in this process.
#[derive(Debug)]
struct Held {
    config: Value,
    /// Whether the author has been asked: then it counts in processes that are started now.
    asked: bool,
}

impl Roster {
    pub(super) fn new(reload: manifest::Reload, restart: i64) -> Self {
        Self { reload, restart, ..Self::default() }
    }

    pub(super) fn get(&self, slug: &Slug, now: Instant) -> Option<Arc<PluginTenant>> {
        self.known(slug).or_else(|| {
            let (tenant, when) = self.left.get(slug)?;
            (now.saturating_duration_since(*when) < UNHEARD).then(|| Arc::clone(tenant))
        })
    }

    fn known(&self, slug: &Slug) -> Option<Arc<PluginTenant>> {
        let told = self.told.get(slug).map(|(tenant, _)| tenant);
        told.or_else(|| self.listed.as_ref()?.get(slug)).cloned()
    }

    pub(super) fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }

    /// Whether no list has said for too long what a lifecycle call did: the operator that made it may have
    /// died before it could write it down, and something else be wanted by now.
    pub(super) fn is_in_doubt(&self, now: Instant) -> bool {
        self.replaced.values().any(|(_, when)| now.saturating_duration_since(*when) >= LATE)
    }

    /// Takes the platform's list. It is the newer word on every tenant in it; but another configuration
    /// may have to be asked about first.
    pub(super) fn list(&mut self, list: PluginTenants, now: Instant) {
        self.replaced.retain(|_, (_, when)| now.saturating_duration_since(*when) < LATE);
        let listed: HashMap<_, _> = list
            .tenants
            .into_iter()
            .map(|tenant| {
                let config = self.counts(&tenant);
                (tenant.tenant.clone(), Arc::new(PluginTenant { config, ..tenant }))
            })
            .collect();
        self.told.retain(|slug, (_, when)| {
            !listed.contains_key(slug) && now.saturating_duration_since(*when) < TOLD_LIFETIME
        });
        self.held.retain(|slug, _| listed.contains_key(slug) || self.told.contains_key(slug));
        self.restarts.retain(|slug, _| listed.contains_key(slug));
        self.left
            .retain(|slug, (_, when)| !listed.contains_key(slug) && now.saturating_duration_since(*when) < UNHEARD);
        let left = self.listed.take().into_iter().flatten().filter(|(slug, _)| !listed.contains_key(slug));
        self.left.extend(left.map(|(slug, tenant)| (slug, (tenant, now))));
        self.listed = Some(listed);
        self.revision = Some(list.revision);
    }

    /// The configuration that counts when the list says this.
    fn counts(&mut self, tenant: &PluginTenant) -> Value {
        let (new, started_for_it) = (&tenant.config, self.is_started_for(tenant));
        let Some(known) = self.known(&tenant.tenant).filter(|known| known.config != *new) else {
            self.replaced.remove(&tenant.tenant);
            // What somebody was still to be asked about is not wanted any more.
            if self.held.get(&tenant.tenant).is_some_and(|held| !held.asked) {
                self.held.remove(&tenant.tenant);
            }
            return new.clone();
        };
        if self.replaced.get(&tenant.tenant).is_some_and(|(before, _)| before == new) {
            return known.config.clone();
        }
        if started_for_it {
            self.held.remove(&tenant.tenant);
            self.replaced.remove(&tenant.tenant);
            return new.clone();
        }
        let asked = match self.reload {
            manifest::Reload::Live => return new.clone(),
            manifest::Reload::Ask => false,
            manifest::Reload::Restart => true,
        };
        if self.held.get(&tenant.tenant).is_some_and(|held| held.config == *new) {
            self.replaced.remove(&tenant.tenant);
        } else {
            self.held.insert(tenant.tenant.clone(), Held { config: new.clone(), asked });
        }
        known.config.clone()
    }

    /// Whether this process was started for the configuration, and had been told of the one before until now:
    /// of no list before was it said that processes of such a restart have it.
    fn is_started_for(&mut self, tenant: &PluginTenant) -> bool {
        let Some(restart) = tenant.since_restart.filter(|restart| *restart <= self.restart) else { return false };
        // The first list may be older than the call that named the tenant.
        if self.listed.is_none() && self.told.contains_key(&tenant.tenant) {
            return false;
        }
        let is_news = self.restarts.get(&tenant.tenant).is_none_or(|last| *last < restart);
        if is_news {
            self.restarts.insert(tenant.tenant.clone(), restart);
        }
        is_news
    }

    /// Takes what a lifecycle call says of one tenant.
    pub(super) fn tell(&mut self, tenant: PluginTenant, now: Instant) {
        if let Some(known) = self.known(&tenant.tenant).filter(|known| known.config != tenant.config) {
            self.replaced.insert(tenant.tenant.clone(), (known.config.clone(), now));
        } else if self.replaced.get(&tenant.tenant).is_some_and(|(before, _)| *before == tenant.config) {
            self.replaced.remove(&tenant.tenant);
        }
        self.held.remove(&tenant.tenant);
        self.told.insert(tenant.tenant.clone(), (Arc::new(tenant), now));
    }

    /// Takes what the author said of a configuration that a lifecycle call is about.
    pub(super) fn configure(&mut self, tenant: PluginTenant, reload: Reload, now: Instant) {
        let known = self.known(&tenant.tenant);
        if reload == Reload::Live || known.is_none_or(|known| known.config == tenant.config) {
            return self.tell(tenant, now);
        }
        let slug = tenant.tenant;
        let before = self.held.insert(slug.clone(), Held { config: tenant.config.clone(), asked: true });
        if let Some(before) = before.filter(|before| before.config != tenant.config) {
            self.replaced.insert(slug, (before.config, now));
        }
    }

    /// Configurations that the author is to be asked about: what counts, and what is to.
    pub(super) fn unasked(&self) -> Vec<(Arc<PluginTenant>, PluginTenant)> {
        let open = self.held.iter().filter(|(_, held)| !held.asked);
        open.filter_map(|(slug, held)| {
            let known = self.known(slug)?;
            let new = PluginTenant { config: held.config.clone(), ..(*known).clone() };
            Some((known, new))
        })
        .collect()
    }

    /// Takes what the author said of one of those; what failed is asked again.
    pub(super) fn settle(&mut self, slug: &Slug, config: &Value, said: &Result<Reload>) {
        // Another may be wanted meanwhile.
        let Some(held) = self.held.get_mut(slug).filter(|held| held.config == *config) else { return };
        match said {
            Err(_) => {}
            Ok(Reload::Restart) => held.asked = true,
            Ok(Reload::Live) => {
                self.held.remove(slug);
                let told = self.told.get_mut(slug).map(|(tenant, _)| tenant);
                let known = told.or_else(|| self.listed.as_mut()?.get_mut(slug));
                if let Some(known) = known {
                    Arc::make_mut(known).config.clone_from(config);
                }
            }
        }
    }

    /// The tenant is gone.
    pub(super) fn forget(&mut self, slug: &Slug) {
        self.told.remove(slug);
        self.held.remove(slug);
        self.left.remove(slug);
        self.restarts.remove(slug);
        if let Some(listed) = &mut self.listed {
            listed.remove(slug);
        }
    }
}

#[cfg(test)]
#[path = "roster_tests.rs"]
mod tests;
