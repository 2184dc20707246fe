//! Who a token is about.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use super::super::fault::Fault;
use super::super::server::App;
use super::super::store::Account;
use super::{issuer, open_realm, token};

/// Claims about the user of an access token with scope `openid` whose session goes on.
pub async fn read(
    State(app): State<App>,
    Path(realm): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Map<String, Value>>, Fault> {
    let realm = open_realm(&app, &realm).await?;
    let invalid = || Fault::unauthorized("invalid_token", "Token verification failed");
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let text = bearer.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(invalid)?;
    let claims = realm.key()?.verify(text, &issuer(&app, &realm.name)).ok_or_else(invalid)?;
    if claims["typ"] != "Bearer" {
        return Err(invalid());
    }
    let scope = claims["scope"].as_str().unwrap_or_default();
    if !scope.split(' ').any(|scope| scope == "openid") {
        return Err(Fault::OAuth {
            status: StatusCode::FORBIDDEN,
            error: "insufficient_scope",
            description: "Missing openid scope",
        });
    }
    let id = |claim: &str| claims[claim].as_str().and_then(|text| text.parse().ok());
    if let Some(session) = id("sid") {
        app.store.session(&realm.name, session).await?.ok_or_else(invalid)?;
    }
    let account = app.store.account(&realm.name, id("sub").ok_or_else(invalid)?).await?;
    let account = account.filter(Account::enabled).ok_or_else(invalid)?;
    let mut answer = token::profile(&account);
    answer.insert("sub".into(), account.id.to_string().into());
    Ok(Json(answer))
}
