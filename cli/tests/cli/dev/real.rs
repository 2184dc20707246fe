//! `plexica dev` with a Postgres, a Keycloak and an object store that run already.

use std::{path::Path, process::Command};

use crate::support::{Dev, ended, plexica};
use plexica_backends::ownership::Stamp;
use plexica_testkit::{
    keycloak::{Keycloak, settled},
    postgres::Database,
    require,
    s3::ObjectStore,
};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

/// Fixed, as is the service account: what a killed run left behind is taken over by the next.
const INSTALLATION: &str = "dev-real";
const SECRET: &str = "dev-real-secret";

const DELETE_ALL: &str = "
apiVersion: plexica.io/v1alpha1
kind: Tenant
metadata: {name: acme, annotations: {plexica.io/confirm-deletion: acme}}
spec: {displayName: Acme Corp, deletionPolicy: Delete}
---
apiVersion: plexica.io/v1alpha1
kind: PluginInstall
metadata: {name: acme-crm, namespace: plexica-system}
spec: {tenantRef: {name: acme}, plugin: {id: crm}, deletionPolicy: Delete}
";

struct Parts {
    database: Database,
    keycloak: Keycloak,
    store: ObjectStore,
    /// The cluster of a run that was killed.
    former: Option<String>,
    /// Roles are the whole server's, and the sample's tenant has one name: one such test at a time.
    _turn: PgConnection,
}

impl Parts {
    async fn find() -> Option<Self> {
        plexica_testkit::tls();
        let (server, keycloak, store) = (require!(postgres17)?, require!(keycloak)?, require!(minio)?);
        let mut turn = PgConnection::connect(server.url().as_str()).await.unwrap();
        let lock = "SELECT pg_advisory_lock(hashtextextended('plexica dev_real', 0))";
        sqlx::query(lock).execute(&mut turn).await.unwrap();
        let left = "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 'tenant_acme'";
        let left: Option<Option<String>> = sqlx::query_scalar(left).fetch_optional(&mut turn).await.unwrap();
        let left = left.flatten().and_then(|comment| Stamp::from_comment(&comment));
        let former = left.and_then(|stamp| stamp.mark.installation.cluster);
        let parts = Self { database: server.database().await, keycloak, store, former, _turn: turn };
        parts.service_account().await;
        Some(parts)
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = plexica();
        command
            .env("PLEXICA_FORMER_CLUSTERS", self.former.as_deref().unwrap_or("none"))
            .env("DATABASE_URL", self.database.url().as_str())
            .env("KEYCLOAK_URL", &self.keycloak.url)
            .env("KEYCLOAK_CLIENT_ID", INSTALLATION)
            .env("KEYCLOAK_CLIENT_SECRET", SECRET)
            .env("S3_ENDPOINT", &self.store.endpoint)
            .env("S3_ACCESS_KEY_ID", &self.store.access_key)
            .env("S3_SECRET_ACCESS_KEY", &self.store.secret_key)
            .args(["dev", "--installation", INSTALLATION, "--output", "json", "--port", "0", "--data-dir"])
            .arg(folder);
        command
    }

    /// What a start that must fail says.
    fn refused(&self, folder: &Path, variable: &str, value: &str) -> String {
        let output = ended(self.command(folder).env(variable, value));
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap().trim_end().to_owned()
    }

    async fn admin_token(&self) -> String {
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", &self.keycloak.admin_user),
            ("password", &self.keycloak.admin_password),
        ];
        let url = format!("{}/realms/master/protocol/openid-connect/token", self.keycloak.url);
        let (_, answer) = settled(async || answered(Client::new().post(&url).form(&form)).await).await;
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// As `docs/bootstrap.md` says.
    async fn service_account(&self) {
        let (http, token) = (Client::new(), self.admin_token().await);
        let base = format!("{}/admin/realms/master", self.keycloak.url);
        let get = async |path: String| -> Value {
            settled(async || answered(http.get(format!("{base}{path}")).bearer_auth(&token)).await).await.1
        };
        let post = async |path: String, body: Value| {
            let send = async || answered(http.post(format!("{base}{path}")).bearer_auth(&token).json(&body)).await;
            let (status, answer) = settled(send).await;
            assert!((200..300).contains(&status) || status == 409, "{path}: {status} {answer}");
        };
        let client = json!({
            "clientId": INSTALLATION, "secret": SECRET, "publicClient": false, "serviceAccountsEnabled": true,
            "standardFlowEnabled": false, "attributes": { "client.use.lightweight.access.token.enabled": "true" },
        });
        post("/clients".into(), client).await;
        let client = get(format!("/clients?clientId={INSTALLATION}")).await;
        let user = get(format!("/clients/{}/service-account-user", client[0]["id"].as_str().unwrap())).await;
        let role = get("/roles/create-realm".into()).await;
        post(format!("/users/{}/role-mappings/realm", user["id"].as_str().unwrap()), json!([role])).await;
    }

    async fn realm_status(&self, realm: &str) -> StatusCode {
        reqwest::get(format!("{}/realms/{realm}", self.keycloak.url)).await.unwrap().status()
    }

