//! A gateway with two tenants, their realms' keys, an upstream each, and a core API.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{Json, Router, extract::Path, http::StatusCode, response::IntoResponse, routing::get};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use plexica_contract::token::{Audience, Claims, PublicKeys, SigningKey, Verifier};
use plexica_gateway::{Config, Feed, Limits, launch};
use plexica_service::{Common, Running};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    resources::{PLATFORM, install, snapshot, tenant},
    upstream::Upstream,
};

/// Longer than anything takes that works, on a machine that does other things as well.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A realm's key pair.
#[derive(Clone)]
pub struct Pair {
    pub pem: String,
    pub signing: SigningKey,
}

impl Pair {
    pub fn new() -> Self {
        let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
        let signing = SigningKey::from_pkcs8_pem(&pem).unwrap();
        Self { pem, signing }
    }

    pub fn public(&self) -> PublicKeys {
        self.signing.public_keys()
    }

    pub fn header(&self) -> Header {
        let mut header = Header::new(Algorithm::ES256);
        header.kid.clone_from(&self.public().0.keys[0].common.key_id);
        header
    }

    pub fn sign(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &EncodingKey::from_ec_pem(self.pem.as_bytes()).unwrap()).unwrap()
    }

    pub fn token(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }
}

/// Serves realms' keys where Keycloak does. What a real Keycloak signs is tried in the end-to-end
/// tests.
#[derive(Clone, Default)]
pub struct KeyServer {
    pub realms: Arc<Mutex<HashMap<String, PublicKeys>>>,
    pub fetches: Arc<AtomicUsize>,
    pub url: String,
}

impl KeyServer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { url: format!("http://{}", listener.local_addr().unwrap()), ..Self::default() };
        let serving = server.clone();
        let certs = get(async move |Path(realm): Path<String>| {
            serving.fetches.fetch_add(1, Ordering::SeqCst);
            match serving.realms.lock().unwrap().get(&realm) {
                Some(keys) => Json(keys.clone()).into_response(),
                None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            }
        });
        let app = Router::new().route("/realms/{realm}/protocol/openid-connect/certs", certs);
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    pub fn set(&self, realm: &str, pair: &Pair) {
        self.realms.lock().unwrap().insert(realm.into(), pair.public());
    }

    pub fn count(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

pub struct Bench {
    pub gateway: Running,
    pub feed: Feed,
    pub shutdown: CancellationToken,
    pub keys: KeyServer,
    pub acme: Pair,
    pub globex: Pair,
    pub platform: Pair,
    pub signing: Pair,
    pub crm: Upstream,
    pub other_crm: Upstream,
    pub core_api: Upstream,
    pub http: reqwest::Client,
}

/// What a test may want otherwise.
pub fn limits() -> Limits {
    Limits { keys_min_interval: Duration::from_mins(1), ..Limits::default() }
}

pub fn config(keys: &KeyServer, core_api: &Upstream, limits: Limits) -> Config {
    Config {
        common: Common {
            installation: "i1".into(),
            namespace: PLATFORM.into(),
            metrics_listen: ([127, 0, 0, 1], 0).into(),
            ca_bundle: None,
        },
        listen: ([127, 0, 0, 1], 0).into(),
        keycloak_url: keys.url.parse().unwrap(),
        core_api_url: core_api.url().parse().unwrap(),
        tls_cert: None,
        tls_key: None,
        limits,
    }
}

pub async fn key_server() -> KeyServer {
    plexica_testkit::tls();
    KeyServer::start().await
}

impl Bench {
    pub async fn start() -> Self {
        Self::with(limits(), |_| {}).await
    }

    pub async fn with(limits: Limits, change: impl FnOnce(&mut Config)) -> Self {
        let bench = Self::empty(limits, change).await;
        bench.feed.sign_with(bench.signing.signing.clone());
        bench.publish(&[
            install("tenant-acme", "acme", &bench.crm.url()),
            install("tenant-globex", "globex", &bench.other_crm.url()),
        ]);
        bench
    }

    /// One that knows nothing yet.
    pub async fn empty(limits: Limits, change: impl FnOnce(&mut Config)) -> Self {
        let keys = key_server().await;
        let (acme, globex, platform) = (Pair::new(), Pair::new(), Pair::new());
        keys.set("tenant-acme", &acme);
        keys.set("tenant-globex", &globex);
        keys.set("plexica", &platform);
        let (crm, other_crm, core_api) = (Upstream::start().await, Upstream::start().await, Upstream::start().await);
        let mut config = config(&keys, &core_api, limits);
        change(&mut config);
        let shutdown = CancellationToken::new();
        let mut fed = None;
        let gateway = launch(config, shutdown.clone(), |_, feed| fed = Some(feed)).await.unwrap();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build();
        let (http, feed) = (http.unwrap(), fed.unwrap());
        Self {
            gateway,
            feed,
            shutdown,
            keys,
            acme,
            globex,
            platform,
            signing: Pair::new(),
            crm,
            other_crm,
            core_api,
            http,
        }
    }

    pub fn publish(&self, installs: &[Value]) {
        self.feed.publish(snapshot(&[tenant("acme"), tenant("globex")], installs));
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway.addr)
    }

    /// As acme's user.
    pub async fn get(&self, path: &str) -> reqwest::Response {
        let token = self.acme.token(&claims("tenant-acme"));
        self.http.get(self.url(path)).bearer_auth(token).send().await.unwrap()
    }

    /// What crm's path answers to this token.
    pub async fn status(&self, token: &str) -> u16 {
        let request = self.http.get(self.url("/api/plugins/crm/contacts")).bearer_auth(token);
        request.send().await.unwrap().status().as_u16()
    }

    /// What a receiver makes of the platform token it was sent.
    pub fn verified(&self, seen: &Value, audience: &str) -> Claims {
        let audience: Audience = audience.parse().unwrap();
        let token = seen["headers"]["authorization"][0].as_str().unwrap().strip_prefix("Bearer ").unwrap();
        Verifier::new("i1", &audience, &self.signing.public()).verify(token).unwrap()
    }

    /// Sends these bytes and gives all that comes back until the connection closes.
    pub async fn raw(&self, bytes: &str) -> String {
        let mut stream = TcpStream::connect(self.gateway.addr).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset after the answer is an end too.
        let _ended = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection ends");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What Keycloak says of a user of this realm.
pub fn claims(realm: &str) -> Value {
    json!({
        "iss": format!("https://id.test/realms/{realm}"),
        "aud": ["plexica", "account"],
        "sub": "u1",
        "typ": "Bearer",
        "iat": now(),
        "exp": now() + 300,
        "preferred_username": "ada",
        "realm_access": { "roles": ["user", "offline_access"] },
    })
}
