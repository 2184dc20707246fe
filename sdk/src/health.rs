//! `/_plexica/health`: the process, and with `?tenant=` one tenant.

use std::sync::{Arc, atomic::Ordering};

use axum::Extension;
use plexica_contract::name::Slug;
use serde::{Deserialize, Serialize};

use crate::{Error, Json, Query, Result, host::Host, migration};

#[derive(Deserialize)]
pub(crate) struct Asked {
    tenant: Option<Slug>,
}

/// The body of a 200.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    status: &'static str,
    plugin: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<Slug>,
}

/// The process is well while it answers: a database that is away is no reason to restart it. A
/// tenant is well when its schema can be reached under its role and has what this version stands on.
pub(crate) async fn health(
    Extension(host): Extension<Arc<Host>>,
    Query(Asked { tenant }): Query<Asked>,
) -> Result<Json<Health>> {
    if host.draining.load(Ordering::Relaxed) {
        return Err(Error::unavailable("The plugin is stopping.").answering());
    }
    if let Some(slug) = &tenant {
        let known = host.tenants.find(slug).await?;
        let mut db = host.database.begin(&known).await?;
        if !migration::is_current(&mut db, &known, &host.version, &host.migrations).await? {
            return Err(Error::unavailable("The tenant's schema is not one that this version can serve."));
        }
    }
    Ok(Json(Health { status: "ok", plugin: host.id.to_string(), version: host.version.to_string(), tenant }))
}
