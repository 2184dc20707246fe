//! The platform around the plugin: it mints tokens, lists tenants, and can be away.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    extract::{Query, State},
    response::{IntoResponse, Response},
    routing,
};
use http::{HeaderMap, StatusCode, header};
use plexica_contract::{
    name::{PluginId, Slug},
    path,
    tenancy::{PluginTenant, PluginTenants},
    token::{Audience, BodyDigest, Minter, PublicKeys, SigningKey, Subject},
};
use serde::Deserialize;
use tokio::{net::TcpListener, sync::watch};
use url::Url;
use uuid::Uuid;

pub(super) const INSTALLATION: &str = "test";

/// The platform as a plugin sees it.
pub struct Platform {
    url: Url,
    user: String,
    password: String,
    minter: Mutex<Minter>,
    published: Mutex<PublicKeys>,
    tenants: watch::Sender<(u64, BTreeMap<Slug, PluginTenant>)>,
    away: watch::Sender<bool>,
    asked_for_keys: AtomicUsize,
}

impl Platform {
    pub(super) async fn start(plugin: &PluginId) -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let minter = Minter::new(INSTALLATION, key());
        let platform = Arc::new(Self {
            url: format!("http://{address}").parse().expect("a URL"),
            user: format!("plugin:{plugin}"),
            password: Uuid::new_v4().to_string(),
            published: Mutex::new(minter.key().public_keys()),
            minter: Mutex::new(minter),
            tenants: watch::Sender::new((1, BTreeMap::new())),
            away: watch::Sender::new(false),
            asked_for_keys: AtomicUsize::new(0),
        });
        let app = Router::new()
            .route(path::PLUGIN_TENANTS, routing::get(tenants))
            .route(path::PLATFORM_KEYS, routing::get(keys))
            .with_state(platform.clone());
        tokio::spawn(axum::serve(listener, app).into_future());
        platform
    }

    /// A platform token for a plugin.
    pub fn token(&self, plugin: &PluginId, tenant: Option<&Slug>, subject: Subject) -> String {
        self.mint(plugin, tenant, subject, None, now())
    }

    /// A token of a user with these permissions, minted some seconds ago (or, negative, later).
    pub fn user_token(&self, plugin: &PluginId, tenant: &Slug, permissions: &[&str], seconds_ago: i64) -> String {
        let subject = Subject::User {
            sub: "ada".into(),
            username: None,
            email: None,
            roles: vec!["user".into()],
            permissions: permissions.iter().map(|&key| key.to_owned()).collect(),
        };
        self.mint(plugin, Some(tenant), subject, None, now().saturating_add_signed(-seconds_ago))
    }

    /// A token of the operator, for this body if there is one.
    pub fn lifecycle_token(&self, plugin: &PluginId, tenant: &Slug, body: Option<&[u8]>) -> String {
        self.mint(plugin, Some(tenant), Subject::Lifecycle, body.map(BodyDigest::of), now())
    }

    /// Signs with a new key from now on, and publishes it alone.
    pub fn rotate_keys(&self) {
        let minter = Minter::new(INSTALLATION, key());
        *lock(&self.published) = minter.key().public_keys();
        *lock(&self.minter) = minter;
    }

    /// The keys it publishes.
    pub fn public_keys(&self) -> PublicKeys {
        lock(&self.published).clone()
    }

    /// How often the plugin asked for them.
    pub fn times_asked_for_keys(&self) -> usize {
        self.asked_for_keys.load(Ordering::SeqCst)
    }

    /// Lists a tenant, or changes what the list says of it.
    pub fn list(&self, tenant: PluginTenant) {
        self.tenants.send_modify(|(revision, tenants)| {
            *revision += 1;
            tenants.insert(tenant.tenant.clone(), tenant);
        });
    }

    /// Takes a tenant off the list.
    pub fn unlist(&self, tenant: &Slug) {
        self.tenants.send_modify(|(revision, tenants)| {
            *revision += 1;
            tenants.remove(tenant);
        });
    }

    /// Answers 503 to everything, or no longer.
    pub fn set_away(&self, away: bool) {
        self.away.send_replace(away);
    }

    pub(super) fn url(&self) -> Url {
        self.url.clone()
    }

    pub(super) fn credential_user(&self) -> &str {
        &self.user
    }

    pub(super) fn credential_password(&self) -> &str {
        &self.password
    }

    fn mint(
        &self,
        plugin: &PluginId,
        tenant: Option<&Slug>,
        subject: Subject,
        body: Option<BodyDigest>,
        at: u64,
    ) -> String {
        let audience = Audience::Plugin(plugin.clone());
        let minter = lock(&self.minter);
        minter
            .mint(audience, tenant.cloned(), subject, body, Uuid::new_v4().to_string(), at)
            .expect("a token is signed")
    }
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Platform").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct After {
    after: Option<String>,
}

async fn tenants(
    State(platform): State<Arc<Platform>>,
    Query(After { after }): Query<After>,
    headers: HeaderMap,
) -> Response {
    if *platform.away.borrow() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if !platform.knows(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut tenants = platform.tenants.subscribe();
    let mut away = platform.away.subscribe();
    let newer = tenants.wait_for(|(revision, _)| after.as_deref() != Some(revision.to_string().as_str()));
    tokio::select! {
        state = newer => match state {
            Ok(state) => axum::Json(PluginTenants {
                revision: state.0.to_string(),
                tenants: state.1.values().cloned().collect(),
            })
            .into_response(),
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
        _ = away.wait_for(|away| *away) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        () = tokio::time::sleep(Duration::from_secs(30)) => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn keys(State(platform): State<Arc<Platform>>) -> Response {
    platform.asked_for_keys.fetch_add(1, Ordering::SeqCst);
    if *platform.away.borrow() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    axum::Json(platform.public_keys()).into_response()
}

impl Platform {
    fn knows(&self, headers: &HeaderMap) -> bool {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let expected = format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password)));
        headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes() == expected.as_bytes())
    }
}

fn key() -> SigningKey {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key pair");
    SigningKey::from_pkcs8_pem(&pair.serialize_pem()).expect("a P-256 key")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
