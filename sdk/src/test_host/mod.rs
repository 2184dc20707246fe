//! The plugin in-process, on a real Postgres, with a platform around it: for tests.
//!
//! ```no_run
//! # use plexica_sdk::prelude::*;
//! use plexica_sdk::TestHost;
//! use serde_json::json;
//!
//! # fn plugin() -> Plugin { Plugin::new(Manifest::new("crm", "1.0.0")) }
//! # async fn test() {
//! let host = TestHost::start(plugin()).await; // DATABASE_URL: a Postgres it may make roles in
//! let acme = host.install("acme").await;
//! let ada = acme.as_user(["crm:contacts:read", "crm:contacts:write"]);
//!
//! let created = ada.post("/contacts", json!({ "name": "Grace" })).await.expect(201);
//! let contact = ada.get(&format!("/contacts/{}", created["id"].as_str().unwrap())).await.expect(200);
//! assert_eq!(contact["name"], "Grace");
//! # }
//! ```
//!
//! Roles, schemas and tokens are what the platform makes: what is refused here is refused there.

// A test helper fails the test: that is its way of reporting.
#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

mod answer;
mod client;
mod database;
mod platform;
mod tenant;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use plexica_contract::{
    Secret,
    lifecycle::{Action, Request},
    manifest::Manifest,
    name::PluginId,
    path,
    tenancy::{PluginTenant, environment as variable},
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Plugin, RunError, environment::Environment, host, migration, serve};

pub use answer::Answer;
pub use client::Client;
pub use platform::Platform;
pub use tenant::TestTenant;

use database::TestDatabase;

/// Names the Postgres to use, when the test does not.
const DATABASE_URL: &str = "DATABASE_URL";

/// A running plugin. What it made in Postgres is removed when this is dropped.
pub struct TestHost {
    manifest: Manifest,
    address: SocketAddr,
    http: reqwest::Client,
    platform: Arc<Platform>,
    database: Arc<TestDatabase>,
    serving: JoinHandle<Result<(), RunError>>,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

impl TestHost {
    /// Starts the plugin on the Postgres of `DATABASE_URL`: a superuser, or a role that may create
    /// roles and schemas.
    ///
    /// # Panics
    /// When the plugin is none, or the Postgres cannot be used.
    pub async fn start(plugin: Plugin) -> Self {
        let url = std::env::var(DATABASE_URL).expect("DATABASE_URL names a Postgres for the test");
        Self::start_on(plugin, &url).await
    }

    /// Starts the plugin on this Postgres.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_on(plugin: Plugin, database_url: &str) -> Self {
        let id = plugin.manifest().unwrap_or_else(|error| panic!("{error}")).id;
        let database = Arc::new(TestDatabase::new(database_url, &id).await);
        Self::run(plugin, Platform::start(&id).await, database).await
    }

    /// A second process of the same platform, with the same tenants and login: another replica, or
    /// another version during an upgrade.
    ///
    /// # Panics
    /// When the plugin is none.
    pub async fn another_process(&self, plugin: Plugin) -> Self {
        Self::run(plugin, self.platform.clone(), self.database.clone()).await
    }

