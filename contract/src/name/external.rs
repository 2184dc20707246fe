//! Names of external objects. No other place in Plexica puts such a name together.

use serde::{Deserialize, Serialize};

use super::{PluginId, Slug};

/// Configurable prefixes of names that are shared with others: realms of a Keycloak, buckets of
/// the whole of AWS, namespaces of a cluster. Each must end in a dash or be empty, so that joined
/// names stay injective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefixes {
    /// Before the slug in a realm's name.
    pub realm: String,
    /// Before the slug in a bucket's name.
    pub bucket: String,
    /// Before the slug in a namespace's name.
    pub namespace: String,
}

impl Default for Prefixes {
    fn default() -> Self {
        Self { realm: "tenant-".into(), bucket: "tenant-".into(), namespace: "tenant-".into() }
    }
}

impl Prefixes {
    /// The tenant's Keycloak realm.
    pub fn realm(&self, tenant: &Slug) -> String {
        format!("{}{tenant}", self.realm)
    }

    /// The tenant's S3 bucket.
    pub fn bucket(&self, tenant: &Slug) -> String {
        format!("{}{tenant}", self.bucket)
    }

    /// The tenant's Kubernetes namespace.
    pub fn namespace(&self, tenant: &Slug) -> String {
        format!("{}{tenant}", self.namespace)
    }
}

/// Which of two names has a credential that is replaced from time to time: the new one must work while
/// the old one still does, so that generations take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Of the first generation, the third, and so on.
    Odd,
    /// Of the second, the fourth, and so on.
    Even,
}

impl Slot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Odd, Self::Even];

    /// That of a generation; the first is 1.
    pub const fn of(generation: u32) -> Self {
        if generation.is_multiple_of(2) { Self::Even } else { Self::Odd }
    }

    /// That of the generations before and after.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Odd => Self::Even,
            Self::Even => Self::Odd,
        }
    }
}

/// Names inside Postgres. All have at most 63 bytes and need no quoting.
pub mod postgres {
    use super::{PluginId, Slot, Slug};

    /// The tenant's schema, and the NOLOGIN role that has DML in it.
    pub fn tenant(tenant: &Slug) -> String {
        format!("tenant_{}", tenant.sql())
    }

    /// The tenant's schema for one plugin, and the NOLOGIN role that owns what it makes there.
    pub fn tenant_plugin(tenant: &Slug, plugin: &PluginId) -> String {
        format!("{}{}", tenant_plugins(tenant), plugin.sql())
    }

    /// What [`tenant_plugin`] starts with for every plugin of the tenant, and for no other tenant's:
    /// no slug has a segment `plugin`.
    pub fn tenant_plugins(tenant: &Slug) -> String {
        format!("tenant_{}_plugin_", tenant.sql())
    }

    /// A login of a `Shared` plugin, for all tenants it is installed for.
    pub fn plugin_login(plugin: &PluginId, slot: Slot) -> String {
        format!("plugin{}_{}", turn(slot), plugin.sql())
    }

    /// A login of a `Dedicated` plugin, for one tenant.
    pub fn dedicated_login(tenant: &Slug, plugin: &PluginId, slot: Slot) -> String {
        format!("login{}_{}_plugin_{}", turn(slot), tenant.sql(), plugin.sql())
    }

    /// No name that begins with the same word has a digit there.
    const fn turn(slot: Slot) -> &'static str {
        match slot {
            Slot::Odd => "",
            Slot::Even => "2",
        }
    }
}

/// Names of workloads (Deployment, Service, Secret, container, process).
pub mod workload {
    use super::super::PluginVersion;
    use super::PluginId;

