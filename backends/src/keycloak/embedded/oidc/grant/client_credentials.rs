//! A client for itself.

use serde_json::{Map, Value};

use super::super::super::fault::Fault;
use super::super::super::server::App;
use super::super::super::store::Realm;
use super::super::caller::Credentials;
use super::super::form::Form;
use super::super::token;

pub async fn give(app: &App, realm: &Realm, caller: &Credentials, form: &Form) -> Result<Map<String, Value>, Fault> {
    let client = caller.client(app, &realm.name).await?;
    if client.is("publicClient") || !client.is("serviceAccountsEnabled") {
        return Err(Fault::unauthorized("unauthorized_client", "Client not enabled to retrieve service account"));
    }
    token::for_client(app, realm, &client, &token::scope(form.get("scope")))
}
