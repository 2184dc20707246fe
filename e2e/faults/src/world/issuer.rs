//! Who keeps the realms: Keycloak, or, where a thousand of them are to be had in minutes, the issuer
//! that Plexica brings for development.

use plexica_backends::{Secret, keycloak::embedded};
use plexica_testkit::{
    keycloak::{Administrator, Keycloak, SECRET},
    postgres::{Database, Server},
};
use sqlx::PgPool;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// The real Keycloak.
    Keycloak,
    /// The embedded one, which speaks the same API and keeps realms in Postgres.
    Embedded,
}

/// How the operator reaches it.
#[derive(Debug)]
pub struct Reached {
    /// Where.
    pub url: String,
    /// As whom.
    pub client_id: String,
    // Dropped, it would stop.
    _embedded: Option<(DropGuard, Database)>,
}

impl Issuer {
    /// Sees to it that it runs, and that there is a service account that may create realms; its secret
    /// is that of the testkit.
    ///
    /// # Panics
    /// When the embedded one does not start.
    pub async fn reach(self, keycloak: &Keycloak, server: &Server) -> Reached {
        match self {
            Self::Keycloak => Reached {
                url: keycloak.url.clone(),
                client_id: Administrator::of(keycloak).service_account().await,
                _embedded: None,
            },
            Self::Embedded => {
                let (database, client_id) = (server.database().await, "operator".to_owned());
                let config = embedded::Config {
                    pool: PgPool::connect(database.url().as_str()).await.unwrap(),
                    listen: ([127, 0, 0, 1], 0).into(),
                    public_url: None,
                    client_id: client_id.clone(),
                    client_secret: Secret::new(SECRET),
                };
                let stop = CancellationToken::new();
                let running = embedded::start(config, stop.clone()).await.unwrap();
                let url = running.public_url.as_str().trim_end_matches('/').to_owned();
                Reached { url, client_id, _embedded: Some((stop.drop_guard(), database)) }
            }
        }
    }
}
