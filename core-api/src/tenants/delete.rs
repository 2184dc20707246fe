//! A tenant to be removed.

use axum::extract::{Query, State, rejection::QueryRejection};
use http::StatusCode;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, Preconditions},
};
use plexica_crds::{Tenant, label::CONFIRM_DELETION, tenant::DeletionPolicy};
use serde::Deserialize;
use serde_json::json;

use crate::{
    access::SuperAdmin,
    http::{ApiError, IfMatch, ResourceName},
    openapi::Failures,
    state::Shared,
};

/// Parameters of the request.
#[derive(Debug, Deserialize)]
pub struct Parameters {
    confirm: Option<String>,
}

/// Delete a tenant
///
/// For super-admins. What happens to its data is said by `spec.deletionPolicy`: `Retain` keeps it;
/// `Delete` removes it for good, and then the request must confirm it with the tenant's name.
/// The operator does it in the background; until it is done the tenant shows `deleting`.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{name}", tag = "tenants",
    params(
        ("name" = String, Path, description = "The slug"),
        ("confirm" = Option<String>, Query, description = "The slug once more, if the data is to go"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was read"),
    ),
    responses((status = 202, description = "It is being deleted"), Failures),
)]
pub async fn delete(
    SuperAdmin(user): SuperAdmin,
    State(state): State<Shared>,
    ResourceName(name): ResourceName,
    IfMatch(version): IfMatch,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<StatusCode, ApiError> {
    let Query(Parameters { confirm }) = parameters.map_err(|error| ApiError::bad_field("query", error.body_text()))?;
    let api = Api::<Tenant>::all(state.client.clone());
    let tenant = api.get(&name).await?;
    let version = if tenant.spec.deletion_policy == DeletionPolicy::Delete {
        if confirm.as_ref() != Some(&name) {
            let message = format!("its data would go for good: say ?confirm={name}, or set deletionPolicy to Retain");
            return Err(ApiError::unprocessable("confirm", message));
        }
        // That it is what the caller read is settled here; the operator may write its status meanwhile.
        let mut patch =
            json!({ "metadata": { "uid": tenant.metadata.uid, "annotations": { CONFIRM_DELETION: name } } });
        if let Some(version) = version {
            patch["metadata"]["resourceVersion"] = json!(version);
        }
        api.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
        None
    } else {
        version
    };
    let preconditions = Some(Preconditions { resource_version: version, uid: tenant.metadata.uid });
    api.delete(&name, &DeleteParams { preconditions, ..DeleteParams::default() }).await?;
    tracing::info!(by = user.sub, tenant = name, "tenant deleted");
    Ok(StatusCode::ACCEPTED)
}
