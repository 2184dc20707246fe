//! Which permissions and events are in force, and which wait for a person. Pure.

use std::collections::BTreeSet;

use plexica_contract::manifest::Manifest;
use plexica_crds::{PluginInstall, PluginInstallStatus, label::CONSENT, plugin_install::RightsStatus};

/// What of a version's wishes the tenant has consented to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// Permissions.
    pub permissions: Asked,
    /// Events that it subscribes to.
    pub events: Asked,
}

/// What a version asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// In force, in the manifest's order.
    pub granted: Vec<String>,
    /// New with the version, and nobody has said yes or no.
    pub awaiting: Vec<String>,
}

impl Consent {
    /// All that nobody has said yes or no to.
    pub fn awaiting(&self) -> impl Iterator<Item = String> {
        in_words(&self.permissions.awaiting, &self.events.awaiting)
    }
}

/// What an install says of itself that nobody has said yes or no to, in the same words.
pub fn awaited(status: &PluginInstallStatus) -> impl Iterator<Item = String> {
    in_words(&status.awaiting_consent, &status.awaiting_events)
}

fn in_words(permissions: &[String], events: &[String]) -> impl Iterator<Item = String> {
    let permissions = permissions.iter().map(|key| format!("permission {key}"));
    permissions.chain(events.iter().map(|event| format!("event {event}")))
}

/// What was there before the version was asked about.
#[derive(Clone, Copy)]
struct Before<'a> {
    /// What the version that serves declares, if that is known.
    declared: Option<&'a [String]>,
    /// What it declared when it was last looked at, if that is known.
    asked: Option<&'a [String]>,
    /// What was in force while the version served that is gone back to, if one is.
    left: Option<&'a [String]>,
    granted: &'a [String],
    awaiting: &'a [String],
}

/// Who installs a version consents to what the spec does not leave out; who is upgraded to one keeps
/// what was granted, until `grantedPermissions` names what is new or the annotation
/// `plexica.io/consent` names the version. `before` is the manifest of the version that serves.
pub fn consent(install: &PluginInstall, manifest: &Manifest, before: Option<&Manifest>) -> Consent {
    let status = install.status.clone().unwrap_or_default();
    let (permissions, events) = (before.map(permissions), before.map(events));
    let asked_before = status.asked.as_ref();
    let to = manifest.version.to_string();
    let left = status.upgrade.as_ref().filter(|last| last.from == to && status.version.as_ref() != Some(&to));
    let left = left.and_then(|last| last.granted.as_ref());
    Consent {
        permissions: asked(
            install,
            manifest,
            &self::permissions(manifest),
            Before {
                declared: permissions.as_deref(),
                asked: asked_before.map(|asked| asked.permissions.as_slice()),
                left: left.map(|left| left.permissions.as_slice()),
                granted: &status.permissions,
                awaiting: &status.awaiting_consent,
            },
            install.spec.granted_permissions.as_deref(),
        ),
        events: asked(
            install,
            manifest,
            &self::events(manifest),
            Before {
                declared: events.as_deref(),
                asked: asked_before.map(|asked| asked.events.as_slice()),
                left: left.map(|left| left.events.as_slice()),
                granted: &status.events,
                awaiting: &status.awaiting_events,
            },
            None,
        ),
    }
}

fn permissions(manifest: &Manifest) -> Vec<String> {
    manifest.permissions.iter().map(|permission| permission.key.clone()).collect()
}

fn events(manifest: &Manifest) -> Vec<String> {
    manifest.events.as_ref().map(|events| events.subscribes.clone()).unwrap_or_default()
}

/// What a version asks for, to be kept in the status.
pub fn asks_for(manifest: &Manifest) -> RightsStatus {
    RightsStatus { permissions: permissions(manifest), events: events(manifest) }
}

