//! One POST makes a realm equal to the operator's.

use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{
    identity::ServiceAccount,
    outcome::{Result, failed},
};

/// Of the minute that Keycloak's tokens live.
const TOKEN_LIFE: Duration = Duration::from_secs(45);

pub struct Realms {
    account: ServiceAccount,
    http: Client,
    token: Mutex<Option<(String, Instant)>>,
}

impl Realms {
    pub fn new(account: &ServiceAccount) -> Self {
        Self { account: account.clone(), http: Client::new(), token: Mutex::default() }
    }

    /// Returns the secret of its client `api`, which is given with it.
    pub async fn create(&self, realm: &str) -> Result<String> {
        let secret = format!("secret-of-{realm}");
        let url = format!("{}/admin/realms", self.account.url);
        let body = representation(realm, &secret);
        self.http.post(url).bearer_auth(self.token().await?).json(&body).send().await?.error_for_status()?;
        Ok(secret)
    }

    async fn token(&self) -> Result<String> {
        let mut kept = self.token.lock().await;
        if let Some((token, _)) = kept.as_ref().filter(|(_, taken)| taken.elapsed() < TOKEN_LIFE) {
            return Ok(token.clone());
        }
        let ServiceAccount { url, client_id, client_secret, .. } = &self.account;
        let form = [("grant_type", "client_credentials"), ("client_id", client_id), ("client_secret", client_secret)];
        let url = format!("{url}/realms/master/protocol/openid-connect/token");
        let answer: Value = self.http.post(url).form(&form).send().await?.json().await?;
        let Some(token) = answer["access_token"].as_str() else { return failed("the service account cannot sign in") };
        *kept = Some((token.to_owned(), Instant::now()));
        Ok(token.to_owned())
    }
}

fn representation(realm: &str, secret: &str) -> Value {
    let key = |provider: &str, config: Value| json!({ "name": provider, "providerId": provider, "subComponents": {}, "config": config });
    let audience = json!({
        "name": "plexica-audience", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": { "included.custom.audience": "plexica", "access.token.claim": "true", "id.token.claim": "false" },
    });
    json!({
        "realm": realm, "displayName": realm, "enabled": true, "sslRequired": "external",
        "registrationAllowed": false, "bruteForceProtected": true, "defaultSignatureAlgorithm": "ES256",
        "accessTokenLifespan": 300, "ssoSessionIdleTimeout": 1800, "ssoSessionMaxLifespan": 36000,
        "revokeRefreshToken": true, "refreshTokenMaxReuse": 0,
        "attributes": { "plexica.io/installation": "bench", "plexica.io/owner-kind": "Tenant" },
        "components": { "org.keycloak.keys.KeyProvider": [
            key("ecdsa-generated", json!({ "priority": ["100"], "ecdsaEllipticCurveKey": ["P-256"] })),
            key("hmac-generated", json!({ "priority": ["100"], "algorithm": ["HS512"] })),
            key("aes-generated", json!({ "priority": ["100"] })),
        ] },
        "roles": { "realm": [{ "name": "admin" }, { "name": "user" }] },
        "defaultRoles": ["user"],
        "clients": [
            {
                "clientId": "web", "enabled": true, "protocol": "openid-connect", "publicClient": true,
                "standardFlowEnabled": true, "implicitFlowEnabled": false, "directAccessGrantsEnabled": false,
                "fullScopeAllowed": true, "redirectUris": ["https://app.acme.test/*"], "webOrigins": ["+"],
                "attributes": { "pkce.code.challenge.method": "S256" }, "protocolMappers": [audience],
            },
            {
                "clientId": "api", "secret": secret, "enabled": true, "protocol": "openid-connect",
                "publicClient": false, "standardFlowEnabled": false, "implicitFlowEnabled": false,
                "directAccessGrantsEnabled": false, "serviceAccountsEnabled": true, "fullScopeAllowed": true,
                "protocolMappers": [audience],
            },
        ],
        "users": [{
            "username": "ada@acme.test", "email": "ada@acme.test", "firstName": "Ada", "lastName": "Lovelace",
            "enabled": true, "requiredActions": ["UPDATE_PASSWORD"],
            "realmRoles": ["admin", format!("default-roles-{realm}")],
        }],
    })
}