    /// A plugin version's workload: `plugin-<id>-<version>`. `Shared` ones live in the platform's
    /// namespace and `Dedicated` ones in the tenant's, so one name serves both. Dots of the version
    /// become dashes, as a Service's name is a DNS label; a version's own dashes are doubled, so
    /// that no two versions meet in one name.
    pub fn name(plugin: &PluginId, version: &PluginVersion) -> String {
        format!("plugin-{plugin}-{}", version.to_string().replace('-', "--").replace('.', "-"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn label() -> impl Strategy<Value = String> {
        "[a-z][a-z0-9]{0,3}(-(p|pl|plugin|plugins|[a-z0-9]{1,4})){0,4}"
    }

    proptest! {
        #[test]
        fn tenant_and_plugin_names_are_injective_and_fit(
            pairs in proptest::collection::vec((label(), label()), 1..40)
        ) {
            let mut seen: HashMap<String, String> = HashMap::new();
            for (slug, id) in pairs {
                let (Ok(slug), Ok(id)) = (slug.parse::<Slug>(), id.parse::<PluginId>()) else { continue };
                let version = "1.4.0".parse().unwrap();
                let names = [
                    (postgres::tenant(&slug), format!("tenant {slug}")),
                    (postgres::tenant_plugin(&slug, &id), format!("tenant {slug} plugin {id}")),
                    (postgres::plugin_login(&id, Slot::Odd), format!("login {id}")),
                    (postgres::plugin_login(&id, Slot::Even), format!("other login {id}")),
                    (postgres::dedicated_login(&slug, &id, Slot::Odd), format!("login {slug} {id}")),
                    (postgres::dedicated_login(&slug, &id, Slot::Even), format!("other login {slug} {id}")),
                    (workload::name(&id, &version), format!("workload {id}")),
                ];
                for (name, meaning) in names {
                    prop_assert!(name.len() <= 63, "{name} has {} bytes", name.len());
                    if let Some(other) = seen.insert(name.clone(), meaning.clone()) {
                        prop_assert_eq!(other, meaning, "{} is used twice", name);
                    }
                }
            }
        }

        #[test]
        fn any_text_either_fails_or_is_a_label(text in ".{0,40}") {
            if let Ok(slug) = text.parse::<Slug>() {
                prop_assert!(slug.as_str().len() <= 24);
                prop_assert!(!slug.as_str().split('-').any(|s| s == "plugin" || s.is_empty()));
            }
        }
    }

    #[test]
    fn the_longest_names_fit_postgres() {
        let slug: Slug = "a23456789012345678901234".parse().unwrap();
        let id: PluginId = "b23456789012345678901234".parse().unwrap();
        assert_eq!(postgres::tenant_plugin(&slug, &id).len(), 63);
        assert_eq!(postgres::dedicated_login(&slug, &id, Slot::Even).len(), 63);
    }

    #[test]
    fn generations_take_turns() {
        assert_eq!([1, 2, 3].map(Slot::of), [Slot::Odd, Slot::Even, Slot::Odd]);
        assert!(Slot::ALL.iter().all(|slot| slot.other() != *slot));
    }

    #[test]
    fn what_is_refused() {
        use super::super::NameError::{Empty, NotALabel, PluginSegment, Reserved, TooLong};
        for (text, why) in [
            ("", Empty),
            ("a234567890123456789012345", TooLong(25)),
            ("Acme", NotALabel),
            ("1acme", NotALabel),
            ("acme-", NotALabel),
            ("-acme", NotALabel),
            ("acme--corp", NotALabel),
            ("acme_corp", NotALabel),
            ("acme.corp", NotALabel),
            ("plugin", PluginSegment),
            ("acme-plugin-crm", PluginSegment),
            ("core", Reserved),
        ] {
            assert_eq!(text.parse::<Slug>().unwrap_err(), why, "{text:?}");
        }
        assert!("plugins-inc".parse::<Slug>().is_ok());
        assert!("core".parse::<PluginId>().is_ok());
    }

    #[test]
    fn versions_do_not_meet_in_one_workload_name() {
        let id: PluginId = "crm".parse().unwrap();
        let names: Vec<_> = ["1.4.0", "1.4.0-rc.1", "1.4.0-rc-1", "1.40.0"]
            .iter()
            .map(|v| workload::name(&id, &v.parse().unwrap()))
            .collect();
        let distinct: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
    }
}
