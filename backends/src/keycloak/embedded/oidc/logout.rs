//! Ending a session.

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::fault::Fault;
use super::super::server::App;
use super::super::store::Realm;
use super::caller::Credentials;
use super::form::Form;
use super::grant::split;
use super::{issuer, page, realm, redirect};

/// By a client that has the refresh token.
pub async fn end(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Result<StatusCode, Fault> {
    let realm = realm(&app, &name).await?;
    let form = Form::parse(&body)?;
    let token = form.need("refresh_token", "No refresh token")?;
    if end_session(&app, &realm, &Credentials::read(&headers, &form)?, token).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Fault::oauth("invalid_grant", "Invalid refresh token"))
    }
}

/// [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009): a token that is not there is revoked. Access
/// tokens of others end by themselves, within minutes.
pub async fn revoke(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Result<StatusCode, Fault> {
    let realm = realm(&app, &name).await?;
    let form = Form::parse(&body)?;
    let token = form.need("token", "Token not provided")?;
    end_session(&app, &realm, &Credentials::read(&headers, &form)?, token).await?;
    Ok(StatusCode::OK)
}

async fn end_session(app: &App, realm: &Realm, caller: &Credentials, token: &str) -> Result<bool, Fault> {
    let client = caller.client(app, &realm.name).await?;
    let Some((id, _)) = split(token) else { return Ok(false) };
    let session = app.store.session(&realm.name, id).await?;
    let theirs = session.is_some_and(|session| session.client_id == client.name);
    if theirs {
        app.store.end(&realm.name, id).await?;
    }
    Ok(theirs)
}

/// By a browser that has the ID token: ends its session, and sends it back if the client says where.
pub async fn page(
    State(app): State<App>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let realm = realm(&app, &name).await?;
    let form = Form::parse(&query.unwrap_or_default())?;
    let signed_out = || page::sentence(StatusCode::OK, "You are signed out.");
    let Some(hint) = form.get("id_token_hint") else {
        return Ok(page::sentence(StatusCode::BAD_REQUEST, "Missing parameters: id_token_hint"));
    };
    let Some(claims) = realm.key()?.verify(hint, &issuer(&app, &realm.name)) else { return Ok(signed_out()) };
    if let Some(session) = claims["sid"].as_str().and_then(|text| text.parse().ok()) {
        app.store.end(&realm.name, session).await?;
    }
    let client = app.store.client(&realm.name, claims["azp"].as_str().unwrap_or_default()).await?;
    let to = form.get("post_logout_redirect_uri");
    let to = to.filter(|uri| client.as_ref().is_some_and(|client| redirect::allowed(client, uri)));
    let state: Vec<(&str, &str)> = form.get("state").map(|state| ("state", state)).into_iter().collect();
    Ok(match to.and_then(|uri| redirect::with(uri, false, &state)) {
        Some(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        None => signed_out(),
    })
}
