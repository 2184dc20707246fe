//! Signing in with a browser: authorization code with PKCE.

use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::fault::Fault;
use super::super::policy::Whose;
use super::super::server::App;
use super::super::store::{Account, Client, Code, Realm};
use super::form::Form;
use super::sign_in::{Refused, sign_in};
use super::token::{random, scope};
use super::{issuer, open_realm, page, redirect};

/// Shows the form.
pub async fn ask(
    State(app): State<App>,
    Path(realm): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let query = query.unwrap_or_default();
    let realm = open_realm(&app, &realm).await?;
    Ok(match Request::read(&app, &realm, &query).await? {
        Ok(_) => page::sign_in(&realm.name, &query, "", None, false),
        Err(refusal) => refusal,
    })
}

/// Takes user name and password, and sends the browser back with a code. The request is read anew:
/// nothing about it was kept, so nothing about it is believed.
pub async fn answer(
    State(app): State<App>,
    Path(realm): Path<String>,
    RawQuery(query): RawQuery,
    body: String,
) -> Result<Response, Fault> {
    let query = query.unwrap_or_default();
    let realm = open_realm(&app, &realm).await?;
    let request = match Request::read(&app, &realm, &query).await? {
        Ok(request) => request,
        Err(refusal) => return Ok(refusal),
    };
    let form = Form::parse(&body)?;
    let (name, password) = (form.get("username").unwrap_or_default(), form.get("password").unwrap_or_default());
    let again = |message: &str, new| Ok(page::sign_in(&realm.name, &query, name, Some(message), new));
    match sign_in(&app, &realm.name, name, password).await? {
        Ok(account) => request.grant(&app, &realm, &account).await,
        Err(Refused::Credentials) => again("Invalid username or password.", false),
        Err(Refused::Disabled) => again("Account is disabled, contact your administrator.", false),
        Err(Refused::MustAct(account)) => match form.get("password-new") {
            Some(new) if new != password && new.chars().count() >= 8 => {
                let whose = Whose { username: Some(&account.username), email: account.email.as_deref() };
                if let Some(complaint) = realm.password_policy().complaint(new, whose) {
                    return again(&complaint, true);
                }
                let hash = app.passwords.hash(new.to_owned()).await?;
                app.store.set_password(&realm.name, account.id, &hash, false).await?;
                request.grant(&app, &realm, &account).await
            }
            _ => again("Update your password: enter it once more, and a new one of 8 characters or more.", true),
        },
    }
}

/// A request that may be answered.
struct Request {
    client: Client,
    redirect_uri: String,
    fragment: bool,
    state: Option<String>,
    challenge: String,
    scope: String,
    nonce: Option<String>,
}

impl Request {
    /// Reads it. Who may not be sent back, for we do not know where, sees a page instead.
    async fn read(app: &App, realm: &Realm, query: &str) -> Result<Result<Self, Response>, Fault> {
        let stop = |text| Ok(Err(page::sentence(StatusCode::BAD_REQUEST, text)));
        let Ok(form) = Form::parse(query) else { return stop("A parameter was given twice.") };
        let client = app.store.client(&realm.name, form.get("client_id").unwrap_or_default()).await?;
        let Some(client) = client.filter(|client| client.is("enabled")) else { return stop("Client not found.") };
        let redirect_uri = form.get("redirect_uri").unwrap_or_default();
        if !redirect::allowed(&client, redirect_uri) {
            return stop("Invalid parameter: redirect_uri");
        }
        let text = |name: &str| form.get(name).map(str::to_owned);
        let request = Self {
            redirect_uri: redirect_uri.to_owned(),
            fragment: form.get("response_mode") == Some("fragment"),
            state: text("state"),
            challenge: text("code_challenge").unwrap_or_default(),
            scope: scope(form.get("scope")),
            nonce: text("nonce"),
            client,
        };
        let error = if form.get("response_type") != Some("code") {
            Some(("unsupported_response_type", "Only response_type=code is supported"))
        } else if !request.client.is("standardFlowEnabled") {
            Some(("unauthorized_client", "Client is not allowed to initiate browser login"))
        } else if request.challenge.is_empty() {
            Some(("invalid_request", "Missing parameter: code_challenge"))
        } else if form.get("code_challenge_method") != Some("S256") {
            Some(("invalid_request", "Invalid parameter: code challenge method is not configured one"))
        } else {
            None
        };
        Ok(match error {
            None => Ok(request),
            Some((error, description)) => {
                Err(request.back(app, realm, &[("error", error), ("error_description", description)]))
            }
        })
    }

    async fn grant(self, app: &App, realm: &Realm, account: &Account) -> Result<Response, Fault> {
        let text = random();
        let code = Code {
            account: account.id,
            client_id: self.client.name.clone(),
            redirect_uri: self.redirect_uri.clone(),
            challenge: self.challenge.clone(),
            scope: self.scope.clone(),
            nonce: self.nonce.clone(),
        };
        app.store.keep_code(&realm.name, &text, &code).await?;
        Ok(self.back(app, realm, &[("code", &text)]))
    }

    /// Back to the client, with its state and who we are (RFC 9207).
    fn back(&self, app: &App, realm: &Realm, answer: &[(&str, &str)]) -> Response {
        let issuer = issuer(app, &realm.name);
        let mut answer = answer.to_vec();
        answer.extend(self.state.as_deref().map(|state| ("state", state)));
        answer.push(("iss", &issuer));
        match redirect::with(&self.redirect_uri, self.fragment, &answer) {
            Some(to) => {
                (StatusCode::SEE_OTHER, [(header::LOCATION, to), (header::CACHE_CONTROL, "no-store".to_owned())])
                    .into_response()
            }
            None => page::sentence(StatusCode::BAD_REQUEST, "Invalid parameter: redirect_uri"),
        }
    }
}
