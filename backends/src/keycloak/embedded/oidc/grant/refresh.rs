//! A refresh token for the next one.

use chrono::{Duration, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::super::super::fault::Fault;
use super::super::super::server::App;
use super::super::super::store::{Realm, Session};
use super::super::caller::Credentials;
use super::super::form::Form;
use super::super::token::{Grant, add_refresh, random};

const ENDED: Fault = Fault::oauth("invalid_grant", "Token is not active");

pub async fn give(app: &App, realm: &Realm, caller: &Credentials, form: &Form) -> Result<Map<String, Value>, Fault> {
    let client = caller.client(app, &realm.name).await?;
    let token = form.need("refresh_token", "No refresh token")?;
    let (id, secret) = split(token).ok_or(Fault::oauth("invalid_grant", "Invalid refresh token"))?;
    let session = app.store.session(&realm.name, id).await?.filter(|session| lives(realm, session)).ok_or(ENDED)?;
    if session.client_id != client.name {
        return Err(Fault::oauth(
            "invalid_grant",
            "Invalid refresh token. Token client and authorized client don't match",
        ));
    }
    let account = app.store.account(&realm.name, session.account).await?.ok_or(ENDED)?;
    if !account.enabled() {
        return Err(Fault::oauth("invalid_grant", "User disabled"));
    }
    let next = random();
    if !app.store.rotate(id, secret, &next).await? {
        // Somebody has a used one: the one who stole it, or the one it was stolen from.
        app.store.end(&realm.name, id).await?;
        return Err(Fault::oauth("invalid_grant", "Maximum allowed refresh token reuse exceeded"));
    }
    let grant =
        Grant { realm, client: &client, account: &account, scope: &session.scope, session: Some(id), nonce: None };
    Ok(add_refresh(grant.answer(app)?, realm, id, &next, Utc::now() - session.started))
}

/// Session and secret of a refresh token.
pub fn split(token: &str) -> Option<(Uuid, &str)> {
    let (id, secret) = token.split_once('.')?;
    Some((id.parse().ok()?, secret))
}

fn lives(realm: &Realm, session: &Session) -> bool {
    let idle = Duration::seconds(realm.seconds("ssoSessionIdleTimeout", 1_800));
    let most = Duration::seconds(realm.seconds("ssoSessionMaxLifespan", 36_000));
    let now = Utc::now();
    session.used + idle > now && session.started + most > now
}
