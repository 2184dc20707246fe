//! The parts of one test.

use std::{fmt::Debug, path::PathBuf, time::Duration};

use clap::Parser;
use k8s_openapi::{
    NamespaceResourceScope,
    api::core::v1::{Namespace, NamespaceSpec},
    apimachinery::pkg::apis::meta::v1::Condition,
};
use kube::{
    Api, Client, Resource,
    api::{DeleteParams, Patch, PatchParams},
    core::ClusterResourceScope,
};
use plexica_backends::postgres::bootstrap;
use plexica_crds::{Plugin, PluginInstall, Tenant, label::CONFIRM_DELETION, plugin::PluginStatus};
use plexica_operator::Config;
use plexica_testkit::{
    api_server::{ApiServer, Flavour},
    keycloak::Keycloak,
    or_skip,
    postgres::Database,
    require,
    s3::ObjectStore,
    unique, wait_for,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor, Row};
use tempfile::TempDir;

use crate::{
    budget::Budget,
    gate::Gate,
    issuer::{Administrator, SECRET},
    needs::{self, Need},
};

/// Long enough for a machine that does other things as well.
pub const PATIENCE: Duration = Duration::from_mins(1);
const PASSWORD: &str = "operator";
const LABEL: &str = "plexica.io/test";

/// The parts of one test.
pub struct World {
    pub client: Client,
    pub api: ApiServer,
    pub flavour: Flavour,
    pub database: Database,
    pub postgres: Gate,
    pub keycloak: Gate,
    pub s3: Gate,
    /// Of writes of all operators, to everything.
    pub budget: Budget,
    pub name: String,
    login: String,
    account: String,
    pub issuer: Keycloak,
    pub store: ObjectStore,
    logs: TempDir,
}

impl World {
    /// On the parts that run; `None` if one does not.
    pub async fn new() -> Option<Self> {
        Self::on(Flavour::chosen()).await
    }

    /// The same for a test that wants of the API what the standalone one does not serve, and that
    /// [`needs`] lists.
    pub async fn with(need: Need) -> Option<Self> {
        let flavour = Flavour::chosen();
        needs::met(need, flavour).then_some(())?;
        Self::on(flavour).await
    }

    /// On the standalone API in any run: its server can be [replaced](Self::rebuild).
    pub async fn standalone() -> Option<Self> {
        Self::on(Flavour::Standalone).await
    }

    /// Another API server in the place of this one, with nothing in it; all else stays as it is. The one
    /// before, which ends when it is dropped.
    pub async fn rebuild(&mut self) -> ApiServer {
        assert_eq!(self.flavour, Flavour::Standalone, "the cluster is everybody's");
        let api = ApiServer::find(self.flavour, plexica_crds::all()).await.unwrap();
        self.client = api.client().await;
        std::mem::replace(&mut self.api, api)
    }

    /// By what the cluster is known.
    pub async fn cluster(&self) -> String {
        self.global::<Namespace>("kube-system").await.unwrap().metadata.uid.unwrap()
    }

    async fn on(flavour: Flavour) -> Option<Self> {
        let server = require!(postgres17)?;
        let issuer = require!(keycloak)?;
        let store = require!(minio)?;
        let api = or_skip(ApiServer::find(flavour, plexica_crds::all()).await)?;
        let client = api.client().await;
        let database = server.database().await;
        let login = database.operator_login(bootstrap::SQL, PASSWORD).await;
        let budget = Budget::default();
        Some(Self {
            postgres: Gate::before(&database.url_as(&login, PASSWORD), &budget).await,
            keycloak: Gate::before(&issuer.url.parse().unwrap(), &budget).await,
            s3: Gate::before(&store.endpoint.parse().unwrap(), &budget).await,
            budget,
            account: Administrator::of(&issuer).service_account().await,
            name: unique("world"),
            login,
            client,
            api,
            flavour,
            database,
            issuer,
            store,
            logs: tempfile::tempdir().unwrap(),
        })
    }

    /// Who administers the realms that operators of this world make.
    pub fn administrator(&self) -> Administrator {
        Administrator::account(&self.issuer, &self.account)
    }

    /// The operator's login to Postgres, and its password.
    pub fn login(&self) -> (&str, &str) {
        (&self.login, PASSWORD)
    }

