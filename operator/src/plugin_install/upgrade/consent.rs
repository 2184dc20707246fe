//! Which permissions are in force, and which wait for a person. Pure.

use std::collections::BTreeSet;

use plexica_contract::manifest::Manifest;
use plexica_crds::{PluginInstall, label::CONSENT};

/// What of a version's permissions the tenant has consented to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// In force, in the manifest's order.
    pub permissions: Vec<String>,
    /// New with the version, and nobody has said yes or no.
    pub awaiting: Vec<String>,
}

/// Who installs a version consents to what the spec does not leave out; who is upgraded to one keeps
/// what was granted, until `grantedPermissions` names what is new or the annotation
/// `plexica.io/consent` names the version. `before` is the manifest of the version that serves.
pub fn consent(install: &PluginInstall, manifest: &Manifest, before: Option<&Manifest>) -> Consent {
    let declared = || manifest.permissions.iter().map(|permission| &permission.key);
    let status = install.status.clone().unwrap_or_default();
    let waiting: BTreeSet<&String> = status.awaiting_consent.iter().collect();
    let version = manifest.version.to_string();
    let said = install.metadata.annotations.as_ref().and_then(|all| all.get(CONSENT));
    let asked: Box<dyn Fn(&String) -> bool> = if said == Some(&version) || status.version.is_none() {
        Box::new(|_| true)
    } else if status.version.as_ref() == Some(&version) {
        Box::new(|key| !waiting.contains(key))
    } else {
        let known: BTreeSet<&String> = match before {
            Some(before) => before.permissions.iter().map(|permission| &permission.key).collect(),
            None => status.permissions.iter().collect(),
        };
        let waiting = &waiting;
        Box::new(move |key| known.contains(key) && !waiting.contains(key))
    };
    let granted = |key: &String| install.spec.granted_permissions.as_ref().map(|granted| granted.contains(key));
    let in_force = |key: &&String| granted(key).unwrap_or_else(|| asked(key));
    Consent {
        permissions: declared().filter(in_force).cloned().collect(),
        awaiting: declared().filter(|key| !asked(key) && granted(key) != Some(true)).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use plexica_contract::manifest::PermissionDeclaration;

    fn manifest(version: &str, keys: &[&str]) -> Manifest {
        let mut manifest: Manifest = fixture::plugin("crm", version).spec.try_into().unwrap();
        let declare =
            |key: &&str| PermissionDeclaration { key: (*key).into(), name: "N".into(), default_roles: vec![] };
        manifest.permissions = keys.iter().map(declare).collect();
        manifest
    }

    fn at(version: Option<&str>, granted: Option<&[&str]>) -> PluginInstall {
        let mut install = fixture::install("plexica-system", "it", "acme", "crm");
        install.spec.granted_permissions = granted.map(|keys| keys.iter().map(ToString::to_string).collect());
        install.status.get_or_insert_default().version = version.map(str::to_owned);
        install
    }

    fn told(install: &PluginInstall) -> (Vec<String>, Vec<String>) {
        let Consent { permissions, awaiting } =
            consent(install, &manifest("2.0.0", &["a", "b", "new"]), Some(&manifest("1.0.0", &["a", "b"])));
        (permissions, awaiting)
    }

    fn are(permissions: &[&str], awaiting: &[&str]) -> (Vec<String>, Vec<String>) {
        let owned = |keys: &[&str]| keys.iter().map(ToString::to_string).collect();
        (owned(permissions), owned(awaiting))
    }

    #[test]
    fn an_upgrade_grants_nothing_new_by_itself() {
        let (one, two) = (Some("1.0.0"), Some("2.0.0"));
        for (version, granted, expected) in [
            (None, None, are(&["a", "b", "new"], &[])),
            (None, Some(&["a"][..]), are(&["a"], &[])),
            (one, None, are(&["a", "b"], &["new"])),
            (one, Some(&["a"]), are(&["a"], &["new"])),
            (one, Some(&["a", "new"]), are(&["a", "new"], &[])),
            (two, None, are(&["a", "b", "new"], &[])),
        ] {
            assert_eq!(told(&at(version, granted)), expected, "{version:?} {granted:?}");
        }
    }

    #[test]
    fn it_waits_until_somebody_has_said() {
        let mut install = at(Some("2.0.0"), None);
        install.status.as_mut().unwrap().awaiting_consent = vec!["new".into()];
        assert_eq!(told(&install), are(&["a", "b"], &["new"]));
        let mut yes = install.clone();
        yes.metadata.annotations = Some([(CONSENT.to_owned(), "2.0.0".to_owned())].into());
        assert_eq!(told(&yes), are(&["a", "b", "new"], &[]));
        yes.spec.granted_permissions = Some(vec!["a".into()]);
        assert_eq!(told(&yes), are(&["a"], &[]), "no is an answer");
        yes.metadata.annotations = Some([(CONSENT.to_owned(), "1.0.0".to_owned())].into());
        assert_eq!(told(&yes), are(&["a"], &["new"]), "the answer was about another version");
        install.spec.granted_permissions = Some(vec!["a".into(), "new".into()]);
        assert_eq!(told(&install), are(&["a", "new"], &[]));
    }

    #[test]
    fn what_the_version_before_declared_may_be_forgotten() {
        let mut install = at(Some("1.0.0"), None);
        install.status.as_mut().unwrap().permissions = vec!["a".into()];
        let Consent { permissions, awaiting } = consent(&install, &manifest("2.0.0", &["a", "b"]), None);
        assert_eq!((permissions, awaiting), are(&["a"], &["b"]));
    }
}
