//! A tenant's way to a plugin.

use std::collections::{BTreeMap, BTreeSet};

use plexica_contract::{manifest::PermissionDeclaration, name::PluginId};

use super::Upstream;

/// A tenant's way to a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where requests go.
    pub upstream: Upstream,
    permissions: BTreeMap<String, BTreeSet<String>>,
}

impl Route {
    /// With the permissions that the plugin's version declares, reduced to those in force for the
    /// install. A declared key of another plugin's counts for nothing.
    pub fn new(upstream: Upstream, plugin: &PluginId, declared: &[PermissionDeclaration], in_force: &[String]) -> Self {
        let prefix = format!("{plugin}:");
        let mut permissions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for permission in declared {
            if permission.key.starts_with(&prefix) && in_force.contains(&permission.key) {
                for role in &permission.default_roles {
                    permissions.entry(role.clone()).or_default().insert(permission.key.clone());
                }
            }
        }
        Self { upstream, permissions }
    }

    /// What a user with these roles may do at the plugin, each key once, in order.
    pub fn permissions(&self, roles: &[String]) -> Vec<String> {
        let keys: BTreeSet<&String> = roles.iter().filter_map(|role| self.permissions.get(role)).flatten().collect();
        keys.into_iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn declared(key: &str, roles: &[&str]) -> PermissionDeclaration {
        PermissionDeclaration {
            key: key.into(),
            name: key.into(),
            default_roles: roles.iter().map(ToString::to_string).collect(),
        }
    }

    fn route(declared: &[PermissionDeclaration], in_force: &[&str]) -> Route {
        let in_force: Vec<String> = in_force.iter().map(ToString::to_string).collect();
        let upstream = Upstream::parse("http://crm:8080").unwrap();
        Route::new(upstream, &"crm".parse().unwrap(), declared, &in_force)
    }

    fn roles(roles: &[&str]) -> Vec<String> {
        roles.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn declared_and_in_force_and_of_the_role() {
        let declared = [
            declared("crm:contacts:read", &["user", "admin"]),
            declared("crm:contacts:write", &["user"]),
            declared("crm:deals:close", &["admin"]),
            declared("crm:deals:secret", &[]),
            declared("files:all:delete", &["user"]),
        ];
        let all =
            ["crm:contacts:read", "crm:contacts:write", "crm:deals:close", "crm:deals:secret", "files:all:delete"];
        let route_with_all = route(&declared, &all);
        for (of, expected) in [
            (vec![], vec![]),
            (vec!["nobody"], vec![]),
            (vec!["user"], vec!["crm:contacts:read", "crm:contacts:write"]),
            (vec!["admin"], vec!["crm:contacts:read", "crm:deals:close"]),
            (vec!["admin", "user", "user"], vec!["crm:contacts:read", "crm:contacts:write", "crm:deals:close"]),
        ] {
            assert_eq!(route_with_all.permissions(&roles(&of)), expected, "{of:?}");
        }
        let granted_less = route(&declared, &["crm:contacts:read"]);
        assert_eq!(granted_less.permissions(&roles(&["user", "admin"])), ["crm:contacts:read"]);
        assert!(route(&declared, &[]).permissions(&roles(&["user"])).is_empty());
    }

    proptest! {
        #[test]
        fn never_more_than_is_in_force_or_of_another_plugin(
            keys in proptest::collection::vec("(crm|crmx|files):[ab]:[rw]", 0..8),
            in_force in proptest::collection::vec("(crm|crmx|files):[ab]:[rw]", 0..8),
            of in proptest::collection::vec("[xy]", 0..3),
        ) {
            let declarations: Vec<_> = keys.iter().map(|key| declared(key, &["x"])).collect();
            let upstream = Upstream::parse("http://crm:8080").unwrap();
            let route = Route::new(upstream, &"crm".parse().unwrap(), &declarations, &in_force);
            for key in route.permissions(&of) {
                prop_assert!(key.starts_with("crm:") && in_force.contains(&key) && keys.contains(&key));
                prop_assert!(of.contains(&"x".to_owned()));
            }
        }
    }
}