    /// The platform's realm is nobody's to delete but the administrator's.
    async fn remove_realm(&self, realm: &str) {
        let url = format!("{}/admin/realms/{realm}", self.keycloak.url);
        let token = self.admin_token().await;
        let (status, answer) = settled(async || answered(Client::new().delete(&url).bearer_auth(&token)).await).await;
        assert!(matches!(status, 204 | 404), "{status} {answer}");
    }
}

/// Status and body; nothing for a body that is not JSON.
async fn answered(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn the_whole_line_on_parts_that_run_already() {
    let Some(parts) = Parts::find().await else { return };
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("dev");
    let first = Dev::spawn(parts.command(&folder), &folder);
    assert_eq!(first.text("issuer"), parts.keycloak.url);
    assert_eq!(first.text("s3"), parts.store.endpoint);
    assert!(first.text("database").ends_with(parts.database.name()));
    assert_eq!(first.summary["tenants"][0]["realm"], "dev-real-tenant-acme");
    assert_eq!(first.summary["superAdmin"]["realm"], INSTALLATION);

    let ada = first.token("acme", "grace");
    let url = |dev: &Dev| format!("{}/api/plugins/crm/contacts", dev.text("gateway"));
    let contact = json!({"name": "Grace Hopper", "email": "grace@navy.test"});
    let created = Client::new().post(url(&first)).bearer_auth(&ada).json(&contact).send().await.unwrap();
    assert_eq!(created.status(), StatusCode::CREATED, "{}", created.text().await.unwrap());
    let mut connection = parts.database.connect().await;
    let query = "SELECT name FROM tenant_acme_plugin_crm.contacts";
    assert_eq!(sqlx::query_scalar::<_, String>(query).fetch_one(&mut connection).await.unwrap(), "Grace Hopper");
    let other = first.run(&["token", "--tenant", "acme", "--user", "ada@acme.test"]);
    assert!(!other.status.success() && String::from_utf8_lossy(&other.stderr).contains("--password"));
    assert!(first.stop().success());

    // The database is of use with this folder alone.
    let said = parts.refused(&home.path().join("other"), "RUST_LOG", "info");
    assert!(said.starts_with("plexica: DATABASE_URL cannot be used") && said.contains("--data-dir"), "{said}");

    let again = Dev::spawn(parts.command(&folder), &folder);
    let ada = again.token("acme", "grace");
    let listed: Value = Client::new().get(url(&again)).bearer_auth(&ada).send().await.unwrap().json().await.unwrap();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");

    assert!(again.stop().success());

    // A reset empties the database that is this folder's, and takes back what is outside.
    let mut command = parts.command(&folder);
    command.arg("--reset");
    let again = Dev::spawn(command, &folder);
    assert_eq!(again.sql("SELECT count(*) FROM tenant_acme_plugin_crm.contacts"), "0");
    again.token("acme", "grace");

    // Everything outside goes again.
    let file = home.path().join("delete.yaml");
    std::fs::write(&file, DELETE_ALL).unwrap();
    again.must(&["apply", "-f", file.to_str().unwrap()]);
    again.must(&["delete", "-f", file.to_str().unwrap()]);
    let roles = "SELECT rolname FROM pg_roles WHERE rolname IN ('tenant_acme', 'tenant_acme_plugin_crm', 'plugin_crm')";
    assert_eq!(again.sql(roles), "");
    assert_eq!(parts.realm_status("dev-real-tenant-acme").await, StatusCode::NOT_FOUND);
    assert!(again.stop().success());
    parts.remove_realm(INSTALLATION).await;
}

#[tokio::test]
async fn what_is_given_and_refuses_us_is_said_at_once() {
    let Some(parts) = Parts::find().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let wrong = parts.database.url_as("postgres", "wrong");
    for (variable, value, names) in [
        ("DATABASE_URL", wrong.as_str(), "DATABASE_URL"),
        ("KEYCLOAK_CLIENT_SECRET", "wrong", "KEYCLOAK_URL"),
        ("S3_SECRET_ACCESS_KEY", "wrong", "S3_ENDPOINT"),
    ] {
        let said = parts.refused(folder.path(), variable, value);
        assert!(said.starts_with(&format!("plexica: {names} cannot be used: ")), "{variable}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!said.contains("s3cret") && !said.contains(SECRET), "{said}");
    }
}

#[test]
fn what_is_given_and_not_there_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, value) in [
        ("DATABASE_URL", "postgres://postgres:secret@127.0.0.1:1/plexica"),
        ("DATABASE_URL", "plexica"),
        ("KEYCLOAK_URL", "http://127.0.0.1:1"),
        ("KEYCLOAK_URL", "keycloak"),
        ("S3_ENDPOINT", "http://127.0.0.1:1"),
    ] {
        let mut command = plexica();
        command
            .env(variable, value)
            .env("KEYCLOAK_CLIENT_SECRET", SECRET)
            .env("S3_ACCESS_KEY_ID", "key")
            .env("S3_SECRET_ACCESS_KEY", SECRET)
            .args(["dev", "--port", "0", "--data-dir"])
            .arg(folder.path());
        let output = ended(&mut command);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(said.starts_with(&format!("plexica: {variable} cannot be used: ")), "{said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
}