    /// The platform's namespace and realm.
    pub fn platform(&self) -> String {
        format!("plexica-{}", self.name)
    }

    /// Flags of an operator on these parts.
    pub fn flags(&self) -> Vec<String> {
        let platform = self.platform();
        [
            ("--namespace", platform.as_str()),
            ("--platform-realm", &platform),
            ("--metrics-listen", "127.0.0.1:0"),
            ("--database-url", self.postgres.url.as_str()),
            ("--keycloak-url", self.keycloak.url.as_str()),
            ("--keycloak-public-url", &self.issuer.url),
            ("--keycloak-client-id", &self.account),
            ("--keycloak-client-secret", SECRET),
            ("--s3-endpoint", self.s3.url.as_str()),
            ("--s3-access-key-id", &self.store.access_key),
            ("--s3-secret-access-key", &self.store.secret_key),
            ("--runner", "process"),
            ("--core-api-url", "http://127.0.0.1:9"),
            ("--plugin-logs", self.logs.path().to_str().unwrap()),
            ("--purge-deadline", "5"),
            ("--resync", "3600"),
            ("--selector", &format!("{LABEL}={}", self.name)),
        ]
        .into_iter()
        .flat_map(|(flag, value)| [flag.to_owned(), value.to_owned()])
        .collect()
    }

    pub fn config(&self) -> Config {
        let program = std::iter::once("plexica-operator".to_owned());
        let mut config = Config::parse_from(program.chain(self.flags()));
        config.plugins.aliases.insert("test-plugin".into(), std::env::current_exe().unwrap());
        config
    }

    /// The log of a plugin's process.
    pub fn plugin_log(&self, namespace: &str, workload: &str) -> PathBuf {
        self.logs.path().join(format!("{namespace}.{workload}.log"))
    }

    /// As this world's operators see it.
    pub fn meta(&self, mut object: Value) -> Value {
        object["metadata"]["labels"][LABEL] = json!(self.name);
        object["apiVersion"] = json!("plexica.io/v1alpha1");
        object
    }

    /// Applies a tenant; without a final backup unless its spec says otherwise.
    pub async fn tenant(&self, slug: &str, spec: Value) -> Tenant {
        let mut object = json!({ "kind": "Tenant", "metadata": { "name": slug }, "spec": spec });
        object["spec"]["displayName"] = json!(slug);
        if object["spec"]["deletionPolicy"] == "Delete" {
            object["metadata"]["annotations"] = json!({ CONFIRM_DELETION: slug });
            if object["spec"]["skipFinalBackup"].is_null() {
                object["spec"]["skipFinalBackup"] = json!(true);
            }
        }
        apply(&Api::all(self.client.clone()), slug, &self.meta(object)).await
    }

    /// Applies a catalogue entry of the plugin in [`crate::plugin`].
    pub async fn plugin(&self, id: &str, version: &str) -> Plugin {
        self.plugin_with(id, version, json!({})).await
    }

    /// The same with other fields in its spec.
    pub async fn plugin_with(&self, id: &str, version: &str, change: Value) -> Plugin {
        let name = format!("{id}-{version}");
        let mut object = json!({ "kind": "Plugin", "metadata": { "name": name }, "spec": {
            "id": id, "version": version, "displayName": id,
            "runtime": { "image": "plexica/test-plugin:1", "command": ["test-plugin", "--exact", "plugin::serve", "--nocapture"] },
            "permissions": [{ "key": format!("{id}:notes:read"), "name": "Read", "defaultRoles": ["user"] }],
            "rollout": { "bakeSeconds": 0 },
        }});
        object["spec"].as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        apply(&Api::all(self.client.clone()), &name, &self.meta(object)).await
    }

    /// A tenant of its own that a plugin of its own serves: the slug, and the plugin's id.
    pub async fn served(&self) -> (String, String) {
        let (slug, id) = (self.database.unique("acme"), self.database.unique("crm"));
        self.plugin(&id, "1.0.0").await;
        self.tenant(&slug, json!({})).await;
        self.ready(&slug).await;
        self.install(&slug, &id, json!({})).await;
        self.installed(&slug).await;
        (slug, id)
    }

    /// Applies an install in the tenant's namespace.
    pub async fn install(&self, slug: &str, id: &str, spec: Value) -> PluginInstall {
        self.install_as("it", slug, id, spec).await
    }

