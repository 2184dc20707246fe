//! With what a registry lets an image be pulled.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bollard::auth::DockerCredentials;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use serde::Deserialize;

use crate::{Result, object};

/// The key of a Secret of the type `kubernetes.io/dockerconfigjson`.
/// <https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets>
const DOCKER_CONFIG: &str = ".dockerconfigjson";
/// How that file calls the registry of images that name none.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// A file `config.json` of Docker, as far as it concerns registries.
#[derive(Deserialize)]
struct DockerConfig {
    #[serde(default)]
    auths: HashMap<String, Auth>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
struct Auth {
    username: Option<String>,
    password: Option<String>,
    /// `user:password` in base64.
    #[serde(rename = "auth")]
    pair: Option<String>,
    identitytoken: Option<String>,
}

/// What the first of the Secrets that know the image's registry has for it.
pub(super) async fn credentials(
    client: &Client,
    namespace: &str,
    secrets: &[String],
    image: &str,
) -> Result<Option<DockerCredentials>> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    for name in secrets {
        let Some(secret) = api.get_opt(name).await.map_err(object::failed)? else {
            tracing::warn!(namespace, name, "a Secret that images are pulled with is missing");
            continue;
        };
        let config = secret.data.as_ref().and_then(|data| data.get(DOCKER_CONFIG));
        let parsed = config.and_then(|config| serde_json::from_slice::<DockerConfig>(&config.0).ok());
        let Some(config) = parsed else {
            tracing::warn!(namespace, name, "a Secret that images are pulled with has no {DOCKER_CONFIG} that is one");
            continue;
        };
        if let Some(found) = of(&config, registry(image)) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The registry that an image names, or that of those which name none.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => DOCKER_HUB,
    }
}

fn of(config: &DockerConfig, registry: &str) -> Option<DockerCredentials> {
    let bare = |name: &str| {
        let name = name.trim_start_matches("https://").trim_start_matches("http://");
        name.split_once('/').map_or(name, |(host, _)| host).to_owned()
    };
    let (name, auth) = config.auths.iter().find(|(name, _)| bare(name) == bare(registry))?;
    let pair = auth.pair.as_ref().and_then(|pair| {
        let text = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
        text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    });
    let (username, password) = match (&auth.username, &auth.password) {
        (Some(username), Some(password)) => (Some(username.clone()), Some(password.clone())),
        _ => pair.unzip(),
    };
    Some(DockerCredentials {
        username,
        password,
        identitytoken: auth.identitytoken.clone(),
        serveraddress: Some(name.clone()),
        ..DockerCredentials::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_registry_is_the_first_part_that_looks_like_a_host() {
        for (image, expected) in [
            ("crm:1.4.0", DOCKER_HUB),
            ("plexica/crm:1.4.0", DOCKER_HUB),
            ("registry.example/plexica/crm:1.4.0", "registry.example"),
            ("registry:5000/crm", "registry:5000"),
            ("localhost/crm", "localhost"),
        ] {
            assert_eq!(registry(image), expected, "{image}");
        }
    }

    #[test]
    fn credentials_in_each_form_that_kubectl_and_docker_write() {
        let config: DockerConfig = serde_json::from_value(json!({ "auths": {
            "https://index.docker.io/v1/": { "username": "ada", "password": "secret" },
            "registry.example": { "auth": STANDARD.encode("ada:a:b") },
            "https://other.example": { "identitytoken": "t" },
        }}))
        .unwrap();
        let found =
            |registry: &str| of(&config, registry).map(|found| (found.username, found.password, found.identitytoken));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(found(DOCKER_HUB), Some((text("ada"), text("secret"), None)));
        assert_eq!(found("registry.example"), Some((text("ada"), text("a:b"), None)));
        assert_eq!(found("other.example"), Some((None, None, text("t"))));
        assert_eq!(found("elsewhere.example"), None);
    }
}
