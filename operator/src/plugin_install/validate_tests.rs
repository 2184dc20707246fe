use super::*;
use crate::fixture;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_contract::manifest::{Configuration, Reload};
use plexica_crds::plugin_install::RouteStatus;
use proptest::prelude::*;
use serde_json::json;

fn references() -> References {
    References {
        tenant: Some(Arc::new(fixture::tenant("acme"))),
        catalogue: vec![Arc::new(fixture::plugin("crm", "1.4.0")), Arc::new(fixture::plugin("crm", "1.3.0"))],
        siblings: Vec::new(),
    }
}

fn check(install: &PluginInstall, references: &References) -> Result<Valid, Problem> {
    validate(install, references, &fixture::settings())
}

fn reason(install: &PluginInstall, references: &References) -> Option<Reason> {
    check(install, references).err().map(|problem| problem.reason)
}

fn install() -> PluginInstall {
    fixture::install("tenant-acme", "crm", "acme", "crm")
}

fn serving(mut install: PluginInstall, version: &str) -> PluginInstall {
    let status = install.status.get_or_insert_default();
    status.version = Some(version.into());
    status.migrated_version = Some(version.into());
    status.route =
        Some(RouteStatus { path: "/api/plugins/x".into(), upstream: "http://x".into(), isolation: None, since: None });
    install
}

#[test]
fn what_it_is_to_be() {
    let valid = check(&install(), &references()).unwrap();
    assert_eq!((valid.slug.as_str(), valid.manifest.version.to_string().as_str()), ("acme", "1.4.0"));
    assert_eq!(valid.consent.permissions.granted, ["crm:things:read", "crm:things:write"]);
    assert_eq!((valid.placement.as_str(), valid.plugin_uid.as_str()), ("default", "uid-crm-1.4.0"));
    assert_eq!(valid.migrated, None);
}

#[test]
fn where_it_may_be() {
    for (namespace, tenant, refused) in [
        ("tenant-acme", "acme", false),
        ("plexica-system", "acme", false),
        ("tenant-beta", "acme", true),
        ("default", "acme", true),
        ("acme", "acme", true),
        ("", "acme", true),
    ] {
        let install = fixture::install(namespace, "crm", tenant, "crm");
        let expected = refused.then_some(Reason::TenantNotAllowed);
        assert_eq!(reason(&install, &references()), expected, "{namespace}");
    }
}

#[test]
fn its_tenant() {
    let with = |change: &dyn Fn(&mut Tenant)| {
        let mut tenant = fixture::tenant("acme");
        change(&mut tenant);
        References { tenant: Some(Arc::new(tenant)), ..references() }
    };
    let not_true = |kind: &'static str| {
        move |tenant: &mut Tenant| {
            let status = tenant.status.as_mut().unwrap();
            status.conditions.iter_mut().filter(|c| c.type_ == kind).for_each(|c| c.status = "False".into());
        }
    };
    for (references, expected) in [
        (References { tenant: None, ..references() }, Some(Reason::TenantNotFound)),
        (with(&|tenant| tenant.status = None), Some(Reason::TenantNotReady)),
        (with(&not_true("DatabaseReady")), Some(Reason::TenantNotReady)),
        (with(&not_true("NamespaceReady")), Some(Reason::TenantNotReady)),
        // A plugin stands on neither realm nor bucket.
        (with(&not_true("Ready")), None),
        (
            with(&|tenant| tenant.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH))),
            Some(Reason::TenantNotReady),
        ),
    ] {
        assert_eq!(reason(&install(), &references), expected);
    }
    assert_eq!(
        reason(&fixture::install("plexica-system", "crm", "core", "crm"), &references()),
        Some(Reason::InvalidSpec)
    );
    assert_eq!(
        reason(&fixture::install("plexica-system", "crm", "acme", "Crm"), &references()),
        Some(Reason::InvalidSpec)
    );
}

