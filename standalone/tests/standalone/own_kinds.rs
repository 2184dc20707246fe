//! Tenants, plugins and installs are taken and refused as on the real API server, with the same
//! sentences: every CEL rule of theirs runs here as it does there.

use crate::pure::{self, Case, Resource, Step, Verb};
use plexica_standalone::kind::Kind;
use plexica_standalone::schema::CompiledSchema;
use plexica_testkit::{
    require,
    spec::{install, plugin, tenant, with},
    unique,
};
use serde_json::{Value, json};

/// Identity settings, each with a change.
fn settings() -> Vec<(Value, Value)> {
    let google = json!({"alias": "google", "type": "Google", "clientId": "it", "clientSecretRef": {"key": "google"}});
    let okta = json!({"alias": "okta", "type": "Oidc", "clientId": "it", "clientSecretRef": {"key": "okta"}, "oidc": {
        "issuer": "https://okta.test", "authorizationUrl": "https://okta.test/auth",
        "tokenUrl": "https://okta.test/token", "jwksUrl": "http://127.0.0.1:8080/keys"}});
    let adfs = json!({"alias": "adfs", "type": "Saml", "saml": {
        "entityId": "urn:adfs", "singleSignOnUrl": "https://adfs.test/sso", "signingCertificate": "MIIC"}});
    let brokers = |brokers: &[&Value]| json!({"brokers": brokers});
    let smtp = json!({"host": "smtp.acme.test", "from": "it@acme.test"});
    vec![
        (json!({"mfa": "Required", "sessions": {}, "smtp": smtp}), json!({"mfa": "Never"})),
        (json!({"mfa": null, "passwordPolicy": null}), json!({"passwordPolicy": {"minLength": 65, "maxLength": 64}})),
        (json!({"sessions": {"idleSeconds": 36000}}), json!({"sessions": {"idleSeconds": 36001}})),
        (json!({"sessions": {"idleSeconds": 120}}), json!({"loginTheme": "../other"})),
        (brokers(&[&google, &okta, &adfs]), brokers(&[&with(google.clone(), "/type", json!("GitHub")), &okta])),
        (brokers(&[&google, &google]), json!({})),
        (brokers(&[&with(adfs.clone(), "/clientId", json!("it"))]), brokers(&[&google])),
        (brokers(&[&with(okta.clone(), "/oidc/userInfoUrl", json!("ftp://a.test"))]), brokers(&[&okta])),
        (brokers(&[&with(google.clone(), "/oidc", okta["oidc"].clone())]), brokers(&[&adfs])),
        (brokers(&[&with(adfs.clone(), "/saml/signingCertificate", json!("-----BEGIN"))]), json!({})),
        (json!({"smtp": with(smtp.clone(), "/host", json!("smtp://a"))}), json!({"smtp": {"port": 70000}})),
    ]
}

