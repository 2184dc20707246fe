//! A bootstrapped database with an operator's login of its own.

use std::collections::BTreeSet;

use plexica_backends::ownership::Mark;
use plexica_backends::postgres::{Placement, Provisioner, bootstrap, core, login, permission, plugin, tenant};
use plexica_backends::{Changes, Secret};
use plexica_contract::manifest::PermissionDeclaration;
use plexica_contract::name::{PluginId, Slot, Slug};
use plexica_crds::tenant::AdoptionPolicy;
use plexica_testkit::postgres::{Database, Server};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use url::Url;

pub const INSTALLATION: &str = "plexica";
const PASSWORD: &str = "operator's own";

pub struct World {
    pub server: Server,
    pub database: Database,
    /// As the operator signs in.
    pub operator_url: Url,
    pub provisioner: Provisioner,
    pub tenant: Slug,
    pub plugin: PluginId,
}

impl World {
    pub async fn new(server: Server) -> Self {
        let database = server.database().await;
        let login = database.operator_login(bootstrap::SQL, PASSWORD).await;
        let operator_url = database.url_as(&login, PASSWORD);
        let url = Secret::new(operator_url.to_string());
        let provisioner = Provisioner::new(&Placement { url, plugin_url: None }, None).unwrap();
        let _created = core::ensure(&provisioner, &INSTALLATION.into()).await.unwrap();
        let tenant = database.unique("acme").parse().unwrap();
        let plugin = database.unique("crm").parse().unwrap();
        Self { server, database, operator_url, provisioner, tenant, plugin }
    }

    pub async fn administrator(&self) -> PgConnection {
        self.database.connect().await
    }

    pub async fn execute(&self, sql: impl Into<String>) {
        let sql = sql.into();
        let mut administrator = self.administrator().await;
        administrator.execute(sqlx::raw_sql(AssertSqlSafe(sql.clone()))).await.expect(&sql);
    }

    pub fn tenant(&self, uid: &str) -> tenant::Desired {
        Self::tenant_named(&self.tenant, uid)
    }

    pub fn tenant_named(tenant: &Slug, uid: &str) -> tenant::Desired {
        let mark = mark("Tenant", tenant.as_str(), uid);
        tenant::Desired { tenant: tenant.clone(), mark, adoption: AdoptionPolicy::IfRetained }
    }

    pub fn install(&self, tenant: &Slug, uid: &str) -> plugin::Desired {
        plugin::Desired {
            tenant: tenant.clone(),
            plugin: self.plugin.clone(),
            mark: mark("PluginInstall", &format!("tenant-{tenant}.{}", self.plugin), uid),
            adoption: AdoptionPolicy::IfRetained,
        }
    }

    pub fn shared_login(&self, tenants: &[&Slug]) -> login::Desired {
        login::Desired {
            login: login::Login::Shared(self.plugin.clone(), Slot::Odd),
            installation: INSTALLATION.into(),
            password: Secret::new("a random password"),
            tenants: login::Tenants::Exactly(tenants.iter().copied().cloned().collect::<BTreeSet<_>>()),
        }
    }

    pub fn permissions(&self, permissions: Vec<PermissionDeclaration>) -> permission::Desired {
        permission::Desired {
            installation: INSTALLATION.into(),
            tenant: self.tenant.clone(),
            plugin: self.plugin.clone(),
            permissions,
        }
    }

    pub async fn ensure_tenant(&self, desired: &tenant::Desired) -> plexica_backends::Result<Changes> {
        let observed = tenant::observe(&self.provisioner, desired).await?;
        tenant::ensure(&self.provisioner, desired, &observed).await
    }

    pub async fn ensure_install(&self, desired: &plugin::Desired) -> plexica_backends::Result<Changes> {
        let observed = plugin::observe(&self.provisioner, desired).await?;
        plugin::ensure(&self.provisioner, desired, &observed).await
    }

    pub async fn ensure_login(&self, desired: &login::Desired) -> plexica_backends::Result<Changes> {
        let observed = login::observe(&self.provisioner, desired).await?;
        login::ensure(&self.provisioner, desired, &observed).await
    }

    pub async fn ensure_permissions(&self, desired: &permission::Desired) -> plexica_backends::Result<Changes> {
        let observed = permission::observe(&self.provisioner, desired).await?;
        permission::ensure(&self.provisioner, desired, &observed).await
    }

    /// Tenant, plugin and shared login, and a connection as that login.
    pub async fn installed(&self) -> PgConnection {
        let _tenant = self.ensure_tenant(&self.tenant("1")).await.unwrap();
        let _install = self.ensure_install(&self.install(&self.tenant, "1")).await.unwrap();
        let login = self.shared_login(&[&self.tenant]);
        let _login = self.ensure_login(&login).await.unwrap();
        self.connect(&login).await
    }

    pub async fn connect(&self, login: &login::Desired) -> PgConnection {
        PgConnection::connect(login.url(&self.provisioner).unwrap().reveal()).await.expect("the login connects")
    }
}

pub fn mark(kind: &str, name: &str, uid: &str) -> Mark {
    Mark { installation: INSTALLATION.into(), kind: kind.into(), name: name.into(), uid: uid.into() }
}

/// One value of one row.
pub async fn scalar<T>(connection: &mut PgConnection, sql: &str) -> T
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
{
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await.expect(sql)
}