/// Of every pair of installs of one plugin for one tenant exactly one is in force.
#[test]
fn of_two_the_older_one() {
    let at = |second: i64| Some(Time(jiff::Timestamp::from_second(second).unwrap()));
    let names = [("plexica-system", "a"), ("plexica-system", "b"), ("tenant-acme", "a"), ("tenant-acme", "b")];
    for (one_name, one_age) in names.iter().flat_map(|name| [(name, 1), (name, 2)]) {
        for (other_name, other_age) in names.iter().flat_map(|name| [(name, 1), (name, 2)]) {
            if one_name == other_name {
                continue;
            }
            let make = |(namespace, name): &(&str, &str), age| {
                let mut install = fixture::install(namespace, name, "acme", "crm");
                install.metadata.creation_timestamp = at(age);
                install
            };
            let (one, other) = (make(one_name, one_age), make(other_name, other_age));
            let beside = |other: &PluginInstall| References { siblings: vec![Arc::new(other.clone())], ..references() };
            let refused = [reason(&one, &beside(&other)), reason(&other, &beside(&one))];
            assert_eq!(refused.iter().flatten().collect::<Vec<_>>(), [&Reason::DuplicateInstall], "{refused:?}");
            if one_age != other_age {
                assert_eq!(refused[0].is_none(), one_age < other_age);
            }
        }
    }
}

#[test]
fn who_is_no_rival() {
    let mut young = install();
    young.metadata.creation_timestamp = Some(Time(jiff::Timestamp::from_second(9).unwrap()));
    let beside = |other| References { siblings: vec![Arc::new(other)], ..references() };
    // Another plugin; or in a place where it may not name the tenant.
    assert_eq!(reason(&young, &beside(fixture::install("tenant-acme", "a", "acme", "mail"))), None);
    assert_eq!(reason(&young, &beside(fixture::install("tenant-beta", "a", "acme", "crm"))), None);
    // One that goes is in force until it is gone.
    let mut leaving = fixture::install("tenant-acme", "a", "acme", "crm");
    leaving.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
    assert_eq!(reason(&young, &beside(leaving)), Some(Reason::DuplicateInstall));
}

#[test]
fn its_version() {
    for (requirement, migrated, expected) in [
        ("*", None, Ok("1.4.0")),
        ("~1.3", None, Ok("1.3.0")),
        ("^2", None, Err(Reason::PluginNotFound)),
        ("latest", None, Err(Reason::InvalidVersion)),
        ("", None, Err(Reason::InvalidVersion)),
        ("*", Some("1.3.0"), Ok("1.4.0")),
        ("~1.3", Some("1.3.0"), Ok("1.3.0")),
        ("~1.3", Some("1.4.0"), Err(Reason::InvalidSpec)),
        ("*", Some("1.5.0"), Err(Reason::InvalidSpec)),
    ] {
        let mut install = install();
        install.spec.plugin.version = requirement.into();
        install.status.get_or_insert_default().migrated_version = migrated.map(str::to_owned);
        let found = check(&install, &references());
        let found = found.as_ref().map(|valid| valid.manifest.version.to_string()).map_err(|problem| problem.reason);
        assert_eq!(found, expected.map(str::to_owned), "{requirement} {migrated:?}");
    }
}

#[test]
fn what_it_is_started_from() {
    let references = |image: Option<&str>, command: &[&str]| {
        let mut plugin = fixture::plugin("crm", "1.4.0");
        plugin.spec.runtime.image = image.map(str::to_owned);
        plugin.spec.runtime.command = command.iter().map(ToString::to_string).collect();
        References { catalogue: vec![Arc::new(plugin)], ..references() }
    };
    for (needs, image, command, holds) in [
        (Needs::Image, Some("crm:1"), &[][..], true),
        (Needs::Image, None, &["crm"][..], false),
        (Needs::Command, Some("crm:1"), &[], false),
        (Needs::Command, None, &["crm"], true),
    ] {
        let settings = Settings { needs, ..fixture::settings() };
        let result = validate(&install(), &references(image, command), &settings);
        let expected = (!holds).then_some(Reason::WorkloadUnsupported);
        assert_eq!(result.err().map(|problem| problem.reason), expected);
    }
}

