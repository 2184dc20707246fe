//! Keycloak, as its administrator.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use super::{Keycloak, settled};
use crate::unique;

/// The secret of [`Administrator::service_account`].
pub const SECRET: &str = "service-account-secret";

/// For so long a token is used.
const FRESH: Duration = Duration::from_secs(20);
/// What Keycloak says when it cannot write its answer.
const UNWRITABLE: &str = "Cannot parse the JSON";

/// Keycloak changes the composite roles of `master` one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// The account that makes [service accounts](Administrator::service_account), and the rights it has for that.
const REGISTRAR: &str = "test-registrar";
const OF_REGISTRAR: [&str; 3] = ["manage-clients", "manage-users", "view-realm"];
/// Whether this process has seen to it that there is one.
static REGISTERED: OnceCell<()> = OnceCell::const_new();

/// Who signs in.
#[derive(Clone, Debug)]
enum Login {
    Administrator,
    Account(String),
}

/// Who administers realms: the administrator of realm `master`, or a service account its own.
///
/// The administrator has roles in each realm there is, and Keycloak goes through all of them at each call
/// after any realm came or went: with a hundred realms of other tests a call takes twenty times as long.
pub struct Administrator {
    http: reqwest::Client,
    keycloak: Keycloak,
    login: Login,
    /// The token of the last call, and since when.
    token: Mutex<Option<(String, Instant)>>,
}

impl Administrator {
    /// Of all realms of a running server.
    pub fn of(keycloak: &Keycloak) -> Self {
        Self::with(keycloak, Login::Administrator)
    }

    /// Of the realms that a [service account](Self::service_account) has made.
    pub fn account(keycloak: &Keycloak, id: &str) -> Self {
        Self::with(keycloak, Login::Account(id.into()))
    }

    fn with(keycloak: &Keycloak, login: Login) -> Self {
        Self { http: reqwest::Client::new(), keycloak: keycloak.clone(), login, token: Mutex::default() }
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
        let form = match &self.login {
            Login::Administrator => vec![
                ("grant_type", "password"),
                ("client_id", "admin-cli"),
                ("username", self.keycloak.admin_user.as_str()),
                ("password", self.keycloak.admin_password.as_str()),
            ],
            Login::Account(id) => {
                vec![("grant_type", "client_credentials"), ("client_id", id), ("client_secret", SECRET)]
            }
        };
        let url = format!("{}/realms/master/protocol/openid-connect/token", self.keycloak.url);
        let (status, answer) = settled(async || answered(self.http.post(&url).form(&form)).await).await;
        assert_eq!(status, 200, "{:?} cannot sign in: {answer}", self.login);
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
        REGISTERED.get_or_init(async || self.register().await).await;
        let registrar = Self::account(&self.keycloak, REGISTRAR);
        let id = unique("operator");
        registrar.post("/master/clients", account(&id)).await;
        registrar.let_create_realms(&id).await;
        id
    }

    /// Sees to it that there is the registrar, with no more roles than it takes. Another process may be at it as well.
    async fn register(&self) {
        let (status, answer) = self.send(Method::POST, "/master/clients", Some(account(REGISTRAR))).await;
        assert!(matches!(status, 201 | 409), "{REGISTRAR}: {status} {answer}");
        let user = self.let_create_realms(REGISTRAR).await;
        let master = self.get("/master/clients?clientId=master-realm").await[0]["id"].as_str().unwrap().to_owned();
        let mut roles = Vec::new();
        for role in OF_REGISTRAR {
            roles.push(self.get(&format!("/master/clients/{master}/roles/{role}")).await);
        }
        self.post(&format!("/master/users/{user}/role-mappings/clients/{master}"), json!(roles)).await;
    }

    /// Gives an account the role for it; its user.
    async fn let_create_realms(&self, id: &str) -> String {
        let client = self.get(&format!("/master/clients?clientId={id}")).await;
        let path = format!("/master/clients/{}/service-account-user", client[0]["id"].as_str().unwrap());
        let user = self.get(&path).await["id"].as_str().unwrap().to_owned();
        let role = self.get("/master/roles/create-realm").await;
        self.post(&format!("/master/users/{user}/role-mappings/realm"), json!([role])).await;
        user
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
                // What it was about to list was removed while it wrote the answer.
                (400, answer) if method == Method::GET && answer["error_description"] == UNWRITABLE => (500, answer),
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

/// A service account, as Keycloak takes it.
fn account(id: &str) -> Value {
    json!({
        "clientId": id, "secret": SECRET, "publicClient": false, "serviceAccountsEnabled": true,
        "standardFlowEnabled": false, "attributes": { "client.use.lightweight.access.token.enabled": "true" },
    })
}

/// Status and body; nothing for a body that is not JSON.
async fn answered(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}
