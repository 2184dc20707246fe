//! The plugin while it runs: what every request may need.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use axum::{Extension, Router, extract::DefaultBodyLimit, middleware, routing};
use plexica_contract::{
    manifest::{Manifest, Reload},
    name::{PluginId, PluginVersion},
    path,
    token::Audience,
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Error, RunError, correlation,
    database::{Database, Timeouts},
    environment::Environment,
    health,
    keys::Keys,
    lifecycle::{self, Hooks, Operations},
    migration::Migrations,
    panic,
    platform::Platform,
    tenant::Registry,
};

/// How much a plugin takes, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body of a request, in bytes.
    pub body: usize,
    /// How long one statement of a handler may run.
    pub statement: Duration,
    /// How many database connections it opens at most, for all tenants together. Lifecycle calls
    /// (migrations, hooks) are done half as many at a time, so that requests find one free.
    pub connections: u32,
    /// How long a lifecycle call waits before it answers 202.
    pub lifecycle_wait: Duration,
    /// How long the plugin may take to stop, all in all: the time it goes on taking connections (the
    /// platform says how long: `PLEXICA_SHUTDOWN_DELAY`), then that of requests being answered.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1024 * 1024,
            statement: Duration::from_secs(15),
            connections: 8,
            lifecycle_wait: Duration::from_secs(5),
            // Kubernetes kills after 30 s.
            drain: Duration::from_secs(25),
        }
    }
}

/// What the author gave.
pub(crate) struct Parts {
    pub(crate) manifest: Manifest,
    pub(crate) router: Router,
    pub(crate) migrations: Migrations,
    pub(crate) hooks: Hooks,
    pub(crate) limits: Limits,
}

pub(crate) struct Host {
    pub(crate) id: PluginId,
    pub(crate) version: PluginVersion,
    /// How another configuration comes into force.
    pub(crate) reload: Reload,
    pub(crate) limits: Limits,
    pub(crate) keys: Keys,
    pub(crate) tenants: Registry,
    pub(crate) database: Database,
    pub(crate) migrations: Migrations,
    pub(crate) hooks: Hooks,
    pub(crate) operations: Operations,
    /// How long it goes on taking connections when it is told to stop.
    pub(crate) shutdown_delay: Duration,
    /// No new work: the process is about to end.
    pub(crate) draining: AtomicBool,
}

/// Puts the plugin together with what the platform gave it.
pub(crate) fn assemble(parts: Parts, environment: &Environment) -> Result<(Arc<Host>, Router), RunError> {
    let Parts { manifest, router, migrations, hooks, limits } = parts;
    let Manifest { id, version, configuration, .. } = manifest;
    let reload = configuration.map(|configuration| configuration.reload).unwrap_or_default();
    let platform =
        Arc::new(Platform::new(environment, &version).map_err(|error| RunError::Platform(error.to_string()))?);
    let audience = Audience::Plugin(id.clone());
    let timeouts = Timeouts {
        statement: limits.statement,
        lock: limits.statement.min(Duration::from_secs(5)),
        idle: Duration::from_mins(1),
    };
    let database = Database::open(
        &environment.database_url,
        &format!("plugin-{id}"),
        environment.ca_bundle.as_deref(),
        limits.connections,
        timeouts,
    )?;
    let host = Arc::new(Host {
        keys: Keys::new(environment.installation.clone(), audience, &environment.keys, platform.clone()),
        tenants: Registry::new(platform, reload, environment.restart),
        id,
        version,
        reload,
        limits,
        shutdown_delay: environment.shutdown_delay.min(limits.drain),
        database,
        migrations,
        hooks,
        operations: Operations::new(limits.connections),
        draining: AtomicBool::new(false),
    });
    let app = app(router, host.clone());
    Ok((host, app))
}

/// The author's routes and the platform's, inside the layers that every request passes.
fn app(routes: Router, host: Arc<Host>) -> Router {
    let body = host.limits.body;
    routes
        .route(path::LIFECYCLE, routing::post(lifecycle::call))
        .route(&format!("{}/{{id}}", path::LIFECYCLE), routing::get(lifecycle::poll))
        .route(path::HEALTH, routing::get(health::health))
        .fallback(async || Error::not_found())
        .method_not_allowed_fallback(async || {
            Error::new(
                plexica_contract::error::Code::MethodNotAllowed,
                "This address does not take this method; the header allow says which it takes.",
            )
        })
        // The innermost comes first. Panics are caught inside the correlation id's scope, so that
        // the answer carries it.
        .layer(DefaultBodyLimit::max(body))
        .layer(CatchPanicLayer::custom(panic::answer))
        .layer(Extension(host))
        .layer(middleware::from_fn(correlation::layer))
}
