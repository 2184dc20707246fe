//! The fields of the three kinds, and the values that each is given: the edges of its range, among them
//! absence (`null`), and for some what cannot be.
//!
//! Not among them: what the API server lets nobody change (names, `database.placement`), and what another
//! version of a plugin is made for (its migrations, permissions, requirements).

use rand::{rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use crate::story::{FIRST, SECOND};

/// A field, and its values.
pub type Field = (&'static [&'static str], fn() -> Vec<Value>);

pub const TENANT: &[Field] = &[
    (&["displayName"], || vec![json!("A"), json!("A".repeat(120))]),
    (&["plan"], || vec![Value::Null, json!("p"), json!("p".repeat(63)), json!("there-is-no-such-plan")]),
    (&["admin"], || {
        vec![Value::Null, json!({ "email": "ada@acme.test" }), json!({ "email": "ada@acme.test", "firstName": "Ada" })]
    }),
    (&["suspend"], || vec![Value::Null, json!(true), json!(false)]),
    (&["domains"], || {
        let many: Vec<String> = (0..32).map(|number| format!("d{number}.acme.test")).collect();
        vec![Value::Null, json!([]), json!(["app.acme.test"]), json!(many)]
    }),
    (&["identity"], || vec![Value::Null, json!({})]),
    (&["identity", "mfa"], || vec![Value::Null, json!("Optional"), json!("Required")]),
    (&["identity", "sessions"], || {
        let edges = |token: u32, idle: u32, max: u32| json!({ "accessTokenSeconds": token, "idleSeconds": idle, "maxSeconds": max });
        vec![Value::Null, json!({}), edges(30, 60, 60), edges(86_400, 2_592_000, 31_536_000)]
    }),
    (&["identity", "passwordPolicy"], || {
        let strict = json!({ "minLength": 128, "maxLength": 256, "minDigits": 32, "minLowerCase": 32, "minUpperCase": 32,
            "minSpecial": 32, "notUsername": true, "notEmail": true, "historyCount": 24, "maxAgeDays": 3650 });
        let lax = json!({ "minLength": 1, "maxLength": 8, "minDigits": 1, "minLowerCase": 1, "minUpperCase": 1,
            "minSpecial": 1, "historyCount": 1, "maxAgeDays": 1 });
        vec![Value::Null, json!({}), lax, strict]
    }),
    (&["identity", "loginTheme"], || vec![Value::Null, json!("keycloak"), json!("keycloak.v2")]),
    (&["identity", "smtp"], || {
        let smtp = |port: u16| json!({ "host": "smtp.acme.test", "port": port, "from": "no-reply@acme.test" });
        vec![Value::Null, smtp(1), smtp(65_535)]
    }),
    (&["rotation"], || {
        vec![
            Value::Null,
            json!({ "overlap": "1s" }),
            json!({ "interval": "8760h", "overlap": "24h" }),
            json!({ "interval": "1s", "overlap": "1h" }),
        ]
    }),
    (&["adoptionPolicy"], || vec![Value::Null, json!("Never"), json!("IfRetained")]),
    (&["deletionPolicy"], || vec![Value::Null, json!("Retain"), json!("Delete")]),
    (&["skipFinalBackup"], || vec![Value::Null, json!(true), json!(false)]),
    (&["driftPolicy"], || vec![Value::Null, json!("Repair"), json!("Report")]),
];

pub const INSTALL: &[Field] = &[
    (&["enabled"], || vec![Value::Null, json!(true), json!(false)]),
    (&["config"], || vec![Value::Null, json!({}), json!({ "workers": 1 }), json!({ "workers": "many" })]),
    (&["isolation"], || vec![Value::Null, json!("Shared"), json!("Dedicated")]),
    (&["grantedPermissions"], || {
        vec![Value::Null, json!([]), json!(["PLUGIN:note:read"]), json!(["none:such:permission"])]
    }),
    (&["deletionPolicy"], || vec![Value::Null, json!("Retain"), json!("Delete")]),
    (&["driftPolicy"], || vec![Value::Null, json!("Repair"), json!("Report")]),
    (&["plugin", "version"], || {
        vec![Value::Null, json!(FIRST), json!(SECOND), json!("^2"), json!("9.9.9"), json!("not semver")]
    }),
];

