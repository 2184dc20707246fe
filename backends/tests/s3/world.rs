//! A store, a database for intents, and names nobody else has.

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::config::{BehaviorVersion, Credentials as Keys, Region};
use plexica_backends::ownership::Mark;
use plexica_backends::postgres::intent::Intents;
use plexica_backends::postgres::{Placement, Provisioner, bootstrap, core};
use plexica_backends::s3::bucket::{self, Desired};
use plexica_backends::s3::credential::Credentials;
use plexica_backends::s3::{Config, Mode, Store, Sts, embedded};
use plexica_backends::{Changes, Result, Secret, System};
use plexica_crds::tenant::AdoptionPolicy;
use plexica_testkit::postgres::{Database, Server};
use plexica_testkit::s3::ObjectStore;
use plexica_testkit::unique;
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};

pub const ROOT_ID: &str = "root";
pub const ROOT_SECRET: &str = "root's secret";

pub struct World {
    pub store: Store,
    pub intents: Intents,
    pub config: Config,
    _database: Database,
    embedded: Option<(TempDir, DropGuard)>,
}

impl World {
    pub async fn embedded(server: Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shutdown = CancellationToken::new();
        let running = start(folder.path(), &shutdown).await;
        let config = config(running.endpoint(), ROOT_ID, ROOT_SECRET, Duration::from_hours(1));
        Self::new(server, config, Some((folder, shutdown.drop_guard()))).await
    }

    pub async fn minio(server: Server, minio: ObjectStore) -> Self {
        let config = config(minio.endpoint, &minio.access_key, &minio.secret_key, Duration::from_hours(1));
        Self::new(server, config, None).await
    }

    /// Whether it is the store of `plexica dev`.
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    async fn new(server: Server, config: Config, embedded: Option<(TempDir, DropGuard)>) -> Self {
        let database = server.database().await;
        let login = database.operator_login(bootstrap::SQL, "x").await;
        let url = Secret::new(database.url_as(&login, "x").to_string());
        let provisioner = Provisioner::new(&Placement { url, plugin_url: None }, None).unwrap();
        let _created = core::ensure(&provisioner, &"plexica".into()).await.unwrap();
        Self {
            store: Store::new(config.clone()).unwrap(),
            intents: Intents::new(provisioner, System::S3),
            config,
            _database: database,
            embedded,
        }
    }

    /// A bucket name nobody else has, for a tenant with that uid.
    pub fn desired(uid: &str) -> Desired {
        let tenant = unique("acme");
        Desired { bucket: format!("tenant-{tenant}"), mark: mark(&tenant, uid), adoption: AdoptionPolicy::IfRetained }
    }

    pub async fn ensure(&self, desired: &Desired) -> Result<Changes> {
        let observed = bucket::observe(&self.store, &self.intents, desired).await?;
        bucket::ensure(&self.store, &self.intents, desired, &observed).await
    }

    /// A client with the store's own keys.
    pub fn root(&self) -> aws_sdk_s3::Client {
        let secret = self.config.secret_access_key.clone();
        client(&self.config, &self.config.access_key_id, &secret, None)
    }

    /// A client with a tenant's keys.
    pub fn tenant(&self, keys: &Credentials) -> aws_sdk_s3::Client {
        client(&self.config, &keys.access_key_id, &keys.secret_access_key, keys.session_token.as_ref())
    }
}

pub async fn start(folder: &Path, shutdown: &CancellationToken) -> embedded::Running {
    let config = embedded::Config {
        listen: ([127, 0, 0, 1], 0).into(),
        data: folder.to_owned(),
        access_key_id: ROOT_ID.into(),
        secret_access_key: Secret::new(ROOT_SECRET),
    };
    embedded::start(config, shutdown.child_token()).await.unwrap()
}

pub fn config(endpoint: String, access_key_id: &str, secret: &str, duration: Duration) -> Config {
    Config {
        endpoint: Some(endpoint),
        region: "us-east-1".into(),
        access_key_id: access_key_id.into(),
        secret_access_key: Secret::new(secret),
        session_token: None,
        ca_bundle: None,
        credentials: Mode::Sts(Sts { duration, ..Sts::default() }),
    }
}

pub fn mark(tenant: &str, uid: &str) -> Mark {
    Mark { installation: "plexica".into(), kind: "Tenant".into(), name: tenant.into(), uid: uid.into() }
}

pub fn client(config: &Config, id: &str, secret: &Secret, token: Option<&Secret>) -> aws_sdk_s3::Client {
    let token = token.map(|token| token.reveal().to_owned());
    aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(config.endpoint.clone().unwrap())
            .force_path_style(true)
            .credentials_provider(Keys::new(id, secret.reveal(), token, None, "test"))
            .build(),
    )
}

pub async fn put(client: &aws_sdk_s3::Client, bucket: &str, key: &str, text: &'static str) {
    client.put_object().bucket(bucket).key(key).body(text.as_bytes().to_vec().into()).send().await.unwrap();
}

pub async fn read(client: &aws_sdk_s3::Client, bucket: &str, key: &str) -> String {
    let object = client.get_object().bucket(bucket).key(key).send().await.unwrap();
    String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap()
}