/// `said` names what is granted, if that is said one by one.
fn asked(
    install: &PluginInstall,
    manifest: &Manifest,
    wanted: &[String],
    Before { declared, asked, left, granted: in_force, awaiting }: Before<'_>,
    said: Option<&[String]>,
) -> Asked {
    let (serving, version) =
        (install.status.as_ref().and_then(|status| status.version.as_deref()), manifest.version.to_string());
    let consented = install.metadata.annotations.as_ref().and_then(|all| all.get(CONSENT)) == Some(&version);
    let known: BTreeSet<&String> = declared.unwrap_or(in_force).iter().collect();
    let is_old = |key: &String| match serving {
        None => true,
        Some(_) if consented => true,
        // An entry may be changed while it serves.
        Some(serving) if serving == version => !awaiting.contains(key) && asked.is_none_or(|asked| asked.contains(key)),
        // Who names all that is granted has named what is not.
        Some(_) if let Some(left) = left => said.is_some() || left.contains(key),
        Some(_) => known.contains(key) && !awaiting.contains(key),
    };
    let named = |key: &String| said.map(|said| said.contains(key));
    Asked {
        granted: wanted.iter().filter(|key| named(key).unwrap_or_else(|| is_old(key))).cloned().collect(),
        awaiting: wanted.iter().filter(|key| !is_old(key) && named(key) != Some(true)).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use plexica_contract::manifest::PermissionDeclaration;
    use plexica_crds::plugin_install::UpgradePhase;

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
        let of = consent(install, &manifest("2.0.0", &["a", "b", "new"]), Some(&manifest("1.0.0", &["a", "b"])));
        (of.permissions.granted, of.permissions.awaiting)
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
    fn the_version_that_is_gone_back_to_has_what_it_had() {
        let mut install = at(Some("2.0.0"), None);
        let status = install.status.as_mut().unwrap();
        status.upgrade = Some(fixture::upgrade(UpgradePhase::RollingBack, 1));
        let of = |install: &PluginInstall| {
            let dropped = manifest("2.0.0", &["a", "b"]);
            let back = consent(install, &manifest("1.0.0", &["a", "x", "waits"]), Some(&dropped)).permissions;
            (back.granted, back.awaiting)
        };
        assert_eq!(of(&install), are(&["a"], &["x", "waits"]), "it is not known what it had");
        let upgrade = install.status.as_mut().unwrap().upgrade.as_mut().unwrap();
        upgrade.granted = Some(RightsStatus { permissions: vec!["a".into(), "x".into()], events: vec![] });
        assert_eq!(of(&install), are(&["a", "x"], &["waits"]));
        install.spec.granted_permissions = Some(vec!["x".into()]);
        assert_eq!(of(&install), are(&["x"], &[]));
    }

    #[test]
    fn what_is_added_to_a_version_that_serves_waits() {
        let mut install = at(Some("2.0.0"), None);
        let told = |install: &PluginInstall| {
            let wanted = hears("2.0.0", &["core.user.created", "new"]);
            let all = consent(install, &wanted, Some(&wanted));
            (all.permissions.awaiting.len(), all.events.awaiting.clone())
        };
        assert_eq!(told(&install), (0, vec![]), "what it asked for before there was a record");
        let status = install.status.as_mut().unwrap();
        status.asked = Some(asks_for(&hears("2.0.0", &["core.user.created"])));
        assert_eq!(told(&install), (0, vec!["new".to_owned()]));
        let mut more = manifest("2.0.0", &["a", "b"]);
        let of = |install: &PluginInstall, more: &Manifest| consent(install, more, Some(more)).permissions;
        assert_eq!(of(&install, &more).awaiting, ["b"]);
        // It was asked about once, and still waits; then somebody says yes.
        let status = install.status.as_mut().unwrap();
        (status.asked, status.awaiting_consent) = (Some(asks_for(&more)), vec!["b".into()]);
        assert_eq!((of(&install, &more).granted, of(&install, &more).awaiting), are(&["a"], &["b"]));
        install.status.as_mut().unwrap().awaiting_consent.clear();
        assert_eq!((of(&install, &more).granted, of(&install, &more).awaiting), are(&["a", "b"], &[]));
        // What was left out by name is known, and granted when that is taken back.
        install.spec.granted_permissions = Some(vec!["a".into()]);
        assert_eq!((of(&install, &more).granted, of(&install, &more).awaiting), are(&["a"], &[]));
        more.permissions.clear();
        assert_eq!(asks_for(&more).permissions, Vec::<String>::new());
    }

    #[test]
    fn what_the_version_before_declared_may_be_forgotten() {
        let mut install = at(Some("1.0.0"), None);
        install.status.as_mut().unwrap().permissions = vec!["a".into()];
        let Asked { granted, awaiting } = consent(&install, &manifest("2.0.0", &["a", "b"]), None).permissions;
        assert_eq!((granted, awaiting), are(&["a"], &["b"]));
    }

    fn hears(version: &str, subscribes: &[&str]) -> Manifest {
        let events = serde_json::from_value(serde_json::json!({ "subscribes": subscribes })).unwrap();
        Manifest { events: Some(events), ..manifest(version, &["a"]) }
    }

    #[test]
    fn an_event_more_waits_as_a_permission_does() {
        let (before, next) = (hears("1.0.0", &["core.user.created"]), hears("2.0.0", &["core.user.created", "new"]));
        let told = |install: &PluginInstall| {
            let consent = consent(install, &next, Some(&before));
            (consent.events.granted.clone(), consent.events.awaiting.clone(), consent.awaiting().collect::<Vec<_>>())
        };
        let all = (vec!["core.user.created".to_owned(), "new".to_owned()], vec![], vec![]);
        assert_eq!(told(&at(None, None)), all, "a first install is consent to what it declares");
        let waits = (vec!["core.user.created".to_owned()], vec!["new".to_owned()], vec!["event new".to_owned()]);
        let mut install = at(Some("1.0.0"), Some(&["a"]));
        assert_eq!(told(&install), waits);
        let status = install.status.as_mut().unwrap();
        (status.version, status.awaiting_events) = (Some("2.0.0".into()), vec!["new".into()]);
        assert_eq!(told(&install), waits, "it serves, and still waits");
        install.metadata.annotations = Some([(CONSENT.to_owned(), "2.0.0".to_owned())].into());
        assert_eq!(told(&install), all);
    }
}
