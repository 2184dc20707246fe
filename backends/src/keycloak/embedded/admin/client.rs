//! Clients.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::super::fault::Fault;
use super::super::server::App;
use super::{ServiceAccount, conflict, created, managed};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    client_id: Option<String>,
    search: Option<bool>,
}

pub async fn list(
    _: ServiceAccount,
    State(app): State<App>,
    Path(realm): Path<String>,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<Value>>, Fault> {
    managed(&app, &realm).await?;
    let found = match filter.client_id {
        Some(part) if filter.search == Some(true) => {
            let mut all = app.store.clients(&realm).await?;
            all.retain(|client| client.name.to_lowercase().contains(&part.to_lowercase()));
            all
        }
        Some(id) => app.store.client(&realm, &id).await?.into_iter().collect(),
        None => app.store.clients(&realm).await?,
    };
    Ok(Json(found.into_iter().map(|client| client.body).collect()))
}

pub async fn create(
    _: ServiceAccount,
    State(app): State<App>,
    Path(realm): Path<String>,
    Json(body): Json<Value>,
) -> Result<Response, Fault> {
    managed(&app, &realm).await?;
    let client_id = named(&body)?;
    let what = format!("Client {client_id}");
    let id = app.store.create_client(&realm, body).await.map_err(|fault| conflict(&what, fault))?;
    Ok(created(&app, &format!("{realm}/clients/{id}")))
}

pub async fn set(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, id)): Path<(String, Uuid)>,
    Json(patch): Json<Value>,
) -> Result<StatusCode, Fault> {
    managed(&app, &realm).await?;
    named(&patch)?;
    app.store.set_client(&realm, id, patch).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn named(body: &Value) -> Result<String, Fault> {
    let name = body["clientId"].as_str().filter(|name| !name.is_empty());
    name.map(str::to_owned).ok_or_else(|| Fault::admin(StatusCode::BAD_REQUEST, "clientId must not be empty"))
}
