//! A real Keycloak, with a service account made as `docs/bootstrap.md` says.

use plexica_testkit::keycloak::{Keycloak, settled};
use plexica_testkit::require;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::subject::{Subject, answered};

/// Secret of every service account that tests make.
pub const SECRET: &str = "service-account-secret";

/// One service account for all tests of a run.
static CLIENT: OnceCell<String> = OnceCell::const_new();

/// The running Keycloak, if there is one.
pub async fn subject() -> Option<Subject> {
    let keycloak = require!(keycloak)?;
    plexica_testkit::tls();
    let client = CLIENT.get_or_init(|| service_account(&keycloak)).await;
    Some(Subject::new(&keycloak.url, client, SECRET, CancellationToken::new(), None).await)
}

/// The administrator's view.
pub struct Admin {
    http: reqwest::Client,
    keycloak: Keycloak,
}

impl Admin {
    pub fn new(keycloak: &Keycloak) -> Self {
        Self { http: reqwest::Client::new(), keycloak: keycloak.clone() }
    }

    /// Good for a minute, and a busy Keycloak may take longer for two calls.
    async fn token(&self) -> String {
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", self.keycloak.admin_user.as_str()),
            ("password", self.keycloak.admin_password.as_str()),
        ];
        let url = format!("{}/realms/master/protocol/openid-connect/token", self.keycloak.url);
        let (_, answer) = settled(async || answered(self.http.post(&url).form(&form)).await).await;
        answer["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, path: &str) -> Value {
        self.call(reqwest::Method::GET, path, None).await
    }

    pub async fn send(&self, method: reqwest::Method, path: &str, body: &Value) {
        self.call(method, path, Some(body)).await;
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = settled(async || {
            let url = format!("{}/admin/realms{path}", self.keycloak.url);
            let request = self.http.request(method.clone(), url).bearer_auth(self.token().await);
            answered(match body {
                Some(body) => request.json(body),
                None => request,
            })
            .await
        })
        .await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    pub async fn post(&self, path: &str, body: &Value) {
        self.send(reqwest::Method::POST, path, body).await;
    }
}

async fn service_account(keycloak: &Keycloak) -> String {
    let admin = Admin::new(keycloak);
    let id = plexica_testkit::unique("operator");
    let client = json!({
        "clientId": id, "secret": SECRET, "publicClient": false, "serviceAccountsEnabled": true,
        "standardFlowEnabled": false, "attributes": { "client.use.lightweight.access.token.enabled": "true" },
    });
    admin.post("/master/clients", &client).await;
    let client = admin.get(&format!("/master/clients?clientId={id}")).await;
    let user = admin.get(&format!("/master/clients/{}/service-account-user", client[0]["id"].as_str().unwrap())).await;
    let role = admin.get("/master/roles/create-realm").await;
    let mappings = format!("/master/users/{}/role-mappings/realm", user["id"].as_str().unwrap());
    admin.post(&mappings, &json!([role])).await;
    id
}
