//! The identity provider: the one that was given, or the embedded one.

use std::{net::SocketAddr, path::Path};

use plexica_backends::{
    Secret,
    keycloak::{self, embedded},
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{DataDir, Error, Options, Secrets, platform::Platform};

/// The embedded issuer's service account, as the operator and `plexica token` use it.
pub const CLIENT_ID: &str = "plexica-operator";

/// In the data folder while the one that was given serves, which knows no token exchange for users.
const MARK: &str = "given-keycloak";

/// Whether the folder's `dev` has an embedded one.
pub fn is_embedded(folder: &Path) -> bool {
    !folder.join(MARK).exists()
}

/// How to reach it; starts the embedded one if none was given.
pub async fn start(
    platform: &mut Platform,
    options: &Options,
    data: &DataDir,
    pool: PgPool,
    listen: SocketAddr,
    secrets: &Secrets,
) -> Result<keycloak::Config, Error> {
    if let Some(config) = given(options)? {
        data.write_private(MARK, b"")?;
        return Ok(config);
    }
    data.remove(MARK)?;
    let client_secret = Secret::new(&secrets.keycloak_client);
    let config = embedded::Config {
        pool,
        listen,
        public_url: None,
        client_id: CLIENT_ID.to_owned(),
        client_secret: client_secret.clone(),
    };
    let stop = CancellationToken::new();
    let running = embedded::start(config, stop.clone()).await.map_err(Error::service("identity provider"))?;
    let url = running.public_url.clone();
    platform.keep("identity provider", stop, async {
        running.stopped().await;
        String::new()
    });
    Ok(keycloak::Config::new(url, CLIENT_ID, client_secret))
}

/// The one that was given, if one was.
pub fn given(options: &Options) -> Result<Option<keycloak::Config>, Error> {
    let Some(url) = &options.keycloak_url else { return Ok(None) };
    let secret = options.keycloak_client_secret.clone().unwrap_or_default();
    let mut config = keycloak::Config::new(parse("KEYCLOAK_URL", url)?, &options.keycloak_client_id, secret);
    if let Some(public) = &options.keycloak_public_url {
        config.public_url = parse("KEYCLOAK_PUBLIC_URL", public)?;
    }
    config.ca_bundle.clone_from(&options.ca_bundle);
    Ok(Some(config))
}

fn parse(variable: &'static str, text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|error| Error::Given { variable, reason: format!("it is no URL ({error})") })
}