    async fn run(plugin: Plugin, platform: Arc<Platform>, database: Arc<TestDatabase>) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let parts = plugin.parts().unwrap_or_else(|error| panic!("{error}"));
        migration::check(&parts.migrations).unwrap_or_else(|error| panic!("{error}"));
        let manifest = parts.manifest.clone();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let environment = Environment {
            installation: platform::INSTALLATION.to_owned(),
            platform_url: platform.url(),
            credential_user: platform.credential_user().to_owned(),
            credential_password: Secret::new(platform.credential_password()),
            keys: platform.public_keys(),
            database_url: database.plugin_url(),
            listen: address,
            shutdown_delay: std::time::Duration::ZERO,
            ca_bundle: None,
            restart: 0,
        };
        let (host, app) = host::assemble(parts, &environment).unwrap_or_else(|error| panic!("{error}"));
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve::serve(listener, host, app, stop.clone().cancelled_owned()));
        let http = reqwest::Client::builder().tls_certs_only([]).build().expect("an HTTP client");
        Self { manifest, address, http, platform, database, serving, _stop_on_drop: stop.clone().drop_guard(), stop }
    }

    /// Installs the plugin for a tenant, as the platform does, with an empty configuration.
    ///
    /// # Panics
    /// When the plugin does not answer 200.
    pub async fn install(&self, slug: &str) -> TestTenant<'_> {
        self.install_with(slug, Value::Object(serde_json::Map::new())).await
    }

    /// Installs the plugin for a tenant with this configuration.
    ///
    /// # Panics
    /// When the plugin does not answer 200.
    pub async fn install_with(&self, slug: &str, config: Value) -> TestTenant<'_> {
        let known = self.prepare(slug, config).await;
        let request = self.request(Action::Install, known.clone());
        self.lifecycle(&request).await.expect(200);
        self.platform.list(known.clone());
        TestTenant::new(self, known)
    }

    /// Makes role and schema for a tenant, and asks the plugin nothing yet.
    pub async fn prepare(&self, slug: &str, config: Value) -> PluginTenant {
        let tenant = slug.parse().unwrap_or_else(|why| panic!("the slug {slug:?} {why}"));
        let (schema, role) = self.database.make(&tenant, &self.manifest.id).await;
        PluginTenant {
            tenant,
            schema,
            role,
            config,
            since_restart: None,
            features: Vec::new(),
            enabled: true,
            suspended: false,
        }
    }

    /// The lifecycle request the operator would send.
    pub fn request(&self, action: Action, parameters: PluginTenant) -> Request {
        Request {
            action,
            tenant: parameters.tenant.clone(),
            from_version: None,
            to_version: self.manifest.version.clone(),
            previous_config: None,
            parameters,
        }
    }

    /// Sends a lifecycle request with a token made for it.
    pub async fn lifecycle(&self, request: &Request) -> Answer {
        let body = serde_json::to_vec(request).expect("a request is JSON");
        let token = self.platform.lifecycle_token(&self.manifest.id, &request.tenant, Some(&body));
        let call = self.http.post(self.url(path::LIFECYCLE)).bearer_auth(token);
        Answer::of(call.header("content-type", "application/json").body(body)).await
    }

    /// An HTTP request to the plugin without a token, to say what [`Client`] cannot.
    pub fn http(&self, method: http::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// The platform around it: tokens of every kind, and its outages.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// The plugin's id.
    pub fn id(&self) -> &PluginId {
        &self.manifest.id
    }

    /// The URL of the login that the plugin has.
    pub fn login_url(&self) -> String {
        self.database.plugin_url().reveal().to_owned()
    }

    /// The environment variables that the platform would start the plugin's process with, for tests
    /// of the program itself.
    pub fn environment(&self, listen: SocketAddr) -> BTreeMap<&'static str, String> {
        let keys = serde_json::to_string(&self.platform.public_keys()).expect("keys are JSON");
        BTreeMap::from([
            (variable::PLUGIN_ID, self.manifest.id.to_string()),
            (variable::PLUGIN_VERSION, self.manifest.version.to_string()),
            (variable::INSTALLATION, platform::INSTALLATION.to_owned()),
            (variable::PLATFORM_URL, self.platform.url().to_string()),
            (variable::CREDENTIAL_USER, self.platform.credential_user().to_owned()),
            (variable::CREDENTIAL_PASSWORD, self.platform.credential_password().to_owned()),
            (variable::PLATFORM_KEYS, keys),
            (variable::DATABASE_URL, self.login_url()),
            (variable::LISTEN, listen.to_string()),
        ])
    }

    /// Tells the plugin to stop, as SIGTERM does.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until it has stopped, as the end of the process would be waited for.
    ///
    /// # Panics
    /// When it did not end well.
    pub async fn stopped(self) {
        self.stop();
        self.serving.await.expect("no panic").unwrap_or_else(|error| panic!("{error}"));
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl std::fmt::Debug for TestHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestHost").field("address", &self.address).finish_non_exhaustive()
    }
}
