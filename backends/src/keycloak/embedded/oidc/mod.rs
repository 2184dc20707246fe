//! What clients call: discovery, keys, tokens, sign-in, userinfo, logout.

mod authorize;
mod caller;
mod discovery;
mod form;
mod grant;
mod logout;
mod page;
mod redirect;
mod sign_in;
mod token;
mod userinfo;

use axum::Router;
use axum::http::{HeaderName, StatusCode, header};
use axum::routing::{get, post};

use super::fault::Fault;
use super::server::{App, Shared};
use super::store::Realm;

/// The routes under `/realms`.
pub fn routes() -> Router<App> {
    let at = |path: &str| format!("/realms/{{realm}}/protocol/openid-connect/{path}");
    Router::new()
        .route("/realms/{realm}", get(discovery::realm))
        .route("/realms/{realm}/.well-known/openid-configuration", get(discovery::configuration))
        .route(&at("certs"), get(discovery::certs))
        .route(&at("token"), post(grant::token))
        .route(&at("auth"), get(authorize::ask).post(authorize::answer))
        .route(&at("userinfo"), get(userinfo::read).post(userinfo::read))
        .route(&at("logout"), get(logout::page).post(logout::end))
        .route(&at("revoke"), post(logout::revoke))
}

/// `iss` of a realm's tokens.
pub fn issuer(app: &Shared, realm: &str) -> String {
    format!("{}/realms/{realm}", app.base)
}

/// Answers that must not be kept.
const NO_STORE: [(HeaderName, &str); 2] = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];

/// The realm, if it is there.
async fn realm(app: &App, name: &str) -> Result<Realm, Fault> {
    let missing = Fault::OAuth {
        status: StatusCode::NOT_FOUND,
        error: "Realm does not exist",
        description: "There is no realm of that name",
    };
    app.store.realm(name).await?.ok_or(missing)
}

/// The realm, if it gives tokens.
async fn open_realm(app: &App, name: &str) -> Result<Realm, Fault> {
    let realm = realm(app, name).await?;
    if realm.enabled() {
        Ok(realm)
    } else {
        Err(Fault::OAuth { status: StatusCode::FORBIDDEN, error: "access_denied", description: "Realm not enabled" })
    }
}
