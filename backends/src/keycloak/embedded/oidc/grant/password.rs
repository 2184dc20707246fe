//! User name and password, handed over directly: dev's `curl`, and tests.

use serde_json::{Map, Value};

use super::super::super::fault::Fault;
use super::super::super::server::App;
use super::super::super::store::Realm;
use super::super::caller::Credentials;
use super::super::form::Form;
use super::super::sign_in::sign_in;
use super::super::token::{Grant, scope, with_session};

pub async fn give(app: &App, realm: &Realm, caller: &Credentials, form: &Form) -> Result<Map<String, Value>, Fault> {
    let client = caller.client(app, &realm.name).await?;
    if !client.is("directAccessGrantsEnabled") {
        return Err(Fault::oauth("unauthorized_client", "Client not allowed for direct access grants"));
    }
    let name = form.need("username", "Missing parameter: username")?;
    let password = form.need("password", "Missing parameter: password")?;
    let account = sign_in(app, &realm.name, name, password).await??;
    let scope = scope(form.get("scope"));
    let grant = Grant { realm, client: &client, account: &account, scope: &scope, session: None, nonce: None };
    with_session(app, grant).await
}
