//! A tenant from its final backup, by the command that people run for it.

use std::process::Stdio;

use plexica_e2e::{administrator::ServiceAccount, built, kubectl::NAMESPACE};
use plexica_testkit::{keycloak::Keycloak, postgres::Server, s3::ObjectStore};
use tokio::process::Command;
use url::Url;

use crate::cluster::Cluster;

/// What the operator has, for who restores beside the cluster.
pub struct Operators<'a> {
    pub postgres: &'a Server,
    /// With the operator's login.
    pub database: Url,
    pub keycloak: &'a Keycloak,
    pub client: &'a ServiceAccount,
    pub store: &'a ObjectStore,
    pub backups: &'a str,
}

/// `plexica restore tenant`, which waits until the tenant is Ready and applies its installs.
pub async fn tenant(cluster: &Cluster, operators: &Operators<'_>, tenant: &str, from: &str) {
    let Operators { postgres, database, keycloak, client, store, backups } = operators;
    let pg_restore = postgres.bin().expect("it came with its programs").join("pg_restore");
    let output = Command::new(built("plexica"))
        .args(["restore", "tenant", tenant, "--from", from, "--kubeconfig"])
        .arg(cluster.kubeconfig())
        .env("DATABASE_URL", database.as_str())
        .env("KEYCLOAK_URL", &keycloak.url)
        .env("KEYCLOAK_CLIENT_ID", &client.id)
        .env("KEYCLOAK_CLIENT_SECRET", &client.secret)
        .env("S3_ENDPOINT", &store.endpoint)
        .env("S3_ACCESS_KEY_ID", &store.access_key)
        .env("S3_SECRET_ACCESS_KEY", &store.secret_key)
        .env("PLEXICA_BACKUP_BUCKET", backups)
        .env("PLEXICA_PG_RESTORE", pg_restore)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("`cargo xtask test` builds it");
    let [said, complained] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{said}{complained}");
    assert!(said.contains(&format!("tenant {tenant} is Ready")), "{said}");
    cluster.wait(&format!("plugininstall/{tenant}-crm"), NAMESPACE).await;
}
