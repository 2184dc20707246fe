//! Realm roles.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use keycloak::types::RoleRepresentation;
use uuid::Uuid;

use super::super::fault::Fault;
use super::super::server::App;
use super::{ServiceAccount, conflict, created, managed};

/// As the admin API shows a role.
pub fn representation((id, name): (Uuid, String)) -> RoleRepresentation {
    RoleRepresentation { id: Some(id.to_string()), name: Some(name), ..RoleRepresentation::default() }
}

pub async fn list(
    _: ServiceAccount,
    State(app): State<App>,
    Path(realm): Path<String>,
) -> Result<Json<Vec<RoleRepresentation>>, Fault> {
    managed(&app, &realm).await?;
    Ok(Json(app.store.roles(&realm).await?.into_iter().map(representation).collect()))
}

pub async fn read(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, name)): Path<(String, String)>,
) -> Result<Json<RoleRepresentation>, Fault> {
    managed(&app, &realm).await?;
    let found = app.store.roles(&realm).await?.into_iter().find(|(_, role)| *role == name);
    found.map(|role| Json(representation(role))).ok_or_else(|| Fault::missing("Role"))
}

pub async fn create(
    _: ServiceAccount,
    State(app): State<App>,
    Path(realm): Path<String>,
    Json(role): Json<RoleRepresentation>,
) -> Result<Response, Fault> {
    managed(&app, &realm).await?;
    let name = role.name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Fault::admin(StatusCode::BAD_REQUEST, "name must not be empty"))?;
    app.store.create_role(&realm, &name).await.map_err(|fault| conflict(&format!("Role {name}"), fault))?;
    Ok(created(&app, &format!("{realm}/roles/{name}")))
}
