//! What there is of a tenant, without what is another for every tenant. Users are not in it: a first
//! one who is no longer asked for stays, as people do.

mod database;
mod namespace;
mod realm;

use std::collections::BTreeSet;

use kube::Api;
use plexica_crds::Plugin;
use serde_json::{Value, json};

use crate::{
    story::SECOND,
    world::{Case, World},
};

/// Status, realm, namespace, bucket and what Postgres has, with the names of tenant, plugin and installation taken out.
pub async fn snapshot(world: &World, case: &Case) -> Value {
    let tenant = world.tenants().get_opt(case.slug.as_str()).await.ok().flatten();
    let install = world.installs().get_opt(&World::install_name(case)).await.ok().flatten();
    let plugins = Api::<Plugin>::all(world.client.clone());
    let plugin = plugins.get_opt(&format!("{}-{SECOND}", case.plugin)).await.ok().flatten();
    let (tenant, install) = (tenant.and_then(|t| t.status), install.and_then(|i| i.status));
    let plugin = plugin.and_then(|plugin| plugin.status);
    let conditions = |conditions: Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition>| {
        conditions.into_iter().map(|c| format!("{}={} {}", c.type_, c.status, c.reason)).collect::<Vec<_>>()
    };
    let (realm, namespace, bucket, database) = futures::join!(
        realm::realm(world, case),
        namespace::namespace(world, case),
        policy(world, case),
        database::database(world, case),
    );
    let all = json!({
        "tenant": tenant.map(|t| json!({
            "phase": t.phase, "conditions": conditions(t.conditions), "plan": t.plan.map(|plan| plan.name),
        })),
        "install": install.map(|i| json!({
            "phase": i.phase, "conditions": conditions(i.conditions), "version": i.version,
            "migrated": i.migrated_version, "permissions": i.permissions,
            "configuration": i.configuration.map(|c| c.value), "events": i.events,
            "awaiting": [i.awaiting_consent, i.awaiting_events], "path": i.route.map(|route| route.path),
        })),
        "plugin": plugin.map(|p| json!({ "phase": p.phase, "conditions": conditions(p.conditions) })),
        "realm": realm,
        "namespace": namespace,
        "bucket": bucket,
        "database": database.unwrap_or_else(|error| json!(error.to_string())),
    });
    let text = all.to_string();
    let (slug, plugin) = (case.slug.to_string(), case.plugin.to_string());
    let plain = [
        (slug.replace('-', "_"), "T"),
        (plugin.replace('-', "_"), "P"),
        (slug, "T"),
        (plugin, "P"),
        (world.name.clone(), "W"),
    ]
    .into_iter()
    .fold(text, |text, (name, letter)| text.replace(&name, letter));
    let mut plain: Value = serde_json::from_str(&plain).unwrap_or_default();
    // What Postgres has was put in order while each had its own name.
    for rows in plain["database"].as_object_mut().into_iter().flat_map(|parts| parts.values_mut()) {
        rows.as_array_mut().into_iter().for_each(|rows| rows.sort_unstable_by_key(Value::to_string));
    }
    plain
}

/// Where two of them differ, with both values.
pub fn differences(one: &Value, other: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", one, other, &mut found);
    found
}

fn compare(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(some), Value::Object(others)) => {
            let names: BTreeSet<&String> = some.keys().chain(others.keys()).collect();
            for name in names {
                compare(&format!("{path}/{name}"), &one[name], &other[name], found);
            }
        }
        (Value::Array(some), Value::Array(others)) if some.len() == others.len() => {
            for (nth, (one, other)) in some.iter().zip(others).enumerate() {
                compare(&format!("{path}/{nth}"), one, other, found);
            }
        }
        _ if one == other => {}
        _ => found.push(format!("{path}: {one}, {other}")),
    }
}

/// Who may do what with the bucket, where that is said of it.
async fn policy(world: &World, case: &Case) -> Option<String> {
    let bucket = world.prefixes().bucket(&case.slug);
    world.store.get_bucket_policy().bucket(bucket).send().await.ok()?.policy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_with_its_place() {
        let one = json!({ "realm": { "flows": [["a", 1], ["b", 2]] }, "same": [1], "rights": ["x"] });
        let other = json!({ "realm": { "flows": [["a", 1], ["b", 3]] }, "same": [1], "rights": [], "more": null });
        assert_eq!(differences(&one, &other), ["/realm/flows/1/1: 2, 3", r#"/rights: ["x"], []"#]);
        assert!(differences(&one, &one).is_empty());
    }
}
