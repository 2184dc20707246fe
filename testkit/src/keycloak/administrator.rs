//! Keycloak, as its administrator.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{Keycloak, settled};
use crate::unique;

/// The secret of [`Administrator::service_account`].
pub const SECRET: &str = "service-account-secret";

/// For so long a token is used.
const FRESH: Duration = Duration::from_secs(20);

/// Keycloak changes the composite roles of `master` one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// The administrator of realm `master`.
pub struct Administrator {
    http: reqwest::Client,
    keycloak: Keycloak,
    /// The token of the last call, and since when.
    token: Mutex<Option<(String, Instant)>>,
}

impl Administrator {
    /// Of a running server.
    pub fn of(keycloak: &Keycloak) -> Self {
        Self { http: reqwest::Client::new(), keycloak: keycloak.clone(), token: Mutex::default() }
    }

    /// Good for a minute; to ask for one costs Keycloak more than most calls do.
    async fn token(&self) -> String {
        let mut kept = self.token.lock().await;
        if let Some((token, since)) = &*kept
            && since.elapsed() < FRESH
        {
            return token.clone();
        }
        let token = self.sign_in().await;
        *kept = Some((token.clone(), Instant::now()));
        token
    }

    async fn sign_in(&self) -> String {
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

    /// What stands at a path below `/admin/realms`.
    ///
    /// # Panics
    /// If it does not answer 200.
    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.send(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// The same, or nothing where nothing stands.
    ///
    /// # Panics
    /// If it answers anything but 200 or 404.
    pub async fn find(&self, path: &str) -> Option<Value> {
        let (status, answer) = self.send(Method::GET, path, None).await;
        assert!(matches!(status, 200 | 404), "{path}: {status} {answer}");
        (status == 200).then_some(answer)
    }

    /// # Panics
    /// If it is refused.
    pub async fn post(&self, path: &str, body: Value) {
        let (status, answer) = self.send(Method::POST, path, Some(body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
    }

    /// # Panics
    /// If it is refused.
    pub async fn put(&self, path: &str, body: Value) {
        let (status, answer) = self.send(Method::PUT, path, Some(body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
    }

    /// # Panics
    /// If it is refused.
    pub async fn delete(&self, path: &str) {
        let (status, answer) = self.send(Method::DELETE, path, None).await;
        assert!(matches!(status, 200..300), "{path}: {status} {answer}");
    }

    /// Makes a realm.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn make(&self, realm: Value) {
        let _one_at_a_time = ONE_AT_A_TIME.lock().await;
        self.post("", realm).await;
    }

    /// Removes a realm; one that is not there is removed.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn remove(&self, realm: &str) {
        let _one_at_a_time = ONE_AT_A_TIME.lock().await;
        let (status, answer) = self.send(Method::DELETE, &format!("/{realm}"), None).await;
        assert!(matches!(status, 204 | 404), "{realm}: {status} {answer}");
    }

    /// A service account that may create realms, as `docs/bootstrap.md` says.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn service_account(&self) -> String {
        let _one_at_a_time = ONE_AT_A_TIME.lock().await;
        let id = unique("operator");
        let client = json!({
            "clientId": id, "secret": SECRET, "publicClient": false, "serviceAccountsEnabled": true,
            "standardFlowEnabled": false, "attributes": { "client.use.lightweight.access.token.enabled": "true" },
        });
        self.post("/master/clients", client).await;
        let client = self.get(&format!("/master/clients?clientId={id}")).await;
        let path = format!("/master/clients/{}/service-account-user", client[0]["id"].as_str().unwrap());
        let user = self.get(&path).await;
        let role = self.get("/master/roles/create-realm").await;
        let path = format!("/master/users/{}/role-mappings/realm", user["id"].as_str().unwrap());
        self.post(&path, json!([role])).await;
        id
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/admin/realms{path}", self.keycloak.url);
        settled(async || {
            match self.ask(&method, &url, body.as_ref()).await {
                // A busy Keycloak looked at the token when its minute was over.
                (401, _) => {
                    self.token.lock().await.take();
                    self.ask(&method, &url, body.as_ref()).await
                }
                answer => answer,
            }
        })
        .await
    }

    async fn ask(&self, method: &Method, url: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = self.http.request(method.clone(), url).bearer_auth(self.token().await);
        if let Some(body) = body {
            request = request.json(body);
        }
        answered(request).await
    }
}

/// Status and body; nothing for a body that is not JSON.
async fn answered(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}
