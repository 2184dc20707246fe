//! Which version. Pure.

use plexica_contract::name::PluginVersion;
use plexica_crds::{Plugin, Reason, plugin_install::PluginReference};
use semver::VersionReq;

use crate::problem::Problem;

/// The highest version in the catalogue that matches; entries that are being removed are left out.
///
/// # Errors
/// [`Reason::InvalidVersion`] and [`Reason::PluginNotFound`].
pub fn resolve<'a>(
    wanted: &PluginReference,
    catalogue: impl IntoIterator<Item = &'a Plugin>,
) -> Result<&'a Plugin, Problem> {
    let PluginReference { id, version } = wanted;
    let requirement = requirement(version)?;
    let mut available: Vec<(PluginVersion, &Plugin)> = catalogue
        .into_iter()
        .filter(|plugin| plugin.spec.id == *id && plugin.metadata.deletion_timestamp.is_none())
        .filter_map(|plugin| Some((plugin.spec.version.parse().ok()?, plugin)))
        .collect();
    available.sort_by(|(one, _), (other, _)| one.cmp(other));
    if let Some((_, plugin)) = available.iter().rev().find(|(version, _)| requirement.matches(version.semver())) {
        return Ok(plugin);
    }
    let there_is = match available.as_slice() {
        [] => "there is no version of it".to_owned(),
        some => {
            let versions: Vec<_> = some.iter().map(|(version, _)| version.to_string()).collect();
            format!("there is {}", versions.join(", "))
        }
    };
    Err(Problem::new(
        Reason::PluginNotFound,
        format!(
            "no plugin {id} in the catalogue matches {version:?}: {there_is}. Apply a Plugin that matches, or widen spec.plugin.version."
        ),
    ))
}

/// A semver requirement.
///
/// # Errors
/// [`Reason::InvalidVersion`].
pub fn requirement(text: &str) -> Result<VersionReq, Problem> {
    VersionReq::parse(text).map_err(|error| {
        Problem::new(
            Reason::InvalidVersion,
            format!("spec.plugin.version {text:?} is no semver requirement ({error}): write one such as ^1.4 or \">=1, <3\"."),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use proptest::prelude::*;

    fn wanted(version: &str) -> PluginReference {
        PluginReference { id: "crm".into(), version: version.into() }
    }

    #[test]
    fn the_highest_match() {
        let versions = ["1.0.0", "1.4.0", "1.4.1", "1.10.0", "2.0.0-rc.1", "2.0.0", "3.0.0-rc.1"];
        let catalogue: Vec<Plugin> = versions.iter().map(|version| fixture::plugin("crm", version)).collect();
        for (requirement, found) in [
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
            let version = resolve(&wanted(requirement), &catalogue).ok().map(|plugin| plugin.spec.version.as_str());
            assert_eq!(version, found, "{requirement}");
        }
    }

    #[test]
    fn what_is_said_when_nothing_matches() {
        let catalogue =
            [fixture::plugin("crm", "1.0.0"), fixture::plugin("crm", "0.9.0"), fixture::plugin("mail", "5.0.0")];
        let problem = resolve(&wanted("^5"), &catalogue).unwrap_err();
        assert_eq!(problem.reason, Reason::PluginNotFound);
        assert!(problem.message.contains("0.9.0, 1.0.0."), "{problem}");
        assert_eq!(resolve(&wanted("one"), &catalogue).unwrap_err().reason, Reason::InvalidVersion);
        assert_eq!(resolve(&wanted("*"), &[]).unwrap_err().reason, Reason::PluginNotFound);
    }

    #[test]
    fn what_is_being_removed_is_not_chosen() {
        let mut leaving = fixture::plugin("crm", "2.0.0");
        leaving.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
        let catalogue = [fixture::plugin("crm", "1.0.0"), leaving];
        assert_eq!(resolve(&wanted("*"), &catalogue).unwrap().spec.version, "1.0.0");
    }

    proptest! {
        #[test]
        fn never_a_version_that_does_not_match(
            versions in proptest::collection::btree_set((0_u64..3, 0_u64..4, 0_u64..4), 0..12),
            major in 0_u64..3, minor in 0_u64..4,
        ) {
            let catalogue: Vec<Plugin> =
                versions.iter().map(|(a, b, c)| fixture::plugin("crm", &format!("{a}.{b}.{c}"))).collect();
            let requirement = format!("~{major}.{minor}");
            let expected = versions.iter().filter(|(a, b, _)| (*a, *b) == (major, minor)).max();
            let found = resolve(&wanted(&requirement), &catalogue).ok().map(|plugin| plugin.spec.version.clone());
            prop_assert_eq!(found, expected.map(|(a, b, c)| format!("{a}.{b}.{c}")));
        }
    }
}