    /// The same, by another name than [`Self::install_until`] looks for.
    pub async fn install_as(&self, name: &str, slug: &str, id: &str, mut spec: Value) -> PluginInstall {
        spec["tenantRef"]["name"] = json!(slug);
        spec["plugin"]["id"] = json!(id);
        let object = json!({ "kind": "PluginInstall", "metadata": { "name": name }, "spec": spec });
        apply(&self.installs(slug), name, &self.meta(object)).await
    }

    pub fn tenants(&self) -> Api<Tenant> {
        Api::all(self.client.clone())
    }

    pub fn plugins(&self) -> Api<Plugin> {
        Api::all(self.client.clone())
    }

    pub fn installs(&self, slug: &str) -> Api<PluginInstall> {
        Api::namespaced(self.client.clone(), &format!("tenant-{slug}"))
    }

    /// An object of the tenant's namespace.
    pub async fn find<K>(&self, slug: &str, name: &str) -> Option<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Debug,
    {
        match Api::<K>::namespaced(self.client.clone(), &format!("tenant-{slug}")).get(name).await {
            // That of a kind that is not served has no reason.
            Err(kube::Error::Api(status)) if status.code == 404 => None,
            found => Some(found.unwrap()),
        }
    }

    /// A cluster-wide object.
    pub async fn global<K>(&self, name: &str) -> Option<K>
    where
        K: Resource<Scope = ClusterResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Debug,
    {
        Api::<K>::all(self.client.clone()).get_opt(name).await.unwrap()
    }

