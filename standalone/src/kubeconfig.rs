//! The file that kubectl and kube-rs read to find the server.

use base64::Engine;
use serde_json::json;

/// The text of a kubeconfig for one token.
pub fn kubeconfig(server: &str, ca_pem: &str, user: &str, secret: &str) -> String {
    let authority = base64::engine::general_purpose::STANDARD.encode(ca_pem);
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "plexica",
            "cluster": {"server": server, "certificate-authority-data": authority},
        }],
        "users": [{"name": user, "user": {"token": secret}}],
        "contexts": [{
            "name": "plexica",
            "context": {"cluster": "plexica", "user": user, "namespace": "default"},
        }],
        "current-context": "plexica",
    });
    serde_saphyr::to_string(&config).unwrap_or_else(|_| config.to_string())
}
