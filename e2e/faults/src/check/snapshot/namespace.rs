//! What of a namespace follows a tenant's spec.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota, Secret};
use kube::{Api, ResourceExt, api::ListParams};
use plexica_crds::label;
use serde_json::{Value, json};

use crate::world::{Case, World};

/// Values that are made for each tenant, or tell how often others were made: of those there is the name alone.
const OWN: [&str; 5] = ["client-id", "client-secret", "access-key-id", "secret-access-key", "session-token"];

/// Its labels, the values in its Secrets, and what its plan limits.
pub async fn namespace(world: &World, case: &Case) -> Value {
    let (name, client) = (world.prefixes().namespace(&case.slug), world.client.clone());
    let found = Api::<Namespace>::all(client.clone()).get_opt(&name).await.ok().flatten();
    // The API server alone takes no namespace away: one that is told to go is as good as gone, with all that is in it.
    let found = found.filter(|namespace| namespace.metadata.deletion_timestamp.is_none());
    if found.is_none() {
        return Value::Null;
    }
    let (quotas, ranges, all) = (
        Api::<ResourceQuota>::namespaced(client.clone(), &name),
        Api::namespaced(client, &name),
        ListParams::default(),
    );
    let quotas = quotas.list(&all).await.map(|list| list.items).unwrap_or_default();
    let ranges = ranges.list(&all).await.map(|list| list.items).unwrap_or_default();
    json!({
        "labels": found.as_ref().map(labels),
        "secrets": secrets(world, &name).await,
        "quotas": quotas.iter().map(|one| json!([one.name_any(), one.spec])).collect::<Vec<_>>(),
        "ranges": ranges.iter().map(|one: &LimitRange| json!([one.name_any(), one.spec])).collect::<Vec<_>>(),
    })
}

/// Whose it is is another for each.
fn labels(namespace: &Namespace) -> BTreeMap<&String, &String> {
    namespace.labels().iter().filter(|(name, _)| *name != label::OWNER_UID).collect()
}

async fn secrets(world: &World, namespace: &str) -> Vec<Value> {
    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), namespace);
    let found = secrets.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default();
    found.iter().map(|one| json!([one.name_any(), values(one)])).collect()
}

/// Credentials of a plugin's processes are all its own.
fn values(secret: &Secret) -> BTreeMap<&str, String> {
    let of_plugin = secret.labels().contains_key(label::PLUGIN);
    let values = secret.data.iter().flatten().map(|(name, value)| {
        let own = of_plugin || OWN.contains(&name.as_str());
        (name.as_str(), if own { "its own".to_owned() } else { String::from_utf8_lossy(&value.0).into_owned() })
    });
    values.collect()
}