    /// One value, as the superuser sees it.
    pub async fn sql<T>(&self, query: &str) -> T
    where
        T: for<'a> sqlx::Decode<'a, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        let mut administrator = self.database.connect().await;
        sqlx::query(AssertSqlSafe(query.to_owned())).fetch_one(&mut administrator).await.expect(query).get(0)
    }

    /// Runs statements as the superuser.
    pub async fn execute(&self, sql: &str) {
        let mut administrator = self.database.connect().await;
        administrator.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.expect(sql);
    }

    /// What changes whenever something is written to the database, or to roles that have to do with
    /// one of the names. (Counters of tables that all databases share count others' writes.)
    pub async fn rows(&self, names: &[String]) -> String {
        let names = names.join("|").replace('-', "_");
        self.sql(&format!(
            "SELECT concat_ws(E'\\n',
                (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)
                   FROM pg_stat_all_tables s JOIN pg_class c ON c.oid = s.relid
                  WHERE NOT c.relisshared AND c.relname NOT IN ('pg_statistic', 'pg_toast_2619')),
                (SELECT string_agg(concat_ws(' ', r.rolname, r.xmin, m.roleid, m.xmin, d.xmin), E'\\n'
                        ORDER BY r.rolname, m.roleid, m.grantor)
                   FROM pg_authid r
                   LEFT JOIN pg_auth_members m ON m.member = r.oid
                   LEFT JOIN pg_shdescription d ON d.objoid = r.oid
                  WHERE r.rolname ~ '{names}'))"
        ))
        .await
    }

    /// What changes at once with any row of this database, those of its catalogue as well, and with roles that
    /// have to do with the name.
    pub async fn stored(&self, name: &str) -> String {
        let name = name.replace('-', "_");
        self.sql(&format!(
            "SELECT concat_ws(E'\\n',
                (SELECT string_agg(concat_ws(' ', c.oid::regclass, (xpath('//rows/text()', query_to_xml(format(
                        'SELECT concat_ws(''/'', count(*), max(xmin::text::int8), sum(xmin::text::int8)) AS rows
                           FROM %s', c.oid::regclass), false, true, '')))[1]), E'\\n' ORDER BY c.oid)
                   FROM pg_class c
                  WHERE c.relkind = 'r' AND NOT c.relisshared AND c.relname <> 'pg_statistic'),
                (SELECT string_agg(concat_ws(' ', r.rolname, r.xmin, m.roleid, m.xmin, d.xmin), E'\\n'
                        ORDER BY r.rolname, m.roleid, m.grantor)
                   FROM pg_authid r
                   LEFT JOIN pg_auth_members m ON m.member = r.oid
                   LEFT JOIN pg_shdescription d ON d.objoid = r.oid
                  WHERE r.rolname ~ '{name}'))"
        ))
        .await
    }

    pub async fn has_schema(&self, name: &str) -> bool {
        self.sql(&format!("SELECT to_regnamespace('\"{name}\"') IS NOT NULL")).await
    }

    /// Whether there is such a namespace. One that is told to go is as good as gone: where the API server
    /// is alone, no controller takes it away.
    pub async fn has_namespace(&self, name: &str) -> bool {
        self.global::<Namespace>(name).await.is_some_and(|found| found.metadata.deletion_timestamp.is_none())
    }

    /// Lets a namespace go that was told to, and holds nothing any more: where the API server is alone
    /// in the place of its controller.
    pub async fn empties(&self, name: &str) {
        if self.flavour == Flavour::Standalone {
            return;
        }
        let mut namespace = self.global::<Namespace>(name).await.unwrap();
        namespace.spec = Some(NamespaceSpec { finalizers: None });
        let request = http::Request::put(format!("/api/v1/namespaces/{name}/finalize"))
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&namespace).unwrap());
        self.client.request::<Value>(request.unwrap()).await.unwrap();
    }

    /// The status code of a realm's discovery document.
    pub async fn realm(&self, name: &str) -> u16 {
        let url = format!("{}/realms/{name}/.well-known/openid-configuration", self.issuer.url);
        reqwest::get(url).await.unwrap().status().as_u16()
    }

    /// Waits until a tenant's condition is as said.
    pub async fn until(&self, slug: &str, kind: &str, status: &str, reason: &str) -> Tenant {
        let what = format!("{slug} is {kind}={status} ({reason})");
        wait_for(&what, PATIENCE, async || {
            let tenant = self.tenants().get_opt(slug).await.unwrap()?;
            let conditions = tenant.status.as_ref().map(|status| status.conditions.clone()).unwrap_or_default();
            is(&conditions, kind, status, reason).then_some(tenant)
        })
        .await
    }

    pub async fn ready(&self, slug: &str) -> Tenant {
        self.until(slug, "Ready", "True", "Provisioned").await
    }

    /// Waits until an install's condition is as said.
    pub async fn install_until(&self, slug: &str, kind: &str, status: &str, reason: &str) -> PluginInstall {
        let what = format!("the install of {slug} is {kind}={status} ({reason})");
        wait_for(&what, PATIENCE, async || {
            let install = self.installs(slug).get_opt("it").await.unwrap()?;
            let conditions = install.status.as_ref().map(|status| status.conditions.clone()).unwrap_or_default();
            is(&conditions, kind, status, reason).then_some(install)
        })
        .await
    }

    /// Waits until a catalogue entry's status is as said.
    pub async fn entry_becomes(&self, name: &str, what: &str, is: impl Fn(&PluginStatus) -> bool) -> PluginStatus {
        wait_for(what, PATIENCE, async || {
            let status = self.plugins().get_opt(name).await.unwrap()?.status?;
            is(&status).then_some(status)
        })
        .await
    }

    pub async fn installed(&self, slug: &str) -> PluginInstall {
        self.install_until(slug, "Ready", "True", "Provisioned").await
    }

    /// Deletes an object and waits until it is gone.
    pub async fn delete<K>(&self, api: &Api<K>, name: &str)
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
    {
        // A finalizer may keep it a while; a second delete changes nothing.
        for _ in 0..2 {
            if let Err(error) = api.delete(name, &DeleteParams::default()).await {
                assert!(matches!(&error, kube::Error::Api(status) if status.code == 404), "{error}");
            }
        }
        self.gone(api, name).await;
    }

    /// Waits until an object is gone.
    pub async fn gone<K>(&self, api: &Api<K>, name: &str)
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
    {
        let gone = async || api.get_opt(name).await.unwrap().is_none().then_some(());
        wait_for(&format!("{name} is gone"), PATIENCE, gone).await;
    }
}

/// Whether a condition is as said; an empty reason is any.
pub fn is(conditions: &[Condition], kind: &str, status: &str, reason: &str) -> bool {
    let found = conditions.iter().find(|condition| condition.type_ == kind);
    found.is_some_and(|found| found.status == status && (reason.is_empty() || found.reason == reason))
}

pub async fn apply<K>(api: &Api<K>, name: &str, object: &Value) -> K
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(object)).await.unwrap()
}
