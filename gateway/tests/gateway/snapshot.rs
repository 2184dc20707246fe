//! From resources to what the gateway knows.

use plexica_gateway::snapshot::Snapshot;
use serde_json::json;

use crate::resources::{install, snapshot, snapshot_of, tenant, with};

/// Where acme's requests to crm go.
fn acme(snapshot: &Snapshot) -> Option<String> {
    let route = snapshot.route(&"acme".parse().unwrap(), &"crm".parse().unwrap())?;
    Some(route.upstream.uri("/", None).unwrap().to_string())
}

#[test]
fn two_tenants_have_their_own_realms_and_routes() {
    let snapshot = snapshot(
        &[tenant("acme"), tenant("globex")],
        &[install("tenant-acme", "acme", "http://one:1"), install("plexica-system", "globex", "http://two:2")],
    );
    assert_eq!(acme(&snapshot).as_deref(), Some("http://one:1/"));
    let other = snapshot.route(&"globex".parse().unwrap(), &"crm".parse().unwrap()).unwrap();
    assert_eq!(other.upstream.uri("/", None).unwrap(), "http://two:2/");
    assert_eq!(other.permissions(&["user".into()]), ["crm:contacts:read"]);

    let realm = snapshot.realm("https://id.test/realms/tenant-acme").unwrap();
    assert_eq!(realm.tenant, Some("acme".parse().unwrap()));
    assert!(realm.allows_origin("https://app.acme.test") && !realm.allows_origin("https://app.globex.test"));
    assert!(snapshot.knows_origin("https://app.globex.test") && !snapshot.knows_origin("https://evil.test"));
    assert_eq!(snapshot.realm("https://id.test/realms/plexica").unwrap().tenant, None);
    for other in ["", "https://id.test/realms/tenant-acme/", "https://ID.test/realms/tenant-acme", "tenant-acme"] {
        assert!(snapshot.realm(other).is_none(), "{other}");
    }
}

#[test]
fn what_is_not_routed() {
    let good = || install("tenant-acme", "acme", "http://one:1");
    assert!(acme(&snapshot(&[tenant("acme")], &[good()])).is_some());
    let deleted = || json!("2026-01-03T00:00:00Z");
    for (why, tenants, install) in [
        ("no such tenant", vec![tenant("globex")], good()),
        ("a tenant being deleted", vec![with(tenant("acme"), "/metadata/deletionTimestamp", deleted())], good()),
        ("Routed is False", vec![tenant("acme")], with(good(), "/status/conditions/0/status", json!("False"))),
        ("no conditions", vec![tenant("acme")], with(good(), "/status/conditions", json!([]))),
        ("another condition", vec![tenant("acme")], with(good(), "/status/conditions/0/type", json!("Ready"))),
        ("no route", vec![tenant("acme")], with(good(), "/status/route", json!(null))),
        ("a broken route", vec![tenant("acme")], with(good(), "/status/route/upstream", json!("crm:8080/x"))),
        ("no version", vec![tenant("acme")], with(good(), "/status/version", json!(null))),
        ("no status", vec![tenant("acme")], with(good(), "/status", json!(null))),
        (
            "another tenant's namespace",
            vec![tenant("acme")],
            with(good(), "/metadata/namespace", json!("tenant-globex")),
        ),
        ("no plugin id", vec![tenant("acme")], with(good(), "/spec/plugin/id", json!("CRM"))),
    ] {
        assert_eq!(acme(&snapshot(&tenants, &[install])), None, "{why}");
    }
}

/// The operator withdraws its route first, unless others need it, or it is to leave it alone.
#[test]
fn what_is_to_go_is_routed_until_its_route_is_withdrawn() {
    for (pointer, value) in
        [("/metadata/deletionTimestamp", json!("2026-01-03T00:00:00Z")), ("/spec/enabled", json!(false))]
    {
        let goes = with(install("tenant-acme", "acme", "http://one:1"), pointer, value);
        assert!(acme(&snapshot(&[tenant("acme")], std::slice::from_ref(&goes))).is_some(), "{pointer}");
        if pointer == "/metadata/deletionTimestamp" {
            let without = with(goes.clone(), "/metadata/finalizers", json!(["somebody.else/waits"]));
            assert_eq!(acme(&snapshot(&[tenant("acme")], &[without])), None, "nobody withdraws its route");
        }
        let withdrawn = with(goes, "/status/route", json!(null));
        assert_eq!(acme(&snapshot(&[tenant("acme")], &[withdrawn])), None, "{pointer}");
    }
}

#[test]
fn without_a_realm_of_ours_nobody_is_the_platforms() {
    let snapshot = snapshot_of(None, &[tenant("acme")], &[]);
    assert!(snapshot.realms().all(|realm| realm.tenant.is_some()));
    assert!(snapshot.realm("https://id.test/realms/plexica").is_none());
    assert!(snapshot.realm("https://id.test/realms/tenant-acme").is_some(), "tenants are served");
}

#[test]
fn the_oldest_of_two_installs_wins() {
    let younger = install("tenant-acme", "acme", "http://younger:1");
    let older = with(
        install("plexica-system", "acme", "http://older:1"),
        "/metadata/creationTimestamp",
        json!("2026-01-01T00:00:00Z"),
    );
    for installs in [[younger.clone(), older.clone()], [older, younger]] {
        assert_eq!(acme(&snapshot(&[tenant("acme")], &installs)).as_deref(), Some("http://older:1/"));
    }
}

#[test]
fn an_unknown_version_routes_without_permissions() {
    let other = with(install("tenant-acme", "acme", "http://one:1"), "/status/version", json!("1.5.0"));
    let snapshot = snapshot(&[tenant("acme")], &[other]);
    let route = snapshot.route(&"acme".parse().unwrap(), &"crm".parse().unwrap()).unwrap();
    assert!(route.permissions(&["user".into()]).is_empty());
}

#[test]
fn an_issuer_that_two_claim_is_nobodys() {
    let thief = |issuer: &str| with(tenant("globex"), "/status/identity/issuer", json!(issuer));
    let two = snapshot(&[tenant("acme"), thief("https://id.test/realms/tenant-acme")], &[]);
    assert!(two.realm("https://id.test/realms/tenant-acme").is_none());
    let platform = snapshot(&[tenant("acme"), thief("https://id.test/realms/plexica")], &[]);
    assert!(platform.realm("https://id.test/realms/plexica").is_none());
    assert!(platform.realm("https://id.test/realms/tenant-acme").is_some());
}

#[test]
fn a_tenant_without_a_realm_or_being_deleted_has_no_users() {
    for tenant in [
        with(tenant("acme"), "/status/identity", json!(null)),
        with(tenant("acme"), "/metadata/deletionTimestamp", json!("2026-01-03T00:00:00Z")),
        with(tenant("acme"), "/metadata/name", json!("Not-A-Slug")),
    ] {
        assert!(snapshot(&[tenant], &[]).realm("https://id.test/realms/tenant-acme").is_none());
    }
}
