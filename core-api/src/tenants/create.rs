//! A new tenant.

use axum::extract::State;
use http::StatusCode;
use kube::{Api, api::PostParams};
use plexica_contract::name::{NameError, Slug};
use plexica_crds::{Tenant, TenantSpec};
use serde::Deserialize;
use utoipa::ToSchema;

use super::View;
use crate::{
    access::SuperAdmin,
    http::{ApiError, Etagged, Json},
    openapi::{Failures, schema},
    state::Shared,
};

/// A tenant to make.
#[derive(Deserialize, ToSchema)]
pub struct NewTenant {
    /// The slug: at most 24 lower-case letters, digits and single dashes. It cannot be changed.
    name: String,
    /// What it should be.
    #[schema(schema_with = schema::tenant_spec)]
    spec: TenantSpec,
}

/// Create a tenant
///
/// For super-admins. The operator provisions it; its `status` says how far it is.
#[utoipa::path(
    post, path = "/api/v1/tenants", tag = "tenants",
    request_body = NewTenant,
    responses((status = 201, body = View), Failures),
)]
pub async fn create(
    SuperAdmin(user): SuperAdmin,
    State(state): State<Shared>,
    Json(new): Json<NewTenant>,
) -> Result<Etagged<View>, ApiError> {
    // The API server refuses it too; but this names the field and says which rule.
    let slug: Slug = new.name.parse().map_err(|error: NameError| ApiError::unprocessable("name", error.to_string()))?;
    let tenant = Tenant::new(slug.as_str(), new.spec);
    let made = Api::all(state.client.clone()).create(&PostParams::default(), &tenant).await?;
    tracing::info!(by = user.sub, tenant = new.name, "tenant created");
    Ok(View::etagged(StatusCode::CREATED, made))
}