#[test]
fn its_configuration() {
    let schema = json!({
        "type": "object", "required": ["currency"], "additionalProperties": false,
        "properties": { "currency": { "enum": ["EUR", "USD"] }, "stages": { "type": "array", "items": { "type": "string" } } },
    });
    let with_schema = |schema: Option<&serde_json::Value>| {
        let mut plugin = fixture::plugin("crm", "1.4.0");
        plugin.spec.configuration =
            schema.map(|schema| Configuration { schema: schema.clone(), reload: Reload::default() });
        References { catalogue: vec![Arc::new(plugin)], ..references() }
    };
    for (schema, config, said) in [
        (Some(&schema), json!({ "currency": "EUR" }), None),
        (Some(&schema), json!({ "currency": "EUR", "stages": ["won"] }), None),
        (Some(&schema), json!({}), Some("currency")),
        (Some(&schema), json!({ "currency": "sesterces" }), Some("spec.config.currency")),
        (Some(&schema), json!({ "currency": "EUR", "stages": ["won", 2] }), Some("spec.config.stages.1")),
        (Some(&schema), json!({ "currency": "EUR", "colour": "red" }), Some("colour")),
        (None, json!({}), None),
        (None, json!({ "currency": "EUR" }), Some("takes no configuration")),
    ] {
        let mut install = install();
        install.spec.config = config.clone();
        match (check(&install, &with_schema(schema)), said) {
            (Ok(valid), None) => assert_eq!(valid.config, config),
            (Err(problem), Some(said)) => {
                assert_eq!(problem.reason, Reason::InvalidConfig);
                assert!(problem.message.contains(said), "{config}: {problem}");
                assert!(!problem.message.contains("sesterces"), "a value may be a secret: {problem}");
            }
            (result, _) => panic!("{config}: {result:?}"),
        }
    }
}

#[test]
fn its_permissions() {
    for (granted, in_force) in [
        (None, Ok(vec!["crm:things:read", "crm:things:write"])),
        (Some(vec![]), Ok(vec![])),
        (Some(vec!["crm:things:write"]), Ok(vec!["crm:things:write"])),
        (Some(vec!["crm:things:write", "crm:things:read"]), Ok(vec!["crm:things:read", "crm:things:write"])),
        (Some(vec!["crm:things:destroy"]), Err(Reason::PermissionNotDeclared)),
        (Some(vec!["mail:things:read"]), Err(Reason::PermissionNotDeclared)),
    ] {
        let mut install = install();
        install.spec.granted_permissions = granted.map(|keys| keys.into_iter().map(str::to_owned).collect());
        let found = check(&install, &references())
            .map(|valid| valid.consent.permissions.granted)
            .map_err(|problem| problem.reason);
        assert_eq!(found, in_force.map(|keys| keys.into_iter().map(str::to_owned).collect()));
    }
}

#[test]
fn what_it_needs() {
    let needing = |optional: bool, siblings: Vec<PluginInstall>| {
        let mut plugin = fixture::plugin("crm", "1.4.0");
        plugin.spec.requires =
            serde_json::from_value(json!([{ "plugin": "files", "version": "^1.2", "optional": optional }])).unwrap();
        let siblings = siblings.into_iter().map(Arc::new).collect();
        References { catalogue: vec![Arc::new(plugin)], siblings, ..references() }
    };
    let files = || fixture::install("tenant-acme", "files", "acme", "files");
    for (optional, siblings, met) in [
        (false, vec![], false),
        (true, vec![], true),
        (false, vec![files()], false),
        (false, vec![serving(files(), "1.1.0")], false),
        (false, vec![serving(files(), "1.2.0")], true),
        (false, vec![serving(files(), "1.9.9")], true),
        (false, vec![serving(files(), "2.0.0")], false),
        (false, vec![serving(fixture::install("tenant-acme", "mail", "acme", "mail"), "1.2.0")], false),
    ] {
        let expected = (!met).then_some(Reason::RequirementNotMet);
        let references = needing(optional, siblings);
        assert_eq!(reason(&install(), &references), expected);
        // What does not run needs nothing.
        let mut disabled = install();
        disabled.spec.enabled = false;
        assert_eq!(reason(&disabled, &references), None);
        let mut tenant = fixture::tenant("acme");
        tenant.spec.suspend = true;
        let rests = check(&install(), &References { tenant: Some(Arc::new(tenant)), ..references }).unwrap();
        assert_eq!((rests.enabled, rests.suspended), (false, true));
    }
}

