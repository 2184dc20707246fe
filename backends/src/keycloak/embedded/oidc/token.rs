//! Tokens with the claims of Keycloak's.

use chrono::{Duration, Utc};
use rand::distr::{Alphanumeric, SampleString};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::fault::Fault;
use super::super::server::App;
use super::super::store::{Account, Client, Realm};
use super::issuer;

/// What a token is about.
pub struct Grant<'a> {
    pub realm: &'a Realm,
    pub client: &'a Client,
    pub account: &'a Account,
    pub scope: &'a str,
    pub session: Option<Uuid>,
    pub nonce: Option<&'a str>,
}

/// The scopes that are known among those asked for.
pub fn scope(asked: Option<&str>) -> String {
    let openid = asked.is_some_and(|asked| asked.split(' ').any(|scope| scope == "openid"));
    if openid { "openid profile email".into() } else { "profile email".into() }
}

/// A text nobody can guess.
pub fn random() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 43)
}

impl Grant<'_> {
    /// The answer with an access token, and an ID token if `openid` was asked for.
    pub fn answer(&self, app: &App) -> Result<Map<String, Value>, Fault> {
        let key = self.realm.key()?;
        let lifetime = self.realm.seconds("accessTokenLifespan", 300);
        let mut access = self.claims(app, lifetime);
        access.insert("typ".into(), "Bearer".into());
        access.insert("acr".into(), "1".into());
        access.insert("scope".into(), self.scope.into());
        insert_audience(&mut access, &self.client.audiences());
        let roles = roles(self.realm, &self.account.roles);
        if !roles.is_empty() {
            access.insert("realm_access".into(), json!({ "roles": roles }));
        }
        let mut answer = answer(&key.sign(&Value::Object(access))?, lifetime, self.scope);
        if self.scope.split(' ').any(|scope| scope == "openid") {
            let mut id = self.claims(app, lifetime);
            id.insert("typ".into(), "ID".into());
            id.insert("aud".into(), self.client.name.clone().into());
            if let Some(nonce) = self.nonce {
                id.insert("nonce".into(), nonce.into());
            }
            answer.insert("id_token".into(), key.sign(&Value::Object(id))?.into());
        }
        Ok(answer)
    }

    fn claims(&self, app: &App, lifetime: i64) -> Map<String, Value> {
        let mut claims = base(app, self.realm, lifetime, &self.client.name);
        claims.insert("sub".into(), self.account.id.to_string().into());
        if let Some(session) = self.session {
            claims.insert("sid".into(), session.to_string().into());
        }
        claims.extend(profile(self.account));
        claims
    }
}

/// Begins a session and answers with a refresh token too.
pub async fn with_session(app: &App, grant: Grant<'_>) -> Result<Map<String, Value>, Fault> {
    let secret = random();
    let realm = grant.realm;
    let session = app.store.begin(&realm.name, grant.account.id, &grant.client.name, grant.scope, &secret).await?;
    let answer = Grant { session: Some(session), ..grant }.answer(app)?;
    Ok(add_refresh(answer, realm, session, &secret, Duration::zero()))
}

/// Adds the refresh token of a session that is so old.
pub fn add_refresh(
    mut answer: Map<String, Value>,
    realm: &Realm,
    session: Uuid,
    secret: &str,
    age: Duration,
) -> Map<String, Value> {
    let idle = realm.seconds("ssoSessionIdleTimeout", 1_800);
    let left = realm.seconds("ssoSessionMaxLifespan", 36_000) - age.num_seconds();
    answer.insert("refresh_token".into(), format!("{session}.{secret}").into());
    answer.insert("refresh_expires_in".into(), idle.min(left).into());
    answer.insert("session_state".into(), session.to_string().into());
    answer
}

/// The answer with a client's own token.
pub fn for_client(app: &App, realm: &Realm, client: &Client, scope: &str) -> Result<Map<String, Value>, Fault> {
    let lifetime = realm.seconds("accessTokenLifespan", 300);
    let mut claims = base(app, realm, lifetime, &client.name);
    claims.insert("sub".into(), client.id.to_string().into());
    claims.insert("typ".into(), "Bearer".into());
    claims.insert("acr".into(), "1".into());
    claims.insert("scope".into(), scope.into());
    claims.insert("client_id".into(), client.name.clone().into());
    claims.insert("preferred_username".into(), format!("service-account-{}", client.name).into());
    claims.insert("email_verified".into(), false.into());
    claims.insert("realm_access".into(), json!({ "roles": roles(realm, &[realm.default_role()]) }));
    insert_audience(&mut claims, &client.audiences());
    Ok(answer(&realm.key()?.sign(&Value::Object(claims))?, lifetime, scope))
}

/// The answer with a token of the service account: lightweight, a minute long.
pub fn for_service_account(app: &App, master: &Realm) -> Result<Map<String, Value>, Fault> {
    let mut claims = base(app, master, 60, &app.client_id);
    claims.insert("typ".into(), "Bearer".into());
    Ok(answer(&master.key()?.sign(&Value::Object(claims))?, 60, "profile email"))
}

/// Claims about a person.
pub fn profile(account: &Account) -> Map<String, Value> {
    let (first, last) = (account.text("firstName"), account.text("lastName"));
    let name: Vec<&str> = first.into_iter().chain(last).collect();
    let texts = [
        ("preferred_username", Some(account.username.as_str())),
        ("email", account.email.as_deref()),
        ("given_name", first),
        ("family_name", last),
    ];
    let mut claims = Map::new();
    claims.extend(texts.into_iter().filter_map(|(claim, text)| Some((claim.to_owned(), text?.into()))));
    if !name.is_empty() {
        claims.insert("name".into(), name.join(" ").into());
    }
    claims.insert("email_verified".into(), account.email_verified().into());
    claims
}

/// Roles with those behind the composite role of all users.
fn roles(realm: &Realm, own: &[String]) -> Vec<String> {
    let mut roles = own.to_vec();
    if own.contains(&realm.default_role()) {
        roles.extend(realm.default_roles.iter().cloned());
    }
    roles.sort();
    roles.dedup();
    roles
}

fn base(app: &App, realm: &Realm, lifetime: i64, client: &str) -> Map<String, Value> {
    let now = Utc::now().timestamp();
    let mut claims = Map::new();
    claims.insert("iss".into(), issuer(app, &realm.name).into());
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), (now + lifetime).into());
    claims.insert("jti".into(), Uuid::new_v4().to_string().into());
    claims.insert("azp".into(), client.into());
    claims
}

/// One audience is a text and several are a list, as Keycloak writes it.
fn insert_audience(claims: &mut Map<String, Value>, audiences: &[&str]) {
    match audiences {
        [] => {}
        [one] => {
            claims.insert("aud".into(), (*one).into());
        }
        several => {
            claims.insert("aud".into(), several.to_vec().into());
        }
    }
}

fn answer(token: &str, lifetime: i64, scope: &str) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("access_token".into(), token.into());
    answer.insert("expires_in".into(), lifetime.into());
    answer.insert("refresh_expires_in".into(), 0.into());
    answer.insert("token_type".into(), "Bearer".into());
    answer.insert("not-before-policy".into(), 0.into());
    answer.insert("scope".into(), scope.into());
    answer
}
