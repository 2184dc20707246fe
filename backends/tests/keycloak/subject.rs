//! What is under test, and a way to look behind its back.

use plexica_backends::Secret;
use plexica_backends::keycloak::{Config, RealmDesired, Realms, UserDesired};
use plexica_backends::ownership::Mark;
use plexica_testkit::keycloak::settled;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::proxy::Proxy;
use crate::tokens::text;

/// One issuer under test.
pub struct Subject {
    /// Ours, through the proxy.
    pub realms: Realms,
    pub config: Config,
    pub proxy: Proxy,
    pub http: reqwest::Client,
    /// Stops what was started for the test, and drops its database.
    pub _keep: (DropGuard, Option<plexica_testkit::postgres::Database>),
}

impl Subject {
    /// With a service account that is there.
    pub async fn new(
        public_url: &str,
        client_id: &str,
        client_secret: &str,
        shutdown: CancellationToken,
        database: Option<plexica_testkit::postgres::Database>,
    ) -> Self {
        plexica_testkit::tls();
        let proxy = Proxy::start(public_url, shutdown.clone()).await;
        let mut config = Config::new(proxy.url.clone(), client_id, client_secret.to_owned());
        config.public_url = public_url.parse().unwrap();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let realms = Realms::new(config.clone()).unwrap();
        Self { realms, config, proxy, http, _keep: (shutdown.drop_guard(), database) }
    }

    /// Brings it about.
    pub async fn ensure(&self, desired: &RealmDesired) -> plexica_backends::Result<plexica_backends::Changes> {
        let observed = self.realms.observe(desired).await?;
        self.realms.ensure(desired, &observed).await
    }

    /// As [`Self::ensure`], where it is not what is under test.
    pub async fn make(&self, desired: &RealmDesired) {
        let _changes = self.ensure(desired).await.unwrap();
    }

    /// Removes what the test made: servers are shared.
    pub async fn clean(&self) {
        for realm in self.proxy.made() {
            self.admin(Method::DELETE, &format!("/{realm}"), None).await;
        }
    }

    /// Adds [`bob`] to a realm.
    pub async fn add_bob(&self, realm: &str) {
        let _changes = self.realms.users(realm).ensure(&bob()).await.unwrap();
    }

    /// The admin API as the service account, not through the proxy.
    pub async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.config.client_id),
            ("client_secret", self.config.client_secret.reveal()),
        ];
        let url = format!("{}realms/master/protocol/openid-connect/token", self.config.public_url);
        let token: Value = settled(async || answered(self.http.post(&url).form(&form)).await).await.1;
        let url = format!("{}admin/realms{path}", self.config.public_url);
        let (status, answer) = settled(async || {
            let mut request = self.http.request(method.clone(), &url).bearer_auth(text(&token, "access_token"));
            if let Some(body) = &body {
                request = request.json(body);
            }
            answered(request).await
        })
        .await;
        (StatusCode::from_u16(status).unwrap(), answer)
    }

    /// The one client of that name.
    pub async fn client(&self, realm: &str, id: &str) -> Value {
        let (_, found) = self.admin(Method::GET, &format!("/{realm}/clients?clientId={id}"), None).await;
        found[0].clone()
    }

    /// An endpoint of a realm.
    pub fn at(&self, realm: &str, path: &str) -> String {
        format!("{}/protocol/openid-connect/{path}", self.config.issuer(realm))
    }
}

/// Status and body of an answer; nothing for a body that is not JSON.
pub async fn answered(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// A tenant's realm of its own for the test, with direct grants.
pub fn tenant() -> RealmDesired {
    let slug = plexica_testkit::unique("kc");
    let mut desired = RealmDesired::tenant(format!("tenant-{slug}"), "Acme", owner(&slug, "1"));
    desired.domains = vec!["app.acme.test".into()];
    desired.direct_grant = true;
    desired
}

/// A mark.
pub fn owner(name: &str, uid: &str) -> Mark {
    Mark { installation: "test".into(), kind: "Tenant".into(), name: name.into(), uid: uid.into() }
}

/// A user with a password.
pub fn bob() -> UserDesired {
    UserDesired {
        username: "bob".into(),
        email: "bob@acme.test".into(),
        first_name: "Bob".into(),
        last_name: "Builder".into(),
        password: Some(Secret::new("correct horse")),
        roles: vec!["admin".into()],
    }
}
