//! The part of Keycloak's admin REST API that [`Realms`](super::super::Realms) uses.

mod authentication;
mod broker;
mod client;
mod realm;
mod role;
mod user;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};

use super::fault::Fault;
use super::oidc::issuer;
use super::server::App;
use super::store::{MASTER, Realm};

/// The routes under `/admin`.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/realms", post(realm::create))
        .route("/admin/realms/{realm}", get(realm::read).put(realm::set).delete(realm::delete))
        .route(
            "/admin/realms/{realm}/authentication/required-actions/{alias}",
            get(authentication::action).put(authentication::set_action),
        )
        .route(
            "/admin/realms/{realm}/authentication/flows/{alias}/executions",
            get(authentication::steps).put(authentication::set_step),
        )
        .route("/admin/realms/{realm}/identity-provider/instances", get(broker::list).post(broker::create))
        .route("/admin/realms/{realm}/identity-provider/instances/{alias}", put(broker::set).delete(broker::delete))
        .route("/admin/realms/{realm}/partial-export", post(realm::export))
        .route("/admin/realms/{realm}/clients", get(client::list).post(client::create))
        .route("/admin/realms/{realm}/clients/{id}", put(client::set))
        .route("/admin/realms/{realm}/roles", get(role::list).post(role::create))
        .route("/admin/realms/{realm}/roles/{name}", get(role::read))
        .route("/admin/realms/{realm}/users", get(user::list).post(user::create))
        .route("/admin/realms/{realm}/users/count", get(user::count))
        .route("/admin/realms/{realm}/users/{id}", get(user::read).put(user::set))
        .route("/admin/realms/{realm}/users/{id}/credentials", get(user::credentials))
        .route("/admin/realms/{realm}/users/{id}/reset-password", put(user::set_password))
        .route("/admin/realms/{realm}/users/{id}/groups", get(user::groups))
        .route("/admin/realms/{realm}/users/{id}/role-mappings", get(user::all_roles))
        .route("/admin/realms/{realm}/users/{id}/role-mappings/realm", get(user::roles).post(user::grant))
}

/// Proof that the service account is calling.
pub struct ServiceAccount;

impl FromRequestParts<App> for ServiceAccount {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let refused = || Fault::admin(StatusCode::UNAUTHORIZED, "HTTP 401 Unauthorized");
        let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(refused)?;
        let master = app.store.realm(MASTER).await?.ok_or_else(refused)?;
        let claims = master.key()?.verify(token, &issuer(app, MASTER)).ok_or_else(refused)?;
        if claims["azp"] == app.client_id.as_str() && claims["typ"] == "Bearer" { Ok(Self) } else { Err(refused()) }
    }
}

/// The realm, if the service account may manage it: all but `master`.
async fn managed(app: &App, realm: &str) -> Result<Realm, Fault> {
    if realm == MASTER {
        return Err(Fault::admin(StatusCode::FORBIDDEN, "HTTP 403 Forbidden"));
    }
    app.store.realm(realm).await?.ok_or_else(|| Fault::missing("Realm"))
}

/// 201 with the place of what was made.
fn created(app: &App, path: &str) -> Response {
    (StatusCode::CREATED, [(header::LOCATION, format!("{}/admin/realms/{path}", app.base))]).into_response()
}

/// 409 if something of that name is there.
fn conflict(what: &str, fault: Fault) -> Fault {
    match fault {
        Fault::Database(error) if super::store::is_duplicate(&error) => {
            Fault::admin(StatusCode::CONFLICT, format!("{what} already exists"))
        }
        other => other,
    }
}