/// Kind, name, specification, and a change of it. `crm` stands for a name of this run.
fn cases() -> Vec<(Resource, &'static str, Value, Value)> {
    let none = || json!({});
    let tenants = [
        ("crm", tenant(), json!({"plan": "other"})),
        ("crm", tenant(), json!({"placement": "other", "database": {"placement": "other"}})),
        ("crm", json!({"displayName": "Short"}), json!({"suspend": true})),
        ("crm", json!({}), none()),
        ("crm", with(tenant(), "/displayName", json!("")), none()),
        ("crm", with(tenant(), "/admin/email", json!("ada")), none()),
        ("crm", with(tenant(), "/domains", json!(["https://a.test/"])), none()),
        ("crm", with(tenant(), "/deletionPolicy", json!("Maybe")), none()),
        ("crm", with(tenant(), "/unknown", json!(1)), none()),
        ("a234567890123456789012345", tenant(), none()),
        ("1acme", tenant(), none()),
        ("acme.corp", tenant(), none()),
        ("acme--corp", tenant(), none()),
        ("acme-plugin-crm", tenant(), none()),
        ("core", tenant(), none()),
    ];
    let plugins = [
        ("crm-1.4.0", plugin("1.4.0"), json!({"displayName": "Other"})),
        ("crm-1.4.0", plugin("1.4.0"), json!({"version": "2.0.0"})),
        ("crm-1.4.0", plugin("1.4.0"), json!({"id": "files"})),
        ("crm-2.0.0-rc.1", plugin("2.0.0-rc.1"), none()),
        ("crm-1.4.0", with(plugin("1.4.0"), "/runtime", json!({"command": ["crm"]})), none()),
        ("crm-1.4.0", with(plugin("1.4.0"), "/runtime", json!({})), none()),
        ("crm", plugin("1.4.0"), none()),
        ("crm-01.4.0", plugin("01.4.0"), none()),
        ("crm-1.4", plugin("1.4"), none()),
        ("my-plugin-1.4.0", with(plugin("1.4.0"), "/id", json!("my-plugin")), none()),
        ("crm-1.4.0", with(plugin("1.4.0"), "/permissions/0/key", json!("files:a:read")), none()),
        ("crm-1.4.0", with(plugin("1.4.0"), "/permissions/0/key", json!("crm:contacts")), none()),
        ("crm-1.4.0", with(plugin("1.4.0"), "/events/publishes", json!(["files.a.b"])), none()),
        (
            "crm-1.4.0",
            with(plugin("1.4.0"), "/configuration", json!({"schema": {"type": "object", "any": [1]}})),
            none(),
        ),
    ];
    let installs = [
        ("crm", install(), json!({"enabled": false, "config": {"a": {"b": [1, null]}}})),
        ("crm", install(), json!({"tenantRef": {"name": "beta"}})),
        ("crm", install(), json!({"plugin": {"id": "files"}})),
        ("crm", json!({"plugin": {"id": "crm"}}), none()),
        ("crm", with(install(), "/isolation", json!("None")), none()),
        ("crm", with(install(), "/config", json!("text")), none()),
        ("crm", with(install(), "/config", json!({"free": {"x": 1}})), none()),
    ];
    let of = |resource| move |(name, spec, change)| (resource, name, spec, change);
    let mut cases: Vec<_> = tenants.into_iter().map(of(Resource::Tenant)).collect();
    cases.extend(settings().into_iter().map(|(settings, change)| {
        (Resource::Tenant, "crm", with(tenant(), "/identity", settings), json!({"identity": change}))
    }));
    cases.extend(plugins.into_iter().map(of(Resource::Plugin)));
    cases.extend(installs.into_iter().map(of(Resource::PluginInstall)));
    cases
}

#[tokio::test]
async fn plexicas_own_kinds_are_answered_alike() {
    let Some(cluster) = require!(kubernetes) else { return };
    let client = cluster.client().await;
    let mut schemas = Vec::new();
    for crd in plexica_crds::all() {
        pure::live::serve(&client, &crd).await;
        let kind = Kind::from_crd(&crd).remove(0);
        schemas.push((kind.kind.clone(), CompiledSchema::compile(&kind).unwrap()));
    }
    for (resource, name, spec, change) in cases() {
        let id = unique("own");
        let here = |value: &Value| -> Value { serde_json::from_str(&value.to_string().replace("crm", &id)).unwrap() };
        let name = name.replace("crm", &id);
        let steps = vec![
            Step::new(Verb::Create, "m", json!({"spec": here(&spec)})),
            Step::new(Verb::Merge, "m", json!({"spec": here(&change)})),
            Step::new(Verb::Apply, "a", json!({"spec": here(&spec)})).forced(),
        ];
        let case = Case::new(name.as_str(), resource, steps);
        let kind = resource.names().1;
        let (_, schema) = schemas.iter().find(|(of, _)| of == kind).unwrap();
        let real = pure::live::answers(&client, &case, &name).await;
        let ours = pure::core::answers(schema, &case, &name);
        assert_eq!(real, ours, "{kind} {name} {spec} {change}");
    }
}
