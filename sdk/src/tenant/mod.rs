//! The tenant a request is for.

mod registry;
mod roster;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use plexica_contract::{name::Slug, tenancy::PluginTenant};
use serde::de::DeserializeOwned;

use crate::{Db, Error, Result, caller, database::Database};

pub(crate) use registry::Registry;

/// The tenant a request is for: an extractor.
///
/// It comes from the caller's token, never from anything the caller may choose, and what it gives
/// access to is this tenant's alone.
#[derive(Clone)]
pub struct Tenant {
    known: Arc<PluginTenant>,
    database: Database,
}

impl Tenant {
    pub(crate) fn new(known: Arc<PluginTenant>, database: Database) -> Self {
        Self { known, database }
    }

    /// Its name.
    pub fn slug(&self) -> &Slug {
        &self.known.tenant
    }

    /// A transaction in the tenant's schema, under the tenant's own role: tables need no prefix,
    /// and another tenant's cannot be reached. What is not committed is rolled back.
    ///
    /// # Errors
    /// 503 when the database cannot be reached.
    pub async fn db(&self) -> Result<Db> {
        self.database.begin(&self.known).await
    }

    /// Whether the tenant's plan has this word among its features.
    pub fn has_feature(&self, feature: &str) -> bool {
        self.known.features.iter().any(|word| word == feature)
    }

    /// How the tenant configured the plugin. The platform has checked it against the manifest's
    /// schema; fields added since the last install need a `#[serde(default)]`.
    ///
    /// # Errors
    /// 500 when it does not fit the type.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T> {
        serde_path_to_error::deserialize(&self.known.config).map_err(Error::internal)
    }
}

impl std::fmt::Debug for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tenant").field("slug", self.slug()).finish_non_exhaustive()
    }
}

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let caller = caller::authenticate(parts).await?;
        let host = caller::host(parts)?;
        let known = host.tenants.find(&caller.tenant).await?;
        if !known.enabled {
            return Err(Error::not_found());
        }
        Ok(Self::new(known, host.database.clone()))
    }
}
