//! Keycloak's administrator: what an operator of the platform does once by hand.

use plexica_testkit::keycloak::settled;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// The administrator of realm `master`.
pub struct Administrator {
    base: String,
    client: Client,
    user: String,
    password: String,
}

/// The service account that the operator signs in with.
pub struct ServiceAccount {
    /// `client_id`.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl Administrator {
    /// Of the Keycloak at that base URL.
    pub fn new(base: &str, user: &str, password: &str) -> Self {
        Self { base: base.into(), client: Client::new(), user: user.into(), password: password.into() }
    }

    /// The administrator's tokens live a minute, so each call takes a new one.
    async fn token(&self) -> String {
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", &self.user),
            ("password", &self.password),
        ];
        let url = format!("{}/realms/master/protocol/openid-connect/token", self.base);
        let (_, answer) = settled(async || answered(self.client.post(&url).form(&form)).await).await;
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let url = format!("{}/admin/realms/{path}", self.base);
        let (status, answer) = settled(async || {
            let mut request = self.client.request(method.clone(), &url).bearer_auth(self.token().await);
            if let Some(body) = &body {
                request = request.json(body);
            }
            answered(request).await
        })
        .await;
        (StatusCode::from_u16(status).unwrap(), answer)
    }

    async fn done(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// A service account with the one role `create-realm`, and tokens that stay small.
    pub async fn create_operator(&self, name: &str) -> ServiceAccount {
        let account = ServiceAccount { id: format!("{name}-operator"), secret: format!("{name}-secret") };
        let client = json!({
            "clientId": account.id,
            "secret": account.secret,
            "publicClient": false,
            "standardFlowEnabled": false,
            "serviceAccountsEnabled": true,
            "attributes": { "client.use.lightweight.access.token.enabled": "true" }
        });
        self.done(Method::POST, "master/clients", Some(client)).await;
        let id = self.client_uuid(&account.id).await;
        let user = self.done(Method::GET, &format!("master/clients/{id}/service-account-user"), None).await;
        let role = self.done(Method::GET, "master/roles/create-realm", None).await;
        let user = user["id"].as_str().expect("a user");
        self.done(Method::POST, &format!("master/users/{user}/role-mappings/realm"), Some(json!([role]))).await;
        account
    }

    async fn client_uuid(&self, client: &str) -> String {
        let found = self.done(Method::GET, &format!("master/clients?clientId={client}"), None).await;
        found[0]["id"].as_str().expect("the client").to_owned()
    }

    /// Gives a user a password that does not have to be changed.
    pub async fn set_password(&self, realm: &str, user: &str, password: &str) {
        let found = self.done(Method::GET, &format!("{realm}/users?username={user}&exact=true"), None).await;
        let id = found[0]["id"].as_str().unwrap_or_else(|| panic!("{user} is not in {realm}: {found}"));
        let password = json!({ "type": "password", "value": password, "temporary": false });
        self.done(Method::PUT, &format!("{realm}/users/{id}/reset-password"), Some(password)).await;
    }

    /// Which of the realms are there.
    pub async fn has_realms<const N: usize>(&self, realms: &[String; N]) -> [bool; N] {
        let mut found = [false; N];
        for (realm, found) in realms.iter().zip(&mut found) {
            *found = self.call(Method::GET, realm, None).await.0 == StatusCode::OK;
        }
        found
    }

    /// Removes the realm, if it is there.
    pub async fn delete_realm(&self, realm: &str) {
        let (status, answer) = self.call(Method::DELETE, realm, None).await;
        assert!(status.is_success() || status == StatusCode::NOT_FOUND, "{realm}: {status} {answer}");
    }

    /// Removes the service account.
    pub async fn delete_client(&self, client: &str) {
        let id = self.client_uuid(client).await;
        self.done(Method::DELETE, &format!("master/clients/{id}"), None).await;
    }
}

/// Status and body; nothing for a body that is not JSON.
async fn answered(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}
