//! What the chart's service accounts may not do, as the API server says.

use plexica_e2e::kubectl::NAMESPACE;

use crate::cluster::Cluster;

/// A verb, and what it is done to.
type Right = [&'static str; 2];

/// Has no Role of the platform's.
const OF_TENANT: &str = "tenant-acme";
/// What no component may do in a tenant's namespace, nor beyond namespaces: each would lead to more than it has.
const NOBODY: [Right; 21] = [
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

/// What a component may not do besides, and what it may, so that one that is called otherwise would be noticed. With
/// `dedicatedPlugins: false` the operator may read Secrets of its own fixed names alone.
const BESIDES: [(&str, Right, &[Right]); 3] = [
    (
        "operator",
        ["get", "secrets/plexica-identity"],
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
        ["create", "tenants"],
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
        ["list", "plugininstalls"],
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

/// Who may list the platform's own Secrets in the platform's namespace.
const KEEPS_SECRETS: &str = "operator";

/// All of that is refused, and what each may do is not; `dedicatedPlugins` is to be off.
pub async fn are_least(cluster: &Cluster) {
    for (component, allowed, besides) in BESIDES {
        let [verb, resource] = allowed;
        assert!(may(cluster, component, OF_TENANT, verb, resource).await, "{component} may not {verb} {resource}");
        for [verb, resource] in NOBODY.iter().chain(besides) {
            let is = may(cluster, component, OF_TENANT, verb, resource).await;
            assert!(!is, "{component} may {verb} {resource} in {OF_TENANT}");
        }
        for [verb, resource] in NOBODY.iter().filter(|[_, what]| component != KEEPS_SECRETS || *what != "secrets") {
            let is = may(cluster, component, NAMESPACE, verb, resource).await;
            assert!(!is, "{component} may {verb} {resource} in {NAMESPACE}");
        }
    }
}

/// What follows a `/` is a subresource, or a Secret's name.
async fn may(cluster: &Cluster, component: &str, namespace: &str, verb: &str, resource: &str) -> bool {
    let account = format!("--as=system:serviceaccount:{NAMESPACE}:plexica-{component}");
    let (kind, part) = resource.split_once('/').unwrap_or((resource, ""));
    let subresource = format!("--subresource={part}");
    let mut asked = vec!["auth", "can-i", verb, &account, "--namespace", namespace];
    match (kind, part) {
        (_, "") => asked.push(kind),
        ("secrets", _) => asked.push(resource),
        _ => asked.extend([kind, &subresource]),
    }
    // It fails when the answer is no, which it prints, and so does a question that it does not understand.
    match cluster.run(&asked, "").await {
        Ok(answer) => answer.trim() == "yes",
        Err(answer) => {
            let is_understood = answer.contains(": no\n") && !answer.contains("doesn't have a resource type");
            assert!(is_understood, "{answer}");
            false
        }
    }
}
