//! Brokers: kept and given back; nobody is sent to one.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::fault::Fault;
use super::super::server::App;
use super::super::store::SHOWN;
use super::{ServiceAccount, conflict, created, managed};

pub async fn list(
    _: ServiceAccount,
    State(app): State<App>,
    Path(realm): Path<String>,
) -> Result<Json<Vec<Value>>, Fault> {
    managed(&app, &realm).await?;
    let mut found = app.store.brokers(&realm).await?;
    for secret in found.iter_mut().filter_map(|broker| broker.pointer_mut("/config/clientSecret")) {
        *secret = json!(SHOWN);
    }
    Ok(Json(found))
}

pub async fn create(
    _: ServiceAccount,
    State(app): State<App>,
    Path(realm): Path<String>,
    Json(body): Json<Value>,
) -> Result<Response, Fault> {
    managed(&app, &realm).await?;
    let alias = body["alias"].as_str().filter(|alias| !alias.is_empty()).map(str::to_owned);
    let alias = alias.ok_or_else(|| Fault::admin(StatusCode::BAD_REQUEST, "alias must not be empty"))?;
    let what = format!("Identity Provider {alias}");
    app.store.create_broker(&realm, &alias, &body).await.map_err(|fault| conflict(&what, fault))?;
    Ok(created(&app, &format!("{realm}/identity-provider/instances/{alias}")))
}

pub async fn set(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, alias)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<StatusCode, Fault> {
    managed(&app, &realm).await?;
    app.store.set_broker(&realm, &alias, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn delete(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, alias)): Path<(String, String)>,
) -> Result<StatusCode, Fault> {
    managed(&app, &realm).await?;
    app.store.delete_broker(&realm, &alias).await?;
    Ok(StatusCode::NO_CONTENT)
}
