//! The object store: the one that was given, or the embedded one.

use std::net::SocketAddr;

use plexica_backends::{Secret, s3::embedded};
use tokio_util::sync::CancellationToken;

use super::{DataDir, Error, Options, Secrets, platform::Platform};

/// How the operator reaches it.
pub struct Store {
    /// Base URL.
    pub endpoint: String,
    /// The operator's key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Secret,
}

/// How to reach it; starts the embedded one if none was given.
pub async fn start(
    platform: &mut Platform,
    options: &Options,
    data: &DataDir,
    listen: SocketAddr,
    secrets: &Secrets,
) -> Result<Store, Error> {
    if let (Some(endpoint), Some(id), Some(secret)) =
        (&options.s3_endpoint, &options.s3_access_key_id, &options.s3_secret_access_key)
    {
        return Ok(Store {
            endpoint: endpoint.clone(),
            access_key_id: id.clone(),
            secret_access_key: Secret::new(secret),
        });
    }
    let access_key_id = "plexica".to_owned();
    let secret_access_key = Secret::new(&secrets.s3);
    let config = embedded::Config {
        listen,
        data: data.folder("s3")?,
        access_key_id: access_key_id.clone(),
        secret_access_key: secret_access_key.clone(),
    };
    let stop = CancellationToken::new();
    let running = embedded::start(config, stop.clone()).await.map_err(Error::service("object store"))?;
    let endpoint = running.endpoint();
    platform.keep("object store", stop, async {
        running.stopped().await;
        String::new()
    });
    Ok(Store { endpoint, access_key_id, secret_access_key })
}
