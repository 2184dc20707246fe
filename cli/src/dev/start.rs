//! Starting every part, in order.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use kube::Client;
use plexica_backends::keycloak;
use plexica_standalone::{EncryptionKey, Server, Tls};
use tokio_util::sync::CancellationToken;

use super::{
    DataDir, Error, Options, Secrets,
    addresses::{self, Addresses},
    backup,
    clusters::Clusters,
    database::Database,
    given, identity, plans,
    platform::Platform,
    postgres,
    service::{self, Service, Services},
    store::{self, Store},
};
use crate::standalone::rights;

/// Where things are.
pub struct Places {
    /// Base URL of the gateway.
    pub gateway: String,
    /// Realm of super-admins.
    pub platform_realm: String,
    /// The identity provider.
    pub identity: keycloak::Config,
    /// The object store.
    pub store: Store,
    /// The database, without a password.
    pub database: String,
    /// The file for kubectl.
    pub kubeconfig: PathBuf,
    /// The file for psql.
    pub pgpass: PathBuf,
    /// The administrator of the Kubernetes API.
    pub client: Client,
}

/// Starts everything that no URL was given for, and everything of ours.
pub async fn start(
    platform: &mut Platform,
    options: &Options,
    data: &DataDir,
    secrets: &Secrets,
) -> Result<Places, Error> {
    let listen = addresses::chosen(options.port)?;
    given::check(options).await?;
    let mut addresses = Addresses::load(data);
    let database = database(platform, options, data, secrets).await?;
    database.bootstrap().await?;
    let pool = database.pool().await?;
    let backup = backup::flags(&pool, &options.installation).await?;
    let server = api(platform, pool.clone(), addresses.of("kubernetes-api")?, data, secrets).await?;
    let kubeconfig_of_admin = server.kubeconfig(rights::ADMIN, &secrets.tokens.admin);
    let kubeconfig = data.write_private("kubeconfig", kubeconfig_of_admin.as_bytes())?;
    let client = service::client(&kubeconfig_of_admin).await?;
    let mut former = Clusters::begin(data, &client).await?.former;
    former.extend(options.former_clusters.iter().cloned());
    let identity = identity::start(platform, options, data, pool, addresses.of("issuer")?, secrets).await?;
    let store = store::start(platform, options, data, addresses.of("object-store")?, secrets).await?;
    let core_api = addresses.of("core-api")?;
    let tokens = &secrets.tokens;

    let mut services = Services { platform, server: &server, options };
    let operator = Service {
        name: "operator",
        account: (rights::OPERATOR, &tokens.operator),
        flags: of_operator(options, &database, &identity, &store, core_api, &data.folder("plugin-logs")?)
            .into_iter()
            .chain(backup)
            .chain(former.iter().map(|cluster| format!("--former-cluster={cluster}")))
            .chain([format!("--plans={}", plans::file(data)?.display())])
            .collect(),
    };
    let program = std::env::current_exe().map_err(Error::file("plexica"))?;
    services
        .start(operator, async |mut config: plexica_operator::Config, client, stop| {
            config.plugins.aliases.insert("plexica".to_owned(), program);
            plexica_operator::start(config, client, stop).await
        })
        .await?;
    let of_core_api = Service {
        name: "core API",
        account: (rights::CORE_API, &tokens.core_api),
        flags: vec![format!("--listen={core_api}"), format!("--database-url={}", database.of_core_api())],
    };
    services.start(of_core_api, plexica_core_api::start).await?;
    let of_gateway = Service {
        name: "gateway",
        account: (rights::GATEWAY, &tokens.gateway),
        flags: vec![
            format!("--listen={listen}"),
            format!("--keycloak-url={}", identity.url),
            format!("--core-api-url=http://{core_api}"),
        ],
    };
    let gateway = services.start(of_gateway, plexica_gateway::start).await?;

    Ok(Places {
        gateway: format!("http://{gateway}"),
        platform_realm: options.installation.platform_realm(),
        identity,
        store,
        database: database.shown(),
        kubeconfig,
        pgpass: database.write_pgpass(data)?,
        client,
    })
}

async fn database(
    platform: &mut Platform,
    options: &Options,
    data: &DataDir,
    secrets: &Secrets,
) -> Result<Database, Error> {
    if let Some(url) = &options.database_url {
        return Database::given(url, options, secrets).await;
    }
    let server = postgres::start(data, &secrets.postgres).await?;
    // Kept before it answers: a Ctrl-C meanwhile stops it as any other.
    let options = platform.keep_postgres(server).ready().await?;
    Database::create(&options, secrets).await
}

/// The API, and a handle that only tells how to reach it: its end is the platform's business.
async fn api(
    platform: &mut Platform,
    pool: sqlx::PgPool,
    listen: SocketAddr,
    data: &DataDir,
    secrets: &Secrets,
) -> Result<Server, Error> {
    const NAME: &str = "Kubernetes API";
    let key = data.join("encryption.key");
    let config = plexica_standalone::Config {
        pool,
        listen,
        tls: Tls::load_or_create(&data.folder("tls")?, &["127.0.0.1".into(), "localhost".into()])
            .map_err(Error::service(NAME))?,
        crds: plexica_crds::all(),
        tokens: rights::tokens(&secrets.tokens),
        encryption_key: EncryptionKey::load_or_create(&key).map_err(Error::file(&key))?,
    };
    let stop = CancellationToken::new();
    let mut server = plexica_standalone::serve(config, stop.clone()).await.map_err(Error::service(NAME))?;
    let join = std::mem::replace(&mut server.join, tokio::spawn(std::future::ready(())));
    platform.keep(NAME, stop, async { join.await.map_or_else(|error| error.to_string(), |()| String::new()) });
    Ok(server)
}

fn of_operator(
    options: &Options,
    database: &Database,
    identity: &keycloak::Config,
    store: &Store,
    core_api: SocketAddr,
    plugin_logs: &Path,
) -> Vec<String> {
    let prefix = options.installation.prefix();
    vec![
        format!("--realm-prefix={prefix}"),
        format!("--bucket-prefix={prefix}"),
        format!("--platform-realm={}", options.installation.platform_realm()),
        format!("--database-url={}", database.of_operator()),
        format!("--keycloak-url={}", identity.url),
        format!("--keycloak-public-url={}", identity.public_url),
        format!("--keycloak-client-id={}", identity.client_id),
        format!("--keycloak-client-secret={}", identity.client_secret.reveal()),
        "--direct-grants".to_owned(),
        format!("--s3-endpoint={}", store.endpoint),
        format!("--s3-access-key-id={}", store.access_key_id),
        format!("--s3-secret-access-key={}", store.secret_access_key.reveal()),
        "--runner=process".to_owned(),
        format!("--core-api-url=http://{core_api}"),
        format!("--plugin-logs={}", plugin_logs.display()),
    ]
}
