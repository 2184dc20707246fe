use super::*;
use crate::fixture;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_crds::plugin::{Deprecation, Yank};
use proptest::prelude::*;

fn wanted(version: &str) -> PluginInstall {
    let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
    install.spec.plugin.version = version.into();
    install
}

fn found(install: &PluginInstall, entries: &[Plugin]) -> Result<(String, Option<Problem>), Problem> {
    let catalogue = Catalogue::of(entries);
    let entries: Vec<Arc<Plugin>> = entries.iter().cloned().map(Arc::new).collect();
    let resolved = resolve(install, &entries, &catalogue, &[])?;
    assert_eq!(resolved.plugin.spec.version, resolved.release.version.to_string());
    Ok((resolved.plugin.spec.version.clone(), resolved.notice))
}

#[test]
fn the_highest_match() {
    let versions = ["1.0.0", "1.4.0", "1.4.1", "1.10.0", "2.0.0-rc.1", "2.0.0", "3.0.0-rc.1"];
    let catalogue: Vec<Plugin> = versions.iter().map(|version| fixture::plugin("crm", version)).collect();
    for (requirement, expected) in [
        ("*", Some("2.0.0")),
        ("^1.4", Some("1.10.0")),
        ("~1.4", Some("1.4.1")),
        ("=1.4.0", Some("1.4.0")),
        ("1.4.0", Some("1.10.0")),
        (">=1, <1.10", Some("1.4.1")),
        (">=1, <3", Some("2.0.0")),
        (">=3.0.0-rc.1", Some("3.0.0-rc.1")),
        ("=2.0.0-rc.1", Some("2.0.0-rc.1")),
        ("^4", None),
        ("<1", None),
    ] {
        let version = found(&wanted(requirement), &catalogue).ok().map(|(version, _)| version);
        assert_eq!(version.as_deref(), expected, "{requirement}");
    }
}

#[test]
fn what_is_said_when_nothing_matches() {
    let catalogue =
        [fixture::plugin("crm", "1.0.0"), fixture::plugin("crm", "0.9.0"), fixture::plugin("mail", "5.0.0")];
    let problem = found(&wanted("^5"), &catalogue).unwrap_err();
    assert_eq!(problem.reason, Reason::PluginNotFound);
    assert!(problem.message.contains("0.9.0, 1.0.0."), "{problem}");
    assert_eq!(found(&wanted("one"), &catalogue).unwrap_err().reason, Reason::InvalidVersion);
    assert_eq!(found(&wanted("*"), &[]).unwrap_err().reason, Reason::PluginNotFound);
}

#[test]
fn what_is_being_removed_is_not_chosen() {
    let mut leaving = fixture::plugin("crm", "2.0.0");
    leaving.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
    let catalogue = [fixture::plugin("crm", "1.0.0"), leaving];
    assert_eq!(found(&wanted("*"), &catalogue).unwrap().0, "1.0.0");
}

#[test]
fn what_the_catalogue_says_of_a_version_is_said_where_it_runs() {
    let mut old = fixture::plugin("crm", "1.0.0");
    old.spec.deprecated = Some(Deprecation { message: "use crm 2".into() });
    let mut bad = fixture::plugin("crm", "2.0.0");
    bad.spec.yanked = Some(Yank { reason: "it loses data".into() });
    let catalogue = [old, bad];
    let said = |version: &str, current: Option<&str>| {
        let mut install = wanted(version);
        install.status.get_or_insert_default().migrated_version = current.map(str::to_owned);
        found(&install, &catalogue).map(|(version, notice)| (version, notice.map(|one| one.reason)))
    };
    assert_eq!(said("*", None), Ok(("1.0.0".into(), Some(Reason::Deprecated))));
    assert_eq!(said("*", Some("2.0.0")), Ok(("2.0.0".into(), Some(Reason::Yanked))));
    assert_eq!(said("=2.0.0", Some("2.0.0")), Ok(("2.0.0".into(), Some(Reason::Yanked))));
    let refused = said("=2.0.0", None).unwrap_err();
    assert_eq!(refused.reason, Reason::Yanked);
    assert!(refused.message.contains("it loses data"), "{refused}");
}

proptest! {
    #[test]
    fn never_a_version_that_does_not_match(
        versions in proptest::collection::btree_set((0_u64..3, 0_u64..4, 0_u64..4), 0..12),
        major in 0_u64..3, minor in 0_u64..4,
    ) {
        let catalogue: Vec<Plugin> =
            versions.iter().map(|(a, b, c)| fixture::plugin("crm", &format!("{a}.{b}.{c}"))).collect();
        let expected = versions.iter().filter(|(a, b, _)| (*a, *b) == (major, minor)).max();
        let version = found(&wanted(&format!("~{major}.{minor}")), &catalogue).ok().map(|(version, _)| version);
        prop_assert_eq!(version, expected.map(|(a, b, c)| format!("{a}.{b}.{c}")));
    }
}