/// Of the newer version.
pub const PLUGIN: &[Field] = &[
    (&["displayName"], || vec![json!("A"), json!("A".repeat(120))]),
    (&["description"], || vec![Value::Null, json!("It is a plugin.")]),
    (&["rollout"], || vec![Value::Null, json!({})]),
    (&["rollout", "bakeSeconds"], || vec![Value::Null, json!(0), json!(604_800)]),
    (&["rollout", "progressDeadlineSeconds"], || vec![Value::Null, json!(10), json!(86_400)]),
    (&["rollout", "canary"], || {
        vec![
            Value::Null,
            json!({ "percent": 1, "bakeSeconds": 0 }),
            json!({ "percent": 100 }),
            json!({ "tenants": ["nobody"] }),
        ]
    }),
    (&["deprecated"], || vec![Value::Null, json!({ "message": "Use another." })]),
    (&["yanked"], || vec![Value::Null, json!({ "reason": "It loses data." })]),
];

/// What the last word says besides: each of these can make a spec one that cannot be followed, or not
/// for a long time.
pub fn settle(tenant: &mut Value, install: &mut Value, plugin: &mut Value) {
    tenant["suspend"] = json!(false);
    tenant["rotation"] = json!({ "overlap": "1s" });
    if tenant["plan"] == "there-is-no-such-plan" {
        tenant["plan"] = json!("p");
    }
    install["enabled"] = json!(true);
    if install["grantedPermissions"] == json!(["none:such:permission"]) {
        install["grantedPermissions"] = json!(["PLUGIN:note:read"]);
    }
    install["config"] = json!({ "workers": 2 });
    install["plugin"]["version"] = json!(SECOND);
    plugin["rollout"] = json!({ "bakeSeconds": 0 });
    if let Value::Object(fields) = plugin {
        fields.remove("yanked");
    }
}

/// Gives one field another value.
pub fn change(spec: &mut Value, fields: &[Field], random: &mut StdRng) {
    let Some((path, values)) = fields.choose(random) else { return };
    let Some(value) = values().choose(random).cloned() else { return };
    let Some((name, above)) = path.split_last() else { return };
    let place = above.iter().fold(spec, |place, name| &mut place[*name]);
    match place {
        Value::Object(fields) if value.is_null() => drop(fields.remove(*name)),
        Value::Null if value.is_null() => {}
        place => place[*name] = value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn every_field_takes_every_value_and_goes_again() {
        let mut random = StdRng::seed_from_u64(7);
        let (mut spec, mut seen, mut absent) = (json!({ "plugin": {} }), std::collections::BTreeSet::new(), 0);
        for _ in 0..2_000 {
            change(&mut spec, INSTALL, &mut random);
            seen.insert(spec["plugin"]["version"].to_string());
            absent += usize::from(spec.get("enabled").is_none());
        }
        assert_eq!(seen.len(), 6, "{seen:?}");
        assert!(absent > 0);
    }

    #[test]
    fn what_is_made_is_what_the_kinds_take() {
        let mut random = StdRng::seed_from_u64(7);
        let mut tenant = json!({ "displayName": "A" });
        let mut plugin = json!({ "id": "p", "version": "1.0.0", "displayName": "P", "runtime": { "image": "i" } });
        for _ in 0..2_000 {
            change(&mut tenant, TENANT, &mut random);
            change(&mut plugin, PLUGIN, &mut random);
            let tenant = serde_json::from_value::<plexica_crds::TenantSpec>(tenant.clone());
            let plugin = serde_json::from_value::<plexica_crds::PluginSpec>(plugin.clone());
            assert!(tenant.is_ok() && plugin.is_ok(), "{tenant:?} {plugin:?}");
        }
    }
}
