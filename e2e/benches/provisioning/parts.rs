//! The real parts, with a database, a service account and names of this run's own.

use std::path::PathBuf;

use kube::{
    Api, Client,
    api::{Patch, PatchParams},
    runtime::wait::{await_condition, conditions::is_crd_established},
};
use plexica_backends::postgres::bootstrap;
use plexica_testkit::{
    kubernetes::{Cluster, Tier},
    postgres::{Database, PgVersion, Server},
    s3::ObjectStore,
};
use sqlx::{AssertSqlSafe, Executor};
use tempfile::TempDir;

use crate::{
    identity::{Administrator, ServiceAccount},
    outcome::{Result, found},
};

const PASSWORD: &str = "of-the-bench";

/// Everything that provisioning needs.
pub struct Parts {
    pub database: Database,
    /// The database as the operator's login.
    pub database_url: String,
    pub kubeconfig: PathBuf,
    pub client: Client,
    pub administrator: Administrator,
    pub account: ServiceAccount,
    pub store: ObjectStore,
    /// In all names of this run.
    pub mark: String,
    /// For logs.
    pub folder: TempDir,
}

impl Parts {
    pub async fn find() -> Result<Self> {
        let server = found(Server::find(PgVersion::V17))?;
        let cluster = found(Cluster::find(Tier::T0))?;
        let keycloak = found(plexica_testkit::keycloak::Keycloak::find())?;
        let store = found(ObjectStore::minio())?;

        let database = server.database().await;
        let login = database.unique("bench");
        let mark = login.trim_start_matches("bench-").to_owned();
        let mut connection = database.connect().await;
        connection.execute(bootstrap::SQL).await?;
        let create = format!(
            "CREATE ROLE \"{login}\" LOGIN NOINHERIT PASSWORD '{PASSWORD}'; GRANT plexica_provisioner TO \"{login}\"; \
             GRANT CONNECT ON DATABASE \"{}\" TO \"{login}\"",
            database.name()
        );
        connection.execute(sqlx::raw_sql(AssertSqlSafe(create))).await?;

        let client = cluster.client().await;
        define(&client).await?;
        let administrator = Administrator::new(keycloak);
        let account = administrator.service_account(&login).await?;
        Ok(Self {
            database_url: database.url_as(&login, PASSWORD).to_string(),
            database,
            kubeconfig: cluster.kubeconfig,
            client,
            administrator,
            account,
            store,
            mark,
            folder: tempfile::tempdir()?,
        })
    }

    /// The selector of this run's tenants.
    pub fn selector(&self) -> String {
        format!("plexica.io/bench={}", self.mark)
    }

    /// A tenant's name.
    pub fn slug(&self, prefix: &str, number: usize) -> String {
        format!("{prefix}{number}-{}", self.mark)
    }
}

async fn define(client: &Client) -> Result<()> {
    let crds = Api::all(client.clone());
    for crd in plexica_crds::all() {
        let name = crd.metadata.name.clone().unwrap_or_default();
        crds.patch(&name, &PatchParams::apply("plexica-bench").force(), &Patch::Apply(&crd)).await?;
        await_condition(crds.clone(), &name, is_crd_established()).await?;
    }
    Ok(())
}
