//! A server of its own for each test.

use std::path::PathBuf;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client};
use plexica_standalone::{Config, EncryptionKey, Server, Tls, Token, serve};
use plexica_testkit::postgres::Database;
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;

pub const SECRET: &str = "a-secret-of-the-test";

/// The kind that tests use, in a group of the given name.
pub fn widgets(group: &str) -> CustomResourceDefinition {
    let text = include_str!("widgets.yaml").replace("GROUP", group);
    serde_saphyr::from_str(&text).expect("a definition")
}

/// A running server with what it needs.
pub struct Running {
    pub server: Server,
    pub folder: tempfile::TempDir,
    pub stop: CancellationToken,
}

impl Running {
    /// Starts a server on the database, with one administrator and the tokens given.
    pub async fn start(database: &Database, crds: Vec<CustomResourceDefinition>, more: Vec<Token>) -> Self {
        plexica_testkit::tls();
        let folder = tempfile::tempdir().expect("a folder");
        let pool =
            PgPoolOptions::new().max_connections(8).connect(database.url().as_str()).await.expect("the database");
        let mut tokens = vec![Token::new("admin", SECRET, vec!["system:masters".into()], vec![])];
        tokens.extend(more);
        let stop = CancellationToken::new();
        let names = ["127.0.0.1".to_owned()];
        let config = Config {
            pool,
            listen: "127.0.0.1:0".parse().expect("an address"),
            tls: Tls::load_or_create(folder.path(), &names).expect("certificates"),
            crds,
            tokens,
            encryption_key: EncryptionKey::from_bytes([42; 32]),
        };
        let server = serve(config, stop.clone()).await.expect("a server");
        Self { server, folder, stop }
    }

    /// The kubeconfig of the administrator, as a file.
    pub fn kubeconfig(&self) -> PathBuf {
        let path = self.folder.path().join("kubeconfig");
        std::fs::write(&path, self.server.kubeconfig("admin", SECRET)).expect("a file");
        path
    }

    /// A client of the administrator.
    pub async fn client(&self) -> Client {
        self.client_of("admin", SECRET).await
    }

    /// A client with a token.
    pub async fn client_of(&self, name: &str, secret: &str) -> Client {
        let kubeconfig = Kubeconfig::from_yaml(&self.server.kubeconfig(name, secret)).expect("YAML");
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a config");
        Client::try_from(config).expect("a client")
    }

    /// Stops and waits for the end.
    pub async fn stop(self) {
        self.stop.cancel();
        self.server.join.await.expect("a quiet end");
    }
}

/// Widgets of a namespace.
pub fn widget_api(client: &Client, group: &str, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), namespace, &widget_kind(group))
}

/// The kind for dynamic clients.
pub fn widget_kind(group: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, "v1", "Widget"), "widgets")
}

/// A widget.
#[allow(clippy::needless_pass_by_value)]
pub fn widget(group: &str, name: &str, spec: Value) -> DynamicObject {
    serde_json::from_value(serde_json::json!({
        "apiVersion": format!("{group}/v1"), "kind": "Widget",
        "metadata": {"name": name}, "spec": spec,
    }))
    .expect("a widget")
}
