//! A core API of one test: a namespace, a database and keys of its own.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::Method;
use k8s_openapi::{
    ByteString,
    api::core::v1::{Namespace, Secret},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, Resource,
    api::{DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams},
    runtime::{conditions::is_crd_established, wait::await_condition},
};
use plexica_contract::token::{Audience, Minter, SigningKey, Subject};
use plexica_core_api::{Config, start};
use plexica_crds::{PluginInstall, Tenant};
use plexica_service::{Common, Running};
use plexica_testkit::{postgres::Database, require, unique, wait_until};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub const SOON: Duration = Duration::from_secs(30);

pub struct Bench {
    pub client: Client,
    pub namespace: String,
    pub database: Database,
    pub api: Running,
    pub http: reqwest::Client,
    minter: Minter,
    pub shutdown: CancellationToken,
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub etag: String,
    pub location: String,
    pub body: Value,
}

impl Answer {
    /// The fields at fault.
    pub fn fields(&self) -> Vec<&str> {
        let details = self.body["error"]["details"].as_array();
        details.into_iter().flatten().map(|detail| detail["field"].as_str().unwrap()).collect()
    }
}

/// Nothing, if a part does not run.
pub async fn bench() -> Option<Bench> {
    bench_that_serves_on(Duration::ZERO).await
}

/// One that takes connections for so long after it was told to stop.
pub async fn bench_that_serves_on(shutdown_delay: Duration) -> Option<Bench> {
    let cluster = require!(kubernetes)?;
    let postgres = require!(postgres17)?;
    let client = cluster.client().await;
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in plexica_crds::all() {
        let name = definition.metadata.name.clone().unwrap();
        let params = PatchParams::apply("plexica-tests").force();
        definitions.patch(&name, &params, &Patch::Apply(&definition)).await.unwrap();
        let established = await_condition(definitions.clone(), &name, is_crd_established());
        timeout(SOON, established).await.expect(&name).unwrap();
    }
    let namespace = unique("platform");
    make_namespace(&client, &namespace).await;
    let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
    let key = SigningKey::from_pkcs8_pem(&pem).unwrap();
    let jwks = serde_json::to_vec(&key.public_keys()).unwrap();
    let secret = Secret {
        metadata: named("plexica-platform-public-keys"),
        data: Some(BTreeMap::from([("jwks.json".into(), ByteString(jwks))])),
        ..Secret::default()
    };
    Api::namespaced(client.clone(), &namespace).create(&PostParams::default(), &secret).await.unwrap();

    let database = postgres.database().await;
    let config = Config { shutdown_delay, ..config(&namespace, &database).await };
    let shutdown = CancellationToken::new();
    let api = start(config, client.clone(), shutdown.clone()).await.unwrap();
    let http = reqwest::Client::new();
    let ready = format!("http://{}/readyz", api.metrics_addr);
    wait_until("the core API is ready", SOON, async || http.get(&ready).send().await.unwrap().status() == 200).await;
    Some(Bench { client, namespace, database, api, http, minter: Minter::new("i1", key), shutdown })
}

/// With a login of its own in this database.
pub async fn config(namespace: &str, database: &Database) -> Config {
    Config {
        common: Common {
            installation: "i1".into(),
            namespace: namespace.into(),
            metrics_listen: ([127, 0, 0, 1], 0).into(),
            ca_bundle: None,
        },
        listen: ([127, 0, 0, 1], 0).into(),
        database_url: core_api_login(database).await,
        shutdown_delay: Duration::ZERO,
    }
}

/// The platform's own tables, and a login that may what `plexica_core_api` may.
async fn core_api_login(database: &Database) -> plexica_contract::Secret {
    let mut connection: PgConnection = database.connect().await;
    let role = "DO $$ BEGIN CREATE ROLE plexica_core_api LOGIN; \
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
    connection.execute(role).await.unwrap();
    connection.execute("CREATE SCHEMA core; SET search_path = core").await.unwrap();
    for tables in [
        include_str!("../../../backends/src/postgres/core/migrations/0001_core.sql"),
        include_str!("../../../backends/src/postgres/core/migrations/0003_operation.sql"),
        include_str!("../../../backends/src/postgres/core/migrations/0005_platform_operation.sql"),
    ] {
        connection.execute(tables).await.unwrap();
    }
    let login = database.unique("coreapi");
    let sql = format!(r#"CREATE ROLE "{login}" LOGIN PASSWORD 'secret' IN ROLE plexica_core_api"#);
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    plexica_contract::Secret::new(database.url_as(&login, "secret"))
}

pub fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() }
}

pub async fn make_namespace(client: &Client, name: &str) {
    let namespace = Namespace { metadata: named(name), ..Namespace::default() };
    Api::all(client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
}

/// Makes a resource and gives it its status, as the operator does.
pub async fn make<K>(api: &Api<K>, resource: &Value)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize,
{
    let made = api.create(&PostParams::default(), &serde_json::from_value(resource.clone()).unwrap()).await.unwrap();
    if let Some(status) = resource.get("status") {
        let patch = Patch::Merge(json!({ "status": status }));
        api.patch_status(made.meta().name.as_deref().unwrap(), &PatchParams::default(), &patch).await.unwrap();
    }
}

impl Bench {
    pub fn token(&self, audience: &str, tenant: Option<&str>, roles: &[&str]) -> String {
        let subject = Subject::User {
            sub: "u1".into(),
            username: Some("ada".into()),
            email: Some("ada@acme.test".into()),
            roles: roles.iter().map(ToString::to_string).collect(),
            permissions: vec![],
        };
        let audience: Audience = audience.parse().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        self.minter.mint(audience, tenant.map(|slug| slug.parse().unwrap()), subject, None, unique("j"), now).unwrap()
    }

    pub fn super_admin(&self) -> String {
        self.token("core-api", None, &["super-admin"])
    }

    pub fn admin_of(&self, tenant: &str) -> String {
        self.token("core-api", Some(tenant), &["admin", "user"])
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.api.addr))
    }

    pub async fn call(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, path).bearer_auth(token);
        read(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.call(token, Method::GET, path, None).await
    }

    /// A tenant with a namespace, as the operator leaves it.
    pub async fn tenant(&self) -> String {
        let slug = unique("acme");
        let namespace = format!("tenant-{slug}");
        make_namespace(&self.client, &namespace).await;
        let tenant = json!({
            "apiVersion": "plexica.io/v1alpha1", "kind": "Tenant",
            "metadata": { "name": slug }, "spec": { "displayName": "Acme" },
            "status": { "namespace": namespace },
        });
        make(&Api::<Tenant>::all(self.client.clone()), &tenant).await;
        slug
    }

    /// Takes away what the test made for all to see.
    pub async fn end(self, tenants: &[&str]) {
        let (one, all) = (DeleteParams::default(), ListParams::default());
        let namespaces = tenants.iter().map(|tenant| format!("tenant-{tenant}")).chain([self.namespace.clone()]);
        for namespace in namespaces {
            let installs = Api::<PluginInstall>::namespaced(self.client.clone(), &namespace);
            installs.delete_collection(&one, &all).await.unwrap();
        }
        for tenant in tenants {
            // The test may have deleted it itself.
            let _gone = Api::<Tenant>::all(self.client.clone()).delete(tenant, &one).await;
        }
        self.shutdown.cancel();
        timeout(SOON, self.api.stopped()).await.expect("it ends").unwrap();
    }
}

pub async fn read(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (etag, location, status) = (header("etag"), header("location"), answer.status().as_u16());
    let text = answer.text().await.unwrap();
    Answer { status, etag, location, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}
