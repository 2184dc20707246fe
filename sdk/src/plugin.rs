//! A plugin, put together.

use std::future::Future;

use include_dir::Dir;
use plexica_contract::{lifecycle::Action, manifest, path};
use serde::Serialize;

use crate::{
    Access, ConfigChange, Lifecycle, Limits, Manifest, ManifestError, Reload, Result, Route, Routes,
    guard::Public,
    host::Parts,
    lifecycle::{ConfigHook, Hooks},
    migration::{MigrationError, Migrations},
};

/// Where the OpenAPI document is served.
const OPENAPI: &str = "/openapi.json";

/// Why a plugin is none yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PluginError {
    /// Its manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Its migrations.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// A route where the platform's are.
    #[error("the route {0:?} is the platform's: {reserved} is not for plugins", reserved = path::PLUGIN_RESERVED)]
    Reserved(String),
    /// The OpenAPI document.
    #[error("the OpenAPI document cannot be written as JSON: {0}")]
    OpenApi(String),
}

/// A plugin: its manifest, its routes, its migrations, its hooks.
///
/// See the [crate's page](crate) for a whole one.
#[must_use = "nothing runs before `run()`"]
pub struct Plugin {
    manifest: Manifest,
    routes: Routes,
    migrations: Result<Migrations, PluginError>,
    openapi: Result<(), PluginError>,
    hooks: Hooks,
    limits: Limits,
}

impl Plugin {
    /// With this manifest.
    pub fn new(manifest: Manifest) -> Self {
        Self {
            manifest,
            routes: Routes::new(),
            migrations: Ok(Migrations::default()),
            openapi: Ok(()),
            hooks: Hooks::default(),
            limits: Limits::default(),
        }
    }

    /// Its HTTP API, below `/api/plugins/<id>` at the gateway. The permissions that routes ask for
    /// become part of the manifest.
    pub fn routes(mut self, routes: Routes) -> Self {
        for route in routes.list() {
            if let Access::Permission(declaration) = route.access {
                self.manifest = self.manifest.declare(declaration);
            }
        }
        self.routes = self.routes.merge(routes);
        self
    }

    /// Its OpenAPI document, served for everybody at `/openapi.json` and named in the manifest.
    pub fn openapi(mut self, document: &impl Serialize) -> Self {
        match serde_json::to_string(document) {
            Ok(json) => {
                let answer = async move |_: Public| ([(http::header::CONTENT_TYPE, "application/json")], json);
                self.routes = self.routes.get(OPENAPI, answer);
                self.manifest = self.manifest.openapi(OPENAPI);
            }
            Err(error) => self.openapi = Err(PluginError::OpenApi(error.to_string())),
        }
        self
    }

    /// Numbered SQL files (`0001_contacts.sql`), run once per tenant, in order, with that tenant's
    /// role, when it is installed or upgraded. Never change a file that has run somewhere.
    ///
    /// The version before serves while they run, and may have to serve again afterwards: they may add
    /// and not take away. What takes away (drops, renames, tightens) goes into a file of its own named
    /// as in `0002_old_names.contract.sql`, which runs when the new version has proved itself.
    ///
    /// ```text
    /// .migrations(&include_dir!("$CARGO_MANIFEST_DIR/migrations"))
    /// ```
    pub fn migrations(mut self, dir: &Dir<'_>) -> Self {
        self.migrations = self.migrations.and_then(|mut files| files.add_dir(dir).map(|()| files).map_err(Into::into));
        self
    }

    /// One migration, as [`migrations`](Self::migrations) has many.
    pub fn migration(mut self, name: &str, sql: &str) -> Self {
        self.migrations =
            self.migrations.and_then(|mut files| files.add(name, sql).map(|()| files).map_err(Into::into));
        self
    }

    /// After the migrations of a tenant's install. Like every hook it may be called again after it
    /// was done or left half-done, so write it to be repeated.
    pub fn on_install<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(Lifecycle) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.on(Action::Install, hook)
    }

    /// After the migrations of a tenant's upgrade: its expand steps. The version before may still
    /// serve, and may come back: see [`on_rollback`](Self::on_rollback).
    pub fn on_upgrade<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(Lifecycle) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.on(Action::Upgrade, hook)
    }

    /// After the contract steps of a tenant's upgrade: no older version comes back any more.
    pub fn on_contract<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(Lifecycle) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.on(Action::Contract, hook)
    }

    /// When a newer version was taken back and this one serves the tenant again.
    pub fn on_rollback<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(Lifecycle) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.on(Action::Rollback, hook)
    }

    /// When a tenant's configuration is to be another. [`Reload`] says when it counts; an error such as
    /// [`Error::invalid`](crate::Error::invalid) refuses it, and the people of the tenant read why.
    ///
    /// It is asked in each process that runs, before the new one counts there: by the operator in
    /// one of them, which alone can refuse. A process that starts has the configuration already.
    pub fn on_config<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(ConfigChange) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Reload>> + Send + 'static,
    {
        self.hooks.config = Some(ConfigHook::new(hook));
        self.manifest = self.manifest.reload(manifest::Reload::Ask);
        self
    }

    /// When a tenant no longer uses the plugin; its data stays.
    pub fn on_disable<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(Lifecycle) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.on(Action::Disable, hook)
    }

    /// Before a tenant's data is removed. Tables need no hook; files and other systems may.
    pub fn on_purge<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(Lifecycle) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.on(Action::Purge, hook)
    }

    /// Other limits than the default ones.
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Every route and who may call it: for a test that none is open by oversight.
    pub fn route_list(&self) -> &[Route] {
        self.routes.list()
    }

    /// The manifest, complete: what stands in the `Plugin` resource as `spec`.
    ///
    /// # Errors
    /// [`ManifestError`] says which part the platform would not take.
    pub fn manifest(&self) -> Result<plexica_contract::manifest::Manifest, ManifestError> {
        let migrations = self.migrations.as_ref().map(Migrations::declarations).unwrap_or_default();
        Ok(plexica_contract::manifest::Manifest { migrations, ..self.manifest.clone().build()? })
    }

    fn on<F, Fut>(mut self, action: Action, hook: F) -> Self
    where
        F: Fn(Lifecycle) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.hooks.set(action, hook);
        self
    }

    /// Checks everything that can be known before it runs.
    pub(crate) fn parts(self) -> Result<Parts, PluginError> {
        let manifest = self.manifest()?;
        self.openapi?;
        let reserved = self.routes.list().iter().find(|route| route.path.starts_with(path::PLUGIN_RESERVED));
        if let Some(route) = reserved {
            return Err(PluginError::Reserved(route.path.clone()));
        }
        Ok(Parts {
            manifest,
            router: self.routes.into_router(),
            migrations: self.migrations?,
            hooks: self.hooks,
            limits: self.limits,
        })
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("manifest", &self.manifest).field("routes", &self.routes).finish_non_exhaustive()
    }
}
