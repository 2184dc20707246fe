//! Data of a tenant that is deleted lies in the object store of `plexica dev`, if the machine has a
//! `pg_dump`, and comes back from there.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Dev, plexica, succeed};
use plexica_testkit::require;
use serde_json::{Value, json};

/// With that program as `pg_dump`, and nothing else said about backups.
fn dev(folder: &Path, pg_dump: &Path) -> Dev {
    let mut command = plexica();
    command.env_remove("PLEXICA_BACKUP_BUCKET").env_remove("PLEXICA_FINAL_BACKUP").env("PLEXICA_PG_DUMP", pg_dump);
    command.args(["dev", "--output", "json", "--port", "0", "--data-dir"]).arg(folder);
    Dev::spawn(command, folder)
}

/// A command with the operator's credentials for what a `dev` brought along.
fn operators(dev: &Dev) -> Command {
    let secrets: Value = serde_json::from_slice(&std::fs::read(dev.folder.join("secrets.json")).unwrap()).unwrap();
    let secret = |name: &str| secrets[name].as_str().unwrap().to_owned();
    let login = format!("postgres://plexica_operator:{}@", secret("operatorDatabase"));
    let mut command = plexica();
    command.env("DATABASE_URL", dev.text("database").replacen("postgres://postgres@", &login, 1));
    command.env("KEYCLOAK_URL", dev.text("issuer")).env("KEYCLOAK_CLIENT_SECRET", secret("keycloakClient"));
    command.env("S3_ENDPOINT", dev.text("s3")).env("S3_ACCESS_KEY_ID", "plexica");
    command.env("S3_SECRET_ACCESS_KEY", secret("s3"));
    command
}

/// Folders and files in one.
fn within(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

/// One whose data goes with it.
fn tenant(slug: &str) -> Value {
    json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "Tenant", "metadata": { "name": slug },
        "spec": { "displayName": slug, "deletionPolicy": "Delete" },
    })
}

#[tokio::test]
async fn a_deleted_tenant_is_backed_up_where_that_can_be() {
    let Some(server) = require!(postgres17) else { return };
    let Some(programs) = server.bin() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("acme.yaml");
    std::fs::write(&file, tenant("acme").to_string()).unwrap();
    let delete = |dev: &Dev| {
        dev.must(&["apply", "-f", file.to_str().unwrap()]);
        dev.must(&["delete", "tenant", "acme", "--confirm", "acme"]);
        assert_eq!(dev.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant_acme%'"), "");
    };

    let data = folder.path().join("with");
    let with = dev(&data, &programs.join("pg_dump"));
    with.execute(
        "CREATE TABLE tenant_acme.kept AS SELECT 42 AS answer; ALTER TABLE tenant_acme.kept OWNER TO plexica_provisioner",
    );
    delete(&with);
    let backups = within(&data.join("s3/buckets/tenant-0-backups/acme"));
    assert_eq!(backups.len(), 1, "{backups:?}");
    let manifest: Value = serde_json::from_slice(&std::fs::read(backups[0].join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["sources"]["schemas"], json!(["tenant_acme", "tenant_acme_plugin_crm"]));
    let content = backups[0].join(manifest["folder"].as_str().unwrap());
    let dump = std::fs::read(content.join("database/tenant_acme_plugin_crm.dump")).unwrap();
    assert!(dump.starts_with(b"PGDMP"));
    let users = std::fs::read_to_string(content.join("identity/users.jsonl")).unwrap();
    let users: Vec<Value> = users.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let grace = users.iter().find(|user| user["username"] == "grace").unwrap();
    assert!(grace["realmRoles"].as_array().unwrap().contains(&json!("admin")), "{grace}");

    let from = format!("acme/{}", backups[0].file_name().unwrap().to_str().unwrap());
    let restore = |from: &str, seconds: &str| {
        let mut command = operators(&with);
        command.env("PLEXICA_BACKUP_BUCKET", "tenant-0-backups").env("PLEXICA_PG_RESTORE", programs.join("pg_restore"));
        command
            .args(["restore", "tenant", "acme", "--from", from, "--timeout", seconds, "--data-dir"])
            .arg(&data)
            .output()
            .unwrap()
    };
    let refused = restore("acme/never", "120");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("acme/never/manifest.json"), "{said}");
    // One that ends before the tenant is Ready has applied no install yet; the next goes on there.
    let broken = restore(&from, "0");
    let said = String::from_utf8_lossy(&broken.stdout).into_owned();
    assert!(!broken.status.success() && said.contains("restored schema tenant_acme_plugin_crm"), "{said}");
    assert!(said.contains("applied tenant acme") && !said.contains("plugininstall"), "{said}");
    let said = succeed(&restore(&from, "120"), &["restore"]);
    for line in ["restored before", "tenant acme is Ready", "applied plugininstall "] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(with.sql("SELECT answer FROM tenant_acme.kept"), "42");
    assert_eq!(with.sql("SELECT to_regclass('tenant_acme_plugin_crm.contacts') IS NOT NULL"), "true");
    let grace = "SELECT 'admin' = ANY (roles) FROM embedded_keycloak.account WHERE username = 'grace'";
    assert_eq!(with.sql(grace), "true");
    let refused = restore(&from, "120");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("there is a tenant acme"), "{said}");
    assert!(with.stop().success());

    // Newcomers without one are not held up.
    let without = dev(&folder.path().join("without"), Path::new("no-such-program"));
    delete(&without);
    assert!(without.stop().success());
}

#[tokio::test]
async fn without_a_backup_goes_what_that_is_said_of_with_its_name() {
    let Some(server) = require!(postgres17) else { return };
    let Some(programs) = server.bin() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = dev(&data, &programs.join("pg_dump"));
    for slug in ["acme", "beta"] {
        let file = folder.path().join(slug);
        std::fs::write(&file, tenant(slug).to_string()).unwrap();
        dev.must(&["apply", "-f", file.to_str().unwrap()]);
    }
    dev.must(&["wait", "tenant/beta"]);
    for confirmed in [&[][..], &["--confirm", "beta"]] {
        let arguments = [&["delete", "tenant", "acme", "--skip-final-backup"], confirmed].concat();
        let refused = dev.run(&arguments);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains("--confirm"), "{said}");
    }
    let left: Value = serde_json::from_str(&dev.must(&["get", "tenant", "acme", "-o", "json"])).unwrap();
    assert_eq!(
        (&left["spec"]["skipFinalBackup"], &left["metadata"]["deletionTimestamp"]),
        (&Value::Null, &Value::Null)
    );

    dev.must(&["delete", "tenant", "acme", "--confirm", "acme", "--skip-final-backup"]);
    assert_eq!(dev.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant_acme%'"), "");
    // The other one has its backup: there is a place for that, and a way to make it.
    dev.must(&["delete", "tenant", "beta", "--confirm", "beta"]);
    assert_eq!(within(&data.join("s3/buckets/tenant-0-backups/beta")).len(), 1);
    assert_eq!(within(&data.join("s3/buckets/tenant-0-backups/acme")), Vec::<PathBuf>::new());
    assert!(dev.stop().success());
}
