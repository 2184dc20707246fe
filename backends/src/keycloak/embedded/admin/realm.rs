//! Realms.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use keycloak::types::RealmRepresentation;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::fault::Fault;
use super::super::policy::Policy;
use super::super::server::App;
use super::super::store::MASTER;
use super::role::representation;
use super::{ServiceAccount, conflict, created, managed, user};

pub async fn create(
    _: ServiceAccount,
    State(app): State<App>,
    Json(mut whole): Json<RealmRepresentation>,
) -> Result<Response, Fault> {
    let name = whole.realm.clone().unwrap_or_default();
    if name.is_empty() || name.contains(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)) {
        return Err(Fault::admin(StatusCode::BAD_REQUEST, "Realm name must hold letters, digits, -, _ and . alone"));
    }
    // Users that come with their realm are an import: no policy is applied to them.
    let (policy, mut accounts) = (Policy::default(), Vec::new());
    for account in whole.users.take().unwrap_or_default() {
        let roles = account.realm_roles.clone().unwrap_or_default();
        accounts.push(user::account(&app, &policy, account, roles).await?);
    }
    let what = format!("Realm {name}");
    app.store.create_realm(&name, whole, accounts).await.map_err(|fault| conflict(&what, fault))?;
    Ok(created(&app, &name))
}

pub async fn read(_: ServiceAccount, State(app): State<App>, Path(realm): Path<String>) -> Result<Json<Value>, Fault> {
    // What others own is shown as a stub, as Keycloak does.
    if realm == MASTER {
        return Ok(Json(json!({ "realm": MASTER, "displayName": "Keycloak", "bruteForceProtected": false })));
    }
    Ok(Json(managed(&app, &realm).await?.representation()))
}

pub async fn set(
    _: ServiceAccount,
    State(app): State<App>,
    Path(realm): Path<String>,
    Json(patch): Json<RealmRepresentation>,
) -> Result<StatusCode, Fault> {
    managed(&app, &realm).await?;
    let patch = RealmRepresentation { realm: None, id: None, ..patch };
    app.store.set_realm(&realm, serde_json::to_value(patch).map_err(Fault::stored)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    #[serde(default)]
    export_clients: bool,
    #[serde(default)]
    export_groups_and_roles: bool,
}

/// Secrets are told to nobody, as by Keycloak.
pub async fn export(
    _: ServiceAccount,
    State(app): State<App>,
    Path(name): Path<String>,
    Query(exported): Query<Exported>,
) -> Result<Json<Value>, Fault> {
    let realm = managed(&app, &name).await?;
    let mut whole = realm.representation();
    if exported.export_clients {
        let mut clients: Vec<Value> = app.store.clients(&name).await?.into_iter().map(|client| client.body).collect();
        for secret in clients.iter_mut().filter_map(|client| client.get_mut("secret")) {
            *secret = json!("**********");
        }
        whole["clients"] = json!(clients);
    }
    if exported.export_groups_and_roles {
        let roles: Vec<_> = app.store.roles(&name).await?.into_iter().map(representation).collect();
        whole["roles"] = json!({ "realm": roles });
        whole["defaultRoles"] = json!(realm.default_roles);
        whole["groups"] = json!([]);
    }
    Ok(Json(whole))
}

pub async fn delete(_: ServiceAccount, State(app): State<App>, Path(realm): Path<String>) -> Result<StatusCode, Fault> {
    managed(&app, &realm).await?;
    app.store.delete_realm(&realm).await?;
    Ok(StatusCode::NO_CONTENT)
}
