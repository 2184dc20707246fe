//! Users.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use keycloak::types::{CredentialRepresentation, RoleRepresentation, UserRepresentation};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::fault::Fault;
use super::super::policy::{Policy, Whose};
use super::super::server::App;
use super::super::store::{Account, NewAccount};
use super::role::representation;
use super::{ServiceAccount, conflict, created, managed};

/// A user to be: the password of their representation is hashed and leaves it.
pub async fn account(
    app: &App,
    policy: &Policy,
    user: UserRepresentation,
    roles: Vec<String>,
) -> Result<NewAccount, Fault> {
    if user.username.as_ref().is_none_or(|name| name.chars().count() < 3) {
        return Err(Fault::admin(StatusCode::BAD_REQUEST, "username must have at least 3 characters"));
    }
    let credentials = user.credentials.clone().unwrap_or_default();
    let given = credentials.into_iter().find(|credential| credential.type_.as_deref() == Some("password"));
    let mut user = UserRepresentation { id: None, credentials: None, realm_roles: None, ..user };
    let password = match given {
        None => None,
        Some(credential) => {
            if credential.temporary.unwrap_or(false) {
                user.required_actions.get_or_insert_default().push("UPDATE_PASSWORD".into());
            }
            let password = credential.value.unwrap_or_default();
            let whose = Whose { username: user.username.as_deref(), email: user.email.as_deref() };
            good(policy, &password, whose)?;
            Some(app.passwords.hash(password).await?)
        }
    };
    Ok(NewAccount { body: serde_json::to_value(user).map_err(Fault::stored)?, password, roles })
}

fn good(policy: &Policy, password: &str, whose: Whose<'_>) -> Result<(), Fault> {
    policy.complaint(password, whose).map_or(Ok(()), |text| Err(Fault::admin(StatusCode::BAD_REQUEST, text)))
}

#[derive(Deserialize)]
pub struct Filter {
    username: Option<String>,
    first: Option<u32>,
    max: Option<u32>,
}

/// How many users are listed if nobody says.
const PAGE: u32 = 100;

/// With a user name: that user alone, as with `exact=true`.
pub async fn list(
    _: ServiceAccount,
    State(app): State<App>,
    Path(realm): Path<String>,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<Value>>, Fault> {
    managed(&app, &realm).await?;
    let found: Vec<Account> = match filter.username {
        Some(name) => {
            let found = app.store.account_named(&realm, &name).await?;
            found.into_iter().filter(|account| account.username == name.to_lowercase()).collect()
        }
        None => app.store.accounts(&realm, filter.first.unwrap_or(0), filter.max.unwrap_or(PAGE)).await?,
    };
    Ok(Json(found.iter().map(Account::representation).collect()))
}

pub async fn count(_: ServiceAccount, State(app): State<App>, Path(realm): Path<String>) -> Result<Json<i64>, Fault> {
    managed(&app, &realm).await?;
    Ok(Json(app.store.count_accounts(&realm).await?))
}

pub async fn create(
    _: ServiceAccount,
    State(app): State<App>,
    Path(realm): Path<String>,
    Json(user): Json<UserRepresentation>,
) -> Result<Response, Fault> {
    let found = managed(&app, &realm).await?;
    let account = account(&app, &found.password_policy(), user, vec![found.default_role()]).await?;
    let id = app.store.create_account(&realm, account).await.map_err(|fault| conflict("User", fault))?;
    Ok(created(&app, &format!("{realm}/users/{id}")))
}

async fn found(app: &App, realm: &str, id: Uuid) -> Result<Account, Fault> {
    managed(app, realm).await?;
    app.store.account(realm, id).await?.ok_or_else(|| Fault::missing("User"))
}

pub async fn read(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, id)): Path<(String, Uuid)>,
) -> Result<Json<Value>, Fault> {
    Ok(Json(found(&app, &realm, id).await?.representation()))
}

pub async fn set(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, id)): Path<(String, Uuid)>,
    Json(user): Json<UserRepresentation>,
) -> Result<StatusCode, Fault> {
    found(&app, &realm, id).await?;
    let patch = UserRepresentation { id: None, credentials: None, realm_roles: None, ..user };
    let patch = serde_json::to_value(patch).map_err(Fault::stored)?;
    app.store.set_account(&realm, id, patch).await.map_err(|fault| conflict("User", fault))?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn credentials(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, id)): Path<(String, Uuid)>,
) -> Result<Json<Vec<Value>>, Fault> {
    let account = found(&app, &realm, id).await?;
    Ok(Json(account.password.map(|_| json!({ "type": "password" })).into_iter().collect()))
}

pub async fn set_password(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, id)): Path<(String, Uuid)>,
    Json(credential): Json<CredentialRepresentation>,
) -> Result<StatusCode, Fault> {
    let account = found(&app, &realm, id).await?;
    let password = credential.value.filter(|password| !password.is_empty());
    let password = password.ok_or_else(|| Fault::admin(StatusCode::BAD_REQUEST, "the password must not be empty"))?;
    let whose = Whose { username: Some(&account.username), email: account.email.as_deref() };
    good(&managed(&app, &realm).await?.password_policy(), &password, whose)?;
    let hash = app.passwords.hash(password).await?;
    app.store.set_password(&realm, id, &hash, credential.temporary.unwrap_or(false)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn roles(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, id)): Path<(String, Uuid)>,
) -> Result<Json<Vec<RoleRepresentation>>, Fault> {
    let account = found(&app, &realm, id).await?;
    let roles = app.store.roles(&realm).await?;
    let held = roles.into_iter().filter(|(_, name)| account.roles.contains(name));
    Ok(Json(held.map(representation).collect()))
}

/// Clients have no roles here.
pub async fn all_roles(
    account: ServiceAccount,
    state: State<App>,
    path: Path<(String, Uuid)>,
) -> Result<Json<Value>, Fault> {
    let Json(held) = roles(account, state, path).await?;
    Ok(Json(json!({ "realmMappings": held })))
}

/// There are none.
pub async fn groups(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, id)): Path<(String, Uuid)>,
) -> Result<Json<[Value; 0]>, Fault> {
    found(&app, &realm, id).await.map(|_| Json([]))
}

pub async fn grant(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, id)): Path<(String, Uuid)>,
    Json(roles): Json<Vec<RoleRepresentation>>,
) -> Result<StatusCode, Fault> {
    found(&app, &realm, id).await?;
    let known = app.store.roles(&realm).await?;
    let names: Vec<String> = roles.into_iter().filter_map(|role| role.name).collect();
    if names.iter().any(|name| known.iter().all(|(_, role)| role != name)) {
        return Err(Fault::missing("Role"));
    }
    app.store.grant(&realm, id, &names).await?;
    Ok(StatusCode::NO_CONTENT)
}
