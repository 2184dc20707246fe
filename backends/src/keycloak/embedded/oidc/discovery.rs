//! What clients read before they call.

use axum::Json;
use axum::extract::{Path, State};
use jsonwebtoken::jwk::JwkSet;
use serde_json::{Value, json};

use super::super::fault::Fault;
use super::super::server::App;
use super::issuer;

/// The realm's own page.
pub async fn realm(State(app): State<App>, Path(realm): Path<String>) -> Result<Json<Value>, Fault> {
    let realm = super::realm(&app, &realm).await?.name;
    let issuer = issuer(&app, &realm);
    Ok(Json(json!({ "realm": realm, "token-service": format!("{issuer}/protocol/openid-connect") })))
}

/// [OpenID Connect Discovery](https://openid.net/specs/openid-connect-discovery-1_0.html).
pub async fn configuration(State(app): State<App>, Path(realm): Path<String>) -> Result<Json<Value>, Fault> {
    let realm = super::realm(&app, &realm).await?.name;
    let issuer = issuer(&app, &realm);
    let at = |path: &str| format!("{issuer}/protocol/openid-connect/{path}");
    Ok(Json(json!({
        "issuer": issuer,
        "authorization_endpoint": at("auth"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "end_session_endpoint": at("logout"),
        "revocation_endpoint": at("revoke"),
        "jwks_uri": at("certs"),
        "grant_types_supported": [
            "authorization_code", "client_credentials", "password", "refresh_token",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "name", "given_name", "family_name",
            "preferred_username", "email", "email_verified"],
        "authorization_response_iss_parameter_supported": true,
    })))
}

/// The realm's public keys.
pub async fn certs(State(app): State<App>, Path(realm): Path<String>) -> Result<Json<JwkSet>, Fault> {
    Ok(Json(super::realm(&app, &realm).await?.key()?.jwks()))
}
