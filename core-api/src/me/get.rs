//! Who is calling.

use plexica_contract::name::Slug;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{access::AnyUser, http::Json};

/// The caller, as this API sees them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The user's id in the realm.
    sub: String,
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The tenant; absent for the platform's own users.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    tenant: Option<Slug>,
    /// Roles in the realm.
    roles: Vec<String>,
    /// Whether the caller administers the platform.
    super_admin: bool,
}

/// Who is calling
///
/// What the caller's token says, for consoles that show and hide by it.
#[utoipa::path(get, path = "/api/v1/me", tag = "me", responses((status = 200, body = Me)))]
pub async fn get(AnyUser(user): AnyUser) -> Json<Me> {
    let super_admin = user.is_super_admin();
    Json(Me {
        sub: user.sub,
        username: user.username,
        email: user.email,
        tenant: user.tenant,
        roles: user.roles,
        super_admin,
    })
}
