//! `plexica preflight` with the operator's own variables.

use std::process::{Command, Output};

use crate::support::{plexica, succeed};
use plexica_testkit::{require, s3::ObjectStore};

fn preflight() -> Command {
    let mut command = plexica();
    for variable in ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "S3_CREDENTIALS", "PLEXICA_PLACEMENTS"] {
        command.env_remove(variable);
    }
    command.args(["preflight", "--no-cluster"]);
    command
}

fn of(store: &ObjectStore) -> Command {
    let mut command = preflight();
    command
        .env("S3_ENDPOINT", &store.endpoint)
        .env("S3_ACCESS_KEY_ID", &store.access_key)
        .env("S3_SECRET_ACCESS_KEY", &store.secret_key)
        .env("PLEXICA_BUCKET_PREFIX", "cli-tests-");
    command
}

/// The page of one that found something, and what it says of that.
fn fails(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_owned()).unwrap();
    assert!(!output.status.success(), "{output:?}");
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_object_store_is_tried_as_the_operator_uses_it() {
    let Some(store) = require!(minio) else { return };
    let page = succeed(&of(&store).output().unwrap(), &["sts"]);
    assert!(page.contains("✓ S3: nothing is missing"), "{page}");
    assert!(page.contains("– Postgres: not looked at, since DATABASE_URL is not set"), "{page}");
    // Another STS than the store's own.
    let (page, said) = fails(&of(&store).env("S3_STS_ENDPOINT", "http://127.0.0.1:1").output().unwrap());
    assert!(page.contains("✗ S3: ") && said.contains("1 thing(s) are missing"), "{page}{said}");

    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.yaml");
    std::fs::write(&keys, "cli-tests-acme: {accessKeyId: a, secretAccessKey: b}\n").unwrap();
    let fixed = || {
        let mut command = of(&store);
        command.env("S3_CREDENTIALS", "static").env("S3_STS_ENDPOINT", "http://127.0.0.1:1");
        command
    };
    let page = succeed(&fixed().env("S3_CREDENTIALS_FILE", &keys).output().unwrap(), &["static"]);
    assert!(page.contains("✓ S3: nothing is missing"), "{page}");
    let (page, _) = fails(&fixed().env("S3_CREDENTIALS_FILE", folder.path().join("none.yaml")).output().unwrap());
    assert!(page.contains("✗ S3: ") && page.contains("none.yaml"), "{page}");
    let (_, said) = fails(&fixed().output().unwrap());
    assert!(said.contains("--s3-credentials-file"), "{said}");
    let (_, said) = fails(&of(&store).env_remove("S3_SECRET_ACCESS_KEY").output().unwrap());
    assert!(said.contains("s3_secret_access_key"), "{said}");
}

#[tokio::test]
async fn each_placement_is_looked_at() {
    let Some(server) = require!(postgres17) else { return };
    let (first, second) = (server.database().await, server.database().await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("placements.yaml");
    let page = |placements: &str| {
        std::fs::write(&file, placements).unwrap();
        let mut command = preflight();
        command.env("DATABASE_URL", first.url().as_str()).env("PLEXICA_PLACEMENTS", &file);
        fails(&command.output().unwrap()).0
    };
    let found = page(&format!("far: {{url: '{}'}}\ngone: {{url: 'postgres://127.0.0.1:1/x'}}\n", second.url()));
    // No administrator has been at fresh databases, and one is not there.
    for part in ["Postgres", "Postgres, placement far", "Postgres, placement gone"] {
        assert!(found.contains(&format!("✗ {part}: ")), "{part} in {found}");
    }
    let found = page(&format!("default: {{url: '{}'}}\n", second.url()));
    assert!(found.contains("✗ PLEXICA_PLACEMENTS: ") && found.contains("default"), "{found}");
    assert!(page("- a list").contains("placements.yaml is not a map of placements"));
}

#[test]
fn nothing_given_is_nothing_checked() {
    let (page, said) = fails(&preflight().output().unwrap());
    assert!(page.is_empty() && said.contains("nothing to check"), "{page}{said}");
}
