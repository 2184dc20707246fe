//! The whole line on a cluster with pods: the chart installed with Helm, a tenant applied with
//! kubectl, the plugin's pod from a scratch image, a request through the gateway's Service, and
//! the row in Postgres. Postgres, Keycloak and MinIO run on the node.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backup;
mod cluster;
mod network;
mod platform;
mod quota;
mod relay;
mod restore;
mod rights;
mod trial;
mod upkeep;

use futures::FutureExt;
use plexica_e2e::{
    administrator::Administrator,
    browser::Browser,
    kubectl::NAMESPACE,
    request::{served, unpooled},
    scenario::{bad_input, lifecycle, moves, passing_tenant, upgrade},
};
use plexica_testkit::{keycloak::Keycloak, postgres::Server, require, s3::ObjectStore, unique};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Instant;
use tokio::sync::Mutex;

use backup::Backups;
use cluster::Cluster;
use network::Systems;
use restore::Operators;
use upkeep::User;

const TENANT: &str = "acme";
/// Goes while the platform is not installed.
const LEAVES: &str = "beta";
/// There is one cluster, and each test has the platform's names in it.
static CLUSTER: Mutex<()> = Mutex::const_new(());
const PASSWORD: &str = "correct horse battery staple";

#[tokio::test(flavor = "multi_thread")]
async fn from_chart_to_row() {
    let Some(kubernetes) = require!(kubernetes_t2) else { return };
    let Some(postgres) = require!(postgres_t2) else { return };
    let Some(keycloak) = require!(keycloak) else { return };
    let Some(minio) = require!(minio) else { return };
    let alone = CLUSTER.lock().await;
    let cluster = Cluster::new(&kubernetes);
    reported(&cluster, line(&cluster, &postgres, &keycloak, &minio)).await;
    drop(alone);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_follows_the_page() {
    let Some(kubernetes) = require!(kubernetes_t2) else { return };
    let alone = CLUSTER.lock().await;
    let cluster = Cluster::new(&kubernetes);
    trial::clear(&cluster).await;
    reported(&cluster, trial::follows_the_page(&cluster)).await;
    cluster.clear().await;
    trial::clear(&cluster).await;
    drop(alone);
}

/// Does it on a cluster without anything of the platform, and says after a failure how all was.
async fn reported(cluster: &Cluster, work: impl Future<Output = ()>) {
    plexica_testkit::tls();
    cluster.clear().await;
    if let Err(failed) = AssertUnwindSafe(work).catch_unwind().await {
        println!("{}", cluster.report().await);
        resume_unwind(failed);
    }
}

async fn line(cluster: &Cluster, postgres: &Server, keycloak: &Keycloak, minio: &ObjectStore) {
    // As docs/bootstrap.md says: least rights, one Secret each.
    let database = platform::database(postgres).await;
    let systems = Systems::open(cluster, database.url(), keycloak, minio).await;
    let keycloak_url = format!("http://{}", systems.keycloak);
    let s3_endpoint = format!("http://{}", systems.store);
    let installation = unique("t2");
    let administrator = Administrator::new(&keycloak_url, &keycloak.admin_user, &keycloak.admin_password);
    let client = administrator.create_operator(&installation).await;
    let urls = [platform::OPERATOR, platform::CORE_API].map(|(login, password)| {
        let mut url = database.url_as(login, password);
        url.set_ip_host(systems.database.ip()).unwrap();
        url.set_port(Some(systems.database.port())).unwrap();
        url
    });
    cluster.secret("plexica-database", &[("operator-url", urls[0].as_str()), ("core-api-url", urls[1].as_str())]).await;
    cluster.secret("plexica-keycloak", &[("client-id", &client.id), ("client-secret", &client.secret)]).await;
    let keys = [("access-key-id", minio.access_key.as_str()), ("secret-access-key", &minio.secret_key)];
    cluster.secret("plexica-s3", &keys).await;

    let backups = format!("{installation}-0-backups");
    let operators = Operators {
        postgres,
        database: platform::as_operator(&database),
        keycloak,
        client: &client,
        store: minio,
        backups: &backups,
    };
    let mut values = values(&installation, &keycloak_url, &s3_endpoint, &backups);
    values["networkPolicy"] = systems.policy();
    install(cluster, &values).await;

    cluster.apply_file("examples/tenant.yaml").await;
    cluster.wait("tenant/acme", "").await;
    let realm = format!("{installation}-{TENANT}");
    administrator.set_password(&realm, "ada@acme.test", PASSWORD).await;
    let browser = Browser::new(&keycloak_url, &realm, "https://app.acme.test/signed-in");
    let signs_in = async || browser.sign_in("ada@acme.test", PASSWORD).await;
    let token = signs_in().await;
    let gateway = cluster.service("plexica-gateway").await;
    cluster.apply(&passing_tenant(LEAVES)).await;
    cluster.wait(&format!("tenant/{LEAVES}"), "").await;

    cluster.apply_file("examples/crm.yaml").await;
    let begun = Instant::now();
    cluster.apply_file("examples/install.yaml").await;
    let contact = create_contact(&gateway, &token).await;
    println!("install → first request served: {} ms", begun.elapsed().as_millis());
    cluster.wait("plugininstall/acme-crm", NAMESPACE).await;

    network::lets_through_what_is_named(cluster, &systems).await;

    let mut connection = PgConnection::connect(database.url().as_str()).await.unwrap();
    let row: (String, String) = sqlx::query_as(
        "SELECT c.name, t.tableowner::text FROM tenant_acme_plugin_crm.contacts c, pg_tables t \
         WHERE c.id::text = $1 AND t.schemaname = 'tenant_acme_plugin_crm' AND t.tablename = 'contacts'",
    )
    .bind(contact["id"].as_str().expect("an id"))
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(row, ("Grace Hopper".into(), "tenant_acme_plugin_crm".into()));

    let path = format!("/api/plugins/crm/contacts/{}", contact["id"].as_str().expect("an id"));
    works(cluster, &gateway, &path, &signs_in).await;

    // Each component may do what it needs to.
    nothing_was_forbidden(cluster, &["plexica-operator", "plexica-core-api", "plexica-gateway"]).await;

    // Uninstalling takes nothing from a tenant, and the next operator goes on with it.
    cluster.uninstall().await;
    // One that is deleted while there is no operator waits for the next.
    cluster.ask_to_delete(LEAVES).await;
    assert_eq!(cluster.tenants().await, format!("{TENANT} {LEAVES}"));
    cluster.install_before(&values).await;
    cluster.wait_gone(LEAVES).await;
    assert_eq!(cluster.tenants().await, TENANT);
    let realms = [TENANT, LEAVES].map(|tenant| format!("{installation}-{tenant}"));
    assert_eq!(administrator.has_realms(&realms).await, [true, false]);
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM tenant_acme_plugin_crm.contacts")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(kept, 1);
    let gateway = cluster.service("plexica-gateway").await;
    is_there(&gateway, &path, &signs_in().await).await;

    // From there to this chart, and what a node does to it.
    let user = async || User::new(&gateway, &path, signs_in().await);
    nothing_was_forbidden(cluster, &["plexica-operator"]).await;
    upkeep::upgrades(cluster, &values, &user().await).await;
    rights::are_least(cluster).await;
    upkeep::evicts(cluster, &user).await;
    nothing_was_forbidden(cluster, &["plexica-operator", "plexica-core-api", "plexica-gateway"]).await;
    upkeep::kills(cluster, &user).await;

    // Everything goes again with the tenant, its install too; there is a backup of it by then.
    cluster.delete_tenant(TENANT).await;
    let kept = Backups::new(minio, &backups);
    let from = kept.hold(&["tenant_acme.dump", "tenant_acme_plugin_crm.dump"]).await;
    assert_eq!(schemas(&mut connection).await, Vec::<String>::new());
    restore::tenant(cluster, &operators, TENANT, &from).await;
    administrator.set_password(&realm, "ada@acme.test", PASSWORD).await;
    is_there(&gateway, &path, &signs_in().await).await;
    cluster.delete_tenant(TENANT).await;
    kept.clear().await;
    nothing_was_forbidden(cluster, &["plexica-operator"]).await;
    assert_eq!(schemas(&mut connection).await, Vec::<String>::new());
    administrator.delete_realm(&format!("{installation}-platform")).await;
    administrator.delete_client(&client.id).await;
    cluster.clear().await;
}

/// What a tenant and its plugins go through.
async fn works(cluster: &Cluster, gateway: &str, path: &str, signs_in: impl AsyncFn() -> String) {
    let url = format!("{gateway}{path}");
    let token = signs_in().await;
    lifecycle::rolls(cluster, &url, &token).await;
    lifecycle::rests(cluster, &url, &signs_in).await;
    let token = signs_in().await;
    lifecycle::outlives_a_version_that_does_not_come_up(cluster, &url, &token).await;
    upgrade::there_and_back_and_for_good(cluster, gateway, &signs_in).await;
    moves::there_and_back(cluster, &url, &signs_in().await).await;
    moves::serves_until_it_may_go(cluster, &url, &signs_in().await).await;
    quota::counts_its_pods(cluster, gateway, &signs_in).await;
    bad_input::plugins_that_do_not_come_up(cluster).await;
    bad_input::what_others_have(cluster).await;
    lifecycle::leaves_and_comes_back(cluster, &url, &signs_in).await;
}

/// The chart, and its own test.
async fn install(cluster: &Cluster, values: &Value) {
    cluster.install(values).await;
    cluster.test().await;
    assert_eq!(cluster.tenants().await, "", "the test's tenant is gone");
}

/// Those of tenants.
async fn schemas(connection: &mut PgConnection) -> Vec<String> {
    let names = sqlx::query_scalar("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'tenant_%'");
    names.fetch_all(connection).await.unwrap()
}

async fn nothing_was_forbidden(cluster: &Cluster, components: &[&str]) {
    for component in components {
        let log = cluster.log(component).await;
        assert!(!log.to_lowercase().contains("forbidden"), "{component}: {log}");
    }
}

/// What the chart is told.
fn values(installation: &str, keycloak_url: &str, s3_endpoint: &str, backups: &str) -> Value {
    json!({
        "installation": installation,
        // Keycloak and MinIO are shared with other tests, so these names are ours alone.
        "names": { "realmPrefix": format!("{installation}-"), "bucketPrefix": format!("{installation}-") },
        "database": { "existingSecret": "plexica-database" },
        "keycloak": {
            "url": keycloak_url,
            "existingSecret": "plexica-keycloak",
            "platformRealm": format!("{installation}-platform")
        },
        "s3": { "endpoint": s3_endpoint, "existingSecret": "plexica-s3" },
        "backup": { "bucket": backups },
        "plans": quota::plans(),
        "image": { "pullPolicy": "Never" }
    })
}

/// Whether the contact that was made at first is served.
async fn is_there(gateway: &str, path: &str, token: &str) {
    let http = unpooled();
    let found = served(|| http.get(format!("{gateway}{path}")).bearer_auth(token)).await;
    assert_eq!(found["name"], "Grace Hopper");
}

async fn create_contact(gateway: &str, token: &str) -> Value {
    let client = unpooled();
    let contact = json!({ "name": "Grace Hopper" });
    served(|| client.post(format!("{gateway}/api/plugins/crm/contacts")).bearer_auth(token).json(&contact)).await
}
