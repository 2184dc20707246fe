//! What the chart's service accounts may not do, as the API server says.

use plexica_e2e::kubectl::NAMESPACE;

use crate::cluster::Cluster;

/// What no component may do, anywhere: each would lead to more than it has.
const NOBODY: [[&str; 2]; 21] = [
    ["escalate", "clusterroles"],
    ["bind", "clusterroles"],
    ["create", "clusterroles"],
    ["create", "clusterrolebindings"],
    ["escalate", "roles"],
    ["bind", "roles"],
    ["create", "roles"],
    ["create", "rolebindings"],
    ["impersonate", "users"],
    ["impersonate", "serviceaccounts"],
    ["create", "serviceaccounts"],
    ["create", "serviceaccounts/token"],
    ["create", "pods"],
    ["create", "pods/exec"],
    ["get", "pods/log"],
    ["list", "secrets"],
    ["watch", "secrets"],
    ["create", "customresourcedefinitions"],
    ["patch", "customresourcedefinitions"],
    ["create", "mutatingwebhookconfigurations"],
    ["get", "nodes"],
];

/// Besides, a component may not do these with the resources of Plexica, nor with Secrets of such names; where no plugin has
/// a namespace of its tenant's, the operator may read those of its own fixed names alone.
const BESIDES: [(&str, &[[&str; 2]]); 3] = [
    (
        "operator",
        &[
            ["create", "tenants"],
            ["delete", "tenants"],
            ["delete", "plugins"],
            ["get", "secrets/default-token"],
            ["patch", "secrets/tls"],
            ["create", "deployments"],
        ],
    ),
    (
        "core-api",
        &[
            ["patch", "tenants/status"],
            ["create", "plugins"],
            ["patch", "plugins"],
            ["get", "secrets/plexica-identity"],
            ["create", "secrets"],
            ["create", "namespaces"],
        ],
    ),
    (
        "gateway",
        &[
            ["patch", "tenants"],
            ["patch", "plugininstalls"],
            ["delete", "tenants"],
            ["get", "secrets/plexica-identity"],
            ["create", "secrets"],
            ["create", "namespaces"],
        ],
    ),
];

/// All of that is refused, and what the operator needs is not; `dedicatedPlugins` is to be off.
pub async fn are_least(cluster: &Cluster) {
    for (component, besides) in BESIDES {
        for [verb, resource] in NOBODY.iter().chain(besides) {
            assert!(!may(cluster, component, verb, resource).await, "{component} may {verb} {resource}");
        }
    }
    for [verb, resource] in [["patch", "tenants/status"], ["get", "secrets/plexica-identity"], ["create", "secrets"]] {
        assert!(may(cluster, "operator", verb, resource).await, "the operator may not {verb} {resource}");
    }
}

/// In a tenant's namespace, which has no Role of the platform's. What follows a `/` is a subresource, or a Secret's name.
async fn may(cluster: &Cluster, component: &str, verb: &str, resource: &str) -> bool {
    let account = format!("--as=system:serviceaccount:{NAMESPACE}:plexica-{component}");
    let (kind, part) = resource.split_once('/').unwrap_or((resource, ""));
    let subresource = format!("--subresource={part}");
    let mut asked = vec!["auth", "can-i", verb, &account, "--namespace", "tenant-acme"];
    match (kind, part) {
        (_, "") => asked.push(kind),
        ("secrets", _) => asked.push(resource),
        _ => asked.extend([kind, &subresource]),
    }
    // It fails when the answer is no, which it prints, and so does a question that it does not understand.
    match cluster.run(&asked, "").await {
        Ok(answer) => answer.trim() == "yes",
        Err(answer) => {
            assert!(answer.contains(": no"), "{answer}");
            false
        }
    }
}
