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
/// How the registry of images that name none is called.
const HUBS: [&str; 3] = ["index.docker.io", "docker.io", "registry-1.docker.io"];

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
        if let Some(found) = of(&config, image) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// An image with its registry, as the file names it.
fn full(image: &str) -> String {
    match image.split_once('/') {
        Some((first, rest)) if HUBS.contains(&first) => format!("{}/{rest}", HUBS[0]),
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => image.to_owned(),
        _ => format!("{}/{image}", HUBS[0]),
    }
}

/// What a name of the file stands for: a registry, or a part of one.
fn bare(name: &str) -> String {
    let name = name.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
    let name = name.trim_end_matches("/v1").trim_end_matches("/v2");
    let (host, rest) = name.split_once('/').map_or((name, ""), |(host, _)| (host, &name[host.len()..]));
    if HUBS.contains(&host) { format!("{}{rest}", HUBS[0]) } else { name.to_owned() }
}

/// That of the longest name that the image begins with.
/// <https://kubernetes.io/docs/concepts/containers/images/#config-json>
fn of(config: &DockerConfig, image: &str) -> Option<DockerCredentials> {
    let image = full(image);
    let covers = |name: &str| image.strip_prefix(&bare(name)).is_some_and(|rest| rest.starts_with(['/', ':', '@']));
    let found = config.auths.iter().filter(|(name, _)| covers(name));
    let (name, auth) = found.max_by_key(|(name, _)| (bare(name).len(), name.as_str()))?;
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
            ("crm:1.4.0", "index.docker.io/crm:1.4.0"),
            ("plexica/crm:1.4.0", "index.docker.io/plexica/crm:1.4.0"),
            ("docker.io/plexica/crm:1.4.0", "index.docker.io/plexica/crm:1.4.0"),
            ("registry.example/plexica/crm:1.4.0", "registry.example/plexica/crm:1.4.0"),
            ("registry:5000/crm", "registry:5000/crm"),
            ("localhost/crm", "localhost/crm"),
        ] {
            assert_eq!(full(image), expected, "{image}");
        }
    }

    #[test]
    fn the_longest_name_that_covers_the_image_counts() {
        let auth = |name: &str| json!({ "username": name, "password": "x" });
        let config: DockerConfig = serde_json::from_value(json!({ "auths": {
            "registry.example": auth("all"),
            "registry.example/team-a": auth("a"),
            "https://registry.example/team-b/": auth("b"),
        }}))
        .unwrap();
        for (image, user) in [
            ("registry.example/team-a/crm:1", Some("a")),
            ("registry.example/team-b/crm:1", Some("b")),
            ("registry.example/team-ab/crm:1", Some("all")),
            ("registry.example.com/crm:1", None),
        ] {
            assert_eq!(of(&config, image).and_then(|found| found.username).as_deref(), user, "{image}");
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
        assert_eq!(found("acme/crm"), Some((text("ada"), text("secret"), None)));
        assert_eq!(found("registry.example/crm"), Some((text("ada"), text("a:b"), None)));
        assert_eq!(found("other.example/crm@sha256:00"), Some((None, None, text("t"))));
        assert_eq!(found("elsewhere.example/crm"), None);
    }
}
