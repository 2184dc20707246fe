//! Keycloak as its administrator, for what a person does once: the operator's service account.

use plexica_testkit::keycloak::Keycloak;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::outcome::{Result, failed};

const SECRET: &str = "secret-of-the-bench";

/// The operator's service account: it may create realms and nothing else.
#[derive(Clone)]
pub struct ServiceAccount {
    /// Keycloak's base URL.
    pub url: String,
    pub client_id: String,
    pub client_secret: String,
    /// Of the client, in Keycloak's own terms.
    id: String,
}

pub struct Administrator {
    keycloak: Keycloak,
    http: Client,
}

impl Administrator {
    pub fn new(keycloak: Keycloak) -> Self {
        Self { keycloak, http: Client::new() }
    }

    pub async fn service_account(&self, client_id: &str) -> Result<ServiceAccount> {
        let client = json!({
            "clientId": client_id, "secret": SECRET, "publicClient": false, "serviceAccountsEnabled": true,
            "standardFlowEnabled": false, "attributes": { "client.use.lightweight.access.token.enabled": "true" },
        });
        self.call(Method::POST, "/master/clients", Some(&client)).await?;
        let found: Value = self.get(&format!("/master/clients?clientId={client_id}")).await?;
        let Some(id) = found[0]["id"].as_str() else { return failed("the service account was not created") };
        let user = self.get(&format!("/master/clients/{id}/service-account-user")).await?;
        let role = self.get("/master/roles/create-realm").await?;
        let user = user["id"].as_str().unwrap_or_default();
        self.call(Method::POST, &format!("/master/users/{user}/role-mappings/realm"), Some(&json!([role]))).await?;
        Ok(ServiceAccount {
            url: self.keycloak.url.clone(),
            client_id: client_id.into(),
            client_secret: SECRET.into(),
            id: id.into(),
        })
    }

    pub async fn remove_account(&self, account: &ServiceAccount) -> Result<()> {
        self.call(Method::DELETE, &format!("/master/clients/{}", account.id), None).await.map(drop)
    }

    /// Fine if it is not there.
    pub async fn remove_realm(&self, realm: &str) -> Result<()> {
        let token = self.token().await?;
        let url = format!("{}/admin/realms/{realm}", self.keycloak.url);
        self.http.delete(url).bearer_auth(token).send().await?;
        Ok(())
    }

    async fn get(&self, path: &str) -> Result<Value> {
        Ok(self.call(Method::GET, path, None).await?.json().await?)
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Response> {
        let url = format!("{}/admin/realms{path}", self.keycloak.url);
        let mut request = self.http.request(method, url).bearer_auth(self.token().await?);
        if let Some(body) = body {
            request = request.json(body);
        }
        Ok(request.send().await?.error_for_status()?)
    }

    /// They live for a minute only, so each call takes a new one.
    async fn token(&self) -> Result<String> {
        let Keycloak { url, admin_user, admin_password } = &self.keycloak;
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", admin_user),
            ("password", admin_password),
        ];
        let url = format!("{url}/realms/master/protocol/openid-connect/token");
        let answer: Value = self.http.post(url).form(&form).send().await?.json().await?;
        answer["access_token"]
            .as_str()
            .map_or_else(|| failed("Keycloak's administrator cannot sign in"), |token| Ok(token.into()))
    }
}
