//! The token endpoint: one file per grant.

mod client_credentials;
mod code;
mod exchange;
mod password;
mod refresh;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::super::fault::Fault;
use super::super::server::App;
use super::super::store::MASTER;
use super::caller::Credentials;
use super::form::Form;
use super::{NO_STORE, open_realm, token};

pub use refresh::split;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// Gives tokens.
pub async fn token(
    State(app): State<App>,
    Path(realm): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Fault> {
    let realm = open_realm(&app, &realm).await?;
    let form = Form::parse(&body)?;
    let grant = form.need("grant_type", "Missing form parameter: grant_type")?;
    let caller = Credentials::read(&headers, &form)?;
    let answer = match grant {
        "client_credentials" if realm.name == MASTER => {
            if !caller.are_service_account(&app) {
                let description = "Invalid client or Invalid client credentials";
                return Err(Fault::unauthorized("unauthorized_client", description));
            }
            token::for_service_account(&app, &realm)?
        }
        EXCHANGE => exchange::exchange(&app, &realm, &caller, &form).await?,
        "client_credentials" => client_credentials::give(&app, &realm, &caller, &form).await?,
        "password" => password::give(&app, &realm, &caller, &form).await?,
        "refresh_token" => refresh::give(&app, &realm, &caller, &form).await?,
        "authorization_code" => code::give(&app, &realm, &caller, &form).await?,
        _ => return Err(Fault::oauth("unsupported_grant_type", "Unsupported grant_type")),
    };
    Ok((NO_STORE, Json(answer)).into_response())
}