#[test]
fn where_its_data_is_and_who_may_serve_it() {
    for (placement, isolation, dedicated, said) in [
        ("default", Isolation::Shared, true, None),
        ("default", Isolation::Dedicated, true, None),
        ("second", Isolation::Shared, true, Some("set spec.isolation to Dedicated.")),
        ("second", Isolation::Dedicated, true, None),
        ("default", Isolation::Shared, false, None),
        ("default", Isolation::Dedicated, false, Some("dedicatedPlugins): set it to Shared.")),
        ("second", Isolation::Shared, false, Some("make a tenant in \"default\".")),
        ("second", Isolation::Dedicated, false, Some("make a tenant in \"default\".")),
    ] {
        let mut tenant = fixture::tenant("acme");
        tenant.spec.database.placement = placement.into();
        let mut install = install();
        install.spec.isolation = isolation;
        let references = References { tenant: Some(Arc::new(tenant)), ..references() };
        let problem = validate(&install, &references, &Settings { dedicated, ..fixture::settings() }).err();
        assert_eq!(problem.as_ref().map(|problem| problem.reason), said.map(|_| Reason::InvalidSpec), "{problem:?}");
        assert!(problem.is_none_or(|problem| problem.message.ends_with(said.unwrap())));
    }
}

proptest! {
    /// Whatever installs there are, at most one per tenant and plugin is in force, and with any at
    /// all that may be, exactly one.
    #[test]
    fn one_in_force(seeds in proptest::collection::btree_map((0_usize..3, 0_u8..6), 0_i64..4, 1..8)) {
        let spaces = ["tenant-acme", "plexica-system", "tenant-beta"];
        let installs: Vec<PluginInstall> = seeds
            .iter()
            .map(|((space, name), age)| {
                let mut install = fixture::install(spaces[*space], &format!("i{name}"), "acme", "crm");
                install.metadata.creation_timestamp = Some(Time(jiff::Timestamp::from_second(*age).unwrap()));
                install
            })
            .collect();
        let in_force = installs
            .iter()
            .filter(|install| {
                let siblings =
                    installs.iter().filter(|other| other.metadata.uid != install.metadata.uid).cloned().map(Arc::new);
                check(install, &References { siblings: siblings.collect(), ..references() }).is_ok()
            })
            .count();
        let may_be = installs.iter().any(|install| install.metadata.namespace.as_deref() != Some("tenant-beta"));
        prop_assert_eq!(in_force, usize::from(may_be));
    }
}

#[test]
fn what_becomes_of_drift_is_the_installs_to_say_and_else_the_tenants() {
    use DriftPolicy::{Repair, Report};
    for (own, tenants, expected) in
        [(None, Repair, Repair), (None, Report, Report), (Some(Repair), Report, Repair), (Some(Report), Repair, Report)]
    {
        let mut tenant = fixture::tenant("acme");
        tenant.spec.drift_policy = tenants;
        let mut install = install();
        install.spec.drift_policy = own;
        let references = References { tenant: Some(Arc::new(tenant)), ..references() };
        assert_eq!(check(&install, &references).unwrap().drift, expected, "{own:?} {tenants:?}");
    }
}
