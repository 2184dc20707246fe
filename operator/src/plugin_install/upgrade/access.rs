//! What of a tenant's data a version may use. Pure.

use plexica_contract::{
    manifest::Manifest,
    name::{Slug, postgres},
};

/// What of a tenant's data a version may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// All of it.
    pub uses: Vec<String>,
    /// Whether the version that serves may use the same.
    pub as_before: bool,
}

/// What the version may use of this tenant's data, beside the one that serves, if that is known.
pub fn access(tenant: &Slug, manifest: &Manifest, before: Option<&Manifest>) -> Access {
    let uses = uses(tenant, manifest);
    let as_before = before.is_some_and(|before| self::uses(tenant, before) == uses);
    Access { uses, as_before }
}

/// The manifest is taken apart whole, so that whoever gives it a field has to say here whether that opens a
/// way to data. What it runs with is made from its id alone: a login that may take the role of its own
/// schema, and no keys to the tenant's bucket, database role or realm.
fn uses(tenant: &Slug, manifest: &Manifest) -> Vec<String> {
    let Manifest {
        id,
        version: _,
        display_name: _,
        description: _,
        runtime: _,
        requires: _,
        provides: _,
        api: _,
        permissions: _,
        events: _,
        migrations: _,
        configuration: _,
        frontend: _,
        translations: _,
    } = manifest;
    vec![format!("its own schema {}", postgres::tenant_plugin(tenant, id))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn no_manifest_opens_more_than_the_plugins_own_schema() {
        let manifest = |version| Manifest::try_from(fixture::plugin("crm", version).spec).unwrap();
        let tenant: Slug = "acme".parse().unwrap();
        let own = vec!["its own schema tenant_acme_plugin_crm".to_owned()];
        let first = access(&tenant, &manifest("1.0.0"), None);
        assert_eq!(first, Access { uses: own.clone(), as_before: false });
        let next = access(&tenant, &manifest("2.0.0"), Some(&manifest("1.0.0")));
        assert_eq!(next, Access { uses: own, as_before: true });
        let other = Manifest::try_from(fixture::plugin("files", "1.0.0").spec).unwrap();
        assert!(!access(&tenant, &manifest("2.0.0"), Some(&other)).as_before);
    }
}
