//! A token for any user, for the owner of the data folder: they alone know the service account's
//! secret, and they could write the tables as well.

use serde_json::{Map, Value};

use super::super::super::super::client;
use super::super::super::fault::Fault;
use super::super::super::server::App;
use super::super::super::store::{Account, Realm};
use super::super::caller::Credentials;
use super::super::form::Form;
use super::super::token::{Grant, scope};

pub async fn exchange(
    app: &App,
    realm: &Realm,
    caller: &Credentials,
    form: &Form,
) -> Result<Map<String, Value>, Fault> {
    if !caller.are_service_account(app) {
        return Err(Fault::unauthorized("unauthorized_client", "Invalid client or Invalid client credentials"));
    }
    let name = form.need("requested_subject", "Missing parameter: requested_subject")?;
    let account = app.store.account_named(&realm.name, name).await?.filter(Account::enabled);
    let account = account.ok_or(Fault::oauth("invalid_request", "There is no such user, or they are disabled"))?;
    let web = app.store.client(&realm.name, client::WEB).await?;
    let web = web.ok_or(Fault::oauth("invalid_request", "The realm has no client web"))?;
    let scope = scope(form.get("scope"));
    let grant = Grant { realm, client: &web, account: &account, scope: &scope, session: None, nonce: None };
    let mut answer = grant.answer(app)?;
    answer.insert("issued_token_type".into(), "urn:ietf:params:oauth:token-type:access_token".into());
    Ok(answer)
}
