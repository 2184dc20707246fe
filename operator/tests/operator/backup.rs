//! What a tenant's data leaves behind before it goes for good.

use std::{
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
};

use kube::api::{DeleteParams, Patch, PatchParams};
use plexica_crds::{
    Tenant,
    label::{ABANDON, PAUSED},
    tenant::FinalBackupStatus,
};
use plexica_operator::Config;
use plexica_testkit::{require, unique, wait_for, wait_until};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    farewell::{Watched, event},
    foreign::root,
    full::Full,
    killed::killed_by,
    restore::restores,
    world::{PATIENCE, World, is},
};

/// The programs of the Postgres that the tests use.
pub fn program(name: &str) -> PathBuf {
    require!(postgres17).unwrap().bin().expect("PLEXICA_TEST_POSTGRES17_BIN").join(name)
}

/// An operator's configuration with a place for backups.
fn keeping(bucket: &str) -> impl Fn(&mut Config) {
    let (bucket, pg_dump) = (bucket.to_owned(), program("pg_dump"));
    move |config| {
        config.backup.backup_bucket = Some(bucket.clone());
        config.backup.pg_dump.clone_from(&pg_dump);
    }
}

async fn read(world: &World, bucket: &str, key: &str) -> Option<Vec<u8>> {
    let object = root(world).get_object().bucket(bucket).key(key).send().await.ok()?;
    Some(object.body.collect().await.unwrap().to_vec())
}

/// Keys in a bucket.
async fn keys(world: &World, bucket: &str) -> Vec<String> {
    let Ok(listed) = root(world).list_objects_v2().bucket(bucket).send().await else { return Vec::new() };
    listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
}

/// What `pg_restore --list` says of a dump.
fn listed(dump: &[u8]) -> String {
    let mut child = std::process::Command::new(program("pg_restore"))
        .arg("--list")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(dump).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// Nothing is beside the backup in its place that other attempts have left.
async fn alone(world: &World, bucket: &str, prefix: &str, folder: &str) {
    let mut others = keys(world, bucket).await;
    others.retain(|key| key.starts_with(prefix) && !key.starts_with(folder));
    assert_eq!(others, [format!("{prefix}manifest.json")]);
}

/// All that a backup must hold, read back.
async fn check(world: &World, full: &Full, bucket: &str, prefix: &str) -> Value {
    let Full { slug, schema, plugin_schema, realm } = full;
    let manifest = read(world, bucket, &format!("{prefix}manifest.json")).await.expect("a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["tenant"]["name"], slug.as_str());
    assert_eq!(manifest["tenant"]["spec"]["deletionPolicy"], "Delete");
    assert_eq!(manifest["sources"], json!({ "schemas": [schema, plugin_schema], "realm": realm, "bucket": realm }));
    assert_eq!(manifest["installs"][0]["name"], "it");
    assert_eq!(manifest["installs"][0]["migratedVersion"], "1.0.0");
    let mut names = Vec::new();
    let folder = format!("{prefix}{}", manifest["folder"].as_str().unwrap());
    for file in manifest["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let content = read(world, bucket, &format!("{folder}{name}")).await.expect(name);
        assert_eq!(file["size"], content.len(), "{name}");
        assert_eq!(file["sha256"], hex::encode(Sha256::digest(&content)), "{name}");
        names.push(name.to_owned());
        let lines = || content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let json = |line: &[u8]| serde_json::from_slice::<Value>(line).unwrap();
        match name.split_once('/').unwrap() {
            ("database", dump) => {
                let listed = listed(&content);
                let table = if dump == format!("{schema}.dump") { "kept" } else { "note" };
                assert!(listed.contains("TABLE DATA") && listed.contains(table), "{listed}");
            }
            (_, "realm.json") => {
                let roles = &json(&content)["roles"]["realm"];
                assert!(roles.as_array().unwrap().iter().any(|role| role["name"] == "admin"));
            }
            (_, "users.jsonl") => {
                let ada = lines().map(json).find(|user| user["username"] == "ada@acme.test").expect("ada");
                assert!(ada["realmRoles"].as_array().unwrap().contains(&json!("admin")), "{ada}");
                assert_eq!((&ada["firstName"], &ada["credentials"]), (&json!("Ada"), &json!(null)));
            }
            (_, "objects.jsonl") => {
                let objects: Vec<Value> = lines().map(json).collect();
                assert_eq!((&objects[0]["key"], &objects[0]["size"]), (&json!("a/b.txt"), &json!(5)));
                assert_eq!(objects[0]["etag"], "5d41402abc4b2a76b9719d911017c592");
            }
            _ => panic!("{name}"),
        }
    }
    let dumps = [format!("database/{schema}.dump"), format!("database/{plugin_schema}.dump")];
    let rest = ["identity/realm.json", "identity/users.jsonl", "storage/objects.jsonl"];
    let expected: Vec<String> = dumps.into_iter().chain(rest.map(str::to_owned)).collect();
    assert_eq!(names, expected);
    alone(world, bucket, prefix, &folder).await;
    manifest
}

/// Where the backup of a tenant that goes lies, as its status says.
fn place(tenant: &Tenant) -> Option<FinalBackupStatus> {
    tenant.status.clone()?.final_backup
}

async fn set(world: &World, slug: &str, spec: Value) {
    let patch = json!({ "spec": spec });
    world.tenants().patch(slug, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

async fn remove(world: &World, bucket: &str) {
    for key in keys(world, bucket).await {
        root(world).delete_object().bucket(bucket).key(key).send().await.unwrap();
    }
    root(world).delete_bucket().bucket(bucket).send().await.unwrap();
}

#[tokio::test]
async fn all_data_is_in_a_backup_before_it_goes() {
    let Some(world) = World::new().await else { return };
    let (bucket, id) = (unique("backups"), world.database.unique("crm"));
    let operator = world.operator_with(keeping(&bucket));
    world.plugin(&id, "1.0.0").await;
    let full = Full::make(&world, &id).await;
    let watched = Watched::of(&world, &full.slug).await;
    world.delete(&world.tenants(), &full.slug).await;

    let seen = watched.all().await;
    let made = place(seen.last().unwrap()).expect("it says where");
    assert_eq!(made.bucket, bucket);
    assert!(made.prefix.starts_with(&format!("{}/", full.slug)), "{}", made.prefix);
    // Nothing went before it was there.
    for tenant in &seen {
        let conditions = &tenant.status.as_ref().unwrap().conditions;
        assert!(place(tenant).is_some() || !conditions.iter().any(|one| one.reason == "Removed"), "{conditions:?}");
    }
    let manifest = check(&world, &full, &bucket, &made.prefix).await;
    assert_eq!(manifest["tenant"]["uid"], seen[0].metadata.uid.as_deref().unwrap());
    let told = event(&world, "default", &full.slug, "BackedUp").await;
    assert!(told.message.unwrap().contains(&made.prefix));
    for schema in [&full.schema, &full.plugin_schema] {
        assert!(!world.has_schema(schema).await);
    }
    assert_eq!(world.realm(&full.realm).await, 404);
    let tags = root(&world).get_bucket_tagging().bucket(&bucket).send().await.unwrap().tag_set;
    assert!(tags.iter().any(|tag| tag.value == "Backup"), "it is marked as the platform's: {tags:?}");
    restores(&world, &full, &bucket, &made.prefix).await;
    remove(&world, &bucket).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_backup_is_good_for_another_cluster() {
    let Some(mut world) = World::standalone().await else { return };
    let (bucket, id) = (unique("backups"), world.database.unique("crm"));
    let operator = world.operator_with(keeping(&bucket));
    world.plugin(&id, "1.0.0").await;
    let full = Full::make(&world, &id).await;
    let watched = Watched::of(&world, &full.slug).await;
    world.delete(&world.tenants(), &full.slug).await;
    let made = place(watched.all().await.last().unwrap()).expect("it says where");
    operator.stop().await;

    let lost = world.cluster().await;
    drop(world.rebuild().await);
    let operator = world.operator_with(|config| {
        keeping(&bucket)(config);
        config.names.former_clusters = vec![lost];
    });
    // A write of its start would be one of those that `restores` holds back for good.
    wait_until("it is ready", PATIENCE, async || operator.get("/readyz").await.0 == 200).await;
    restores(&world, &full, &bucket, &made.prefix).await;
    remove(&world, &bucket).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_deletion_that_skips_the_backup_makes_none() {
    let Some(world) = World::new().await else { return };
    let (bucket, slug) = (unique("backups"), world.database.unique("acme"));
    let operator = world.operator_with(keeping(&bucket));
    world.tenant(&slug, json!({ "deletionPolicy": "Delete", "skipFinalBackup": true })).await;
    world.ready(&slug).await;
    world.delete(&world.tenants(), &slug).await;
    assert_eq!(keys(&world, &bucket).await, Vec::<String>::new());
    operator.stop().await;
}

#[tokio::test]
async fn without_a_place_for_a_backup_nothing_goes_until_somebody_says_so() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let id = world.database.unique("crm");
    world.plugin(&id, "1.0.0").await;
    let full = Full::make(&world, &id).await;
    world.tenants().delete(&full.slug, &DeleteParams::default()).await.unwrap();
    let tenant = world.until(&full.slug, "BackedUp", "False", "BackupNotConfigured").await;
    let conditions = tenant.status.unwrap().conditions;
    assert!(is(&conditions, "Ready", "False", "BackupNotConfigured"), "{conditions:?}");
    assert!(conditions[0].message.contains("PLEXICA_BACKUP_BUCKET"), "{conditions:?}");
    assert!(conditions[0].message.contains("spec.skipFinalBackup"), "{conditions:?}");
    // Nor does an install go by itself meanwhile, with data that is to be in the backup.
    world.installs(&full.slug).delete("it", &DeleteParams::default()).await.unwrap();
    let install = wait_for("it says what it waits for", PATIENCE, async || {
        let install = world.installs(&full.slug).get("it").await.unwrap();
        let ready = install.status?.conditions.into_iter().next()?;
        (ready.reason == "BackupNotConfigured").then_some(ready.message)
    })
    .await;
    assert!(install.starts_with("being removed; "), "{install}");
    for schema in [&full.schema, &full.plugin_schema] {
        assert!(world.has_schema(schema).await);
    }

    let watched = Watched::of(&world, &full.slug).await;
    set(&world, &full.slug, json!({ "skipFinalBackup": true })).await;
    world.gone(&world.tenants(), &full.slug).await;
    let last = watched.all().await.pop().unwrap();
    assert!(is(&last.status.as_ref().unwrap().conditions, "BackedUp", "False", "BackupSkipped"));
    assert_eq!(place(&last), None);
    assert!(!world.has_schema(&full.plugin_schema).await);
    operator.stop().await;
}

/// A program in the place of `pg_dump`.
fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("pg_dump");
    // Written beside and moved: nothing is started that is still open for writing.
    let beside = folder.join("new");
    std::fs::write(&beside, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&beside, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::rename(beside, &path).unwrap();
    path
}

/// One that says that it has begun in the second file, and goes on when there is the third.
fn held(folder: &Path, then: &str) -> (PathBuf, PathBuf, PathBuf) {
    let (started, go) = (folder.join("started"), folder.join("go"));
    let begun = format!("echo begun >> {}", started.display());
    let text = format!("{begun}; while [ ! -e {} ]; do sleep 0.1; done; {then}", go.display());
    (script(folder, &text), started, go)
}

#[tokio::test]
async fn a_backup_that_fails_holds_the_data_and_is_made_anew() {
    let Some(world) = World::new().await else { return };
    let (bucket, id, folder) = (unique("backups"), world.database.unique("crm"), tempfile::tempdir().unwrap());
    let missing = folder.path().join("pg_dump");
    let start = || {
        world.operator_with(|config| {
            keeping(&bucket)(config);
            config.backup.pg_dump.clone_from(&missing);
        })
    };
    let operator = start();
    world.plugin(&id, "1.0.0").await;
    let full = Full::make(&world, &id).await;
    world.tenants().delete(&full.slug, &DeleteParams::default()).await.unwrap();
    let says = async |text: &str| {
        wait_until(&format!("it says {text}"), PATIENCE, async || {
            let conditions = world.tenants().get(&full.slug).await.unwrap().status.unwrap().conditions;
            let failed = conditions.iter().find(|one| one.reason == "BackupFailed" && one.type_ == "BackedUp");
            failed.is_some_and(|failed| failed.message.contains(text))
        })
        .await;
    };
    says("PLEXICA_PG_DUMP").await;
    // One that breaks off leaves nothing that could be taken for a dump.
    script(folder.path(), "echo half a dump; echo 'pg_dump: error: the disk is full' >&2; exit 1");
    // The next operator tries at once, where this one waits longer each time.
    operator.stop().await;
    let operator = start();
    says("the disk is full").await;
    assert_eq!(keys(&world, &bucket).await, Vec::<String>::new());
    for schema in [&full.schema, &full.plugin_schema] {
        assert!(world.has_schema(schema).await);
    }
    assert_eq!(world.realm(&full.realm).await, 200);

    // It sees no more of the operator's than it needs.
    let watched = Watched::of(&world, &full.slug).await;
    let seen = folder.path().join("seen");
    let dump = program("pg_dump");
    script(
        folder.path(),
        &format!("env >> {s}; echo \"$@\" >> {s}; exec {d} \"$@\"", s = seen.display(), d = dump.display()),
    );
    operator.stop().await;
    let operator = start();
    world.gone(&world.tenants(), &full.slug).await;
    let last = watched.all().await.pop().unwrap();
    check(&world, &full, &bucket, &place(&last).unwrap().prefix).await;
    let seen = std::fs::read_to_string(seen).unwrap();
    let (arguments, variables): (Vec<_>, Vec<_>) = seen.lines().partition(|line| line.starts_with("--"));
    assert!(arguments.iter().all(|line| !line.contains(world.login().1)), "{arguments:?}");
    let shell = ["PWD", "LC_ALL", "_", "SHLVL", "OLDPWD"];
    for variable in variables {
        let name = variable.split('=').next().unwrap();
        let needed = ["PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"].contains(&name);
        assert!(name.starts_with("PG") || needed || shell.contains(&name), "{name}");
    }
    remove(&world, &bucket).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_backup_is_finished_by_the_next_operator_wherever_one_is_killed() {
    let Some(world) = World::new().await else { return };
    let (bucket, id) = (unique("backups"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    for writes in 0.. {
        let maker = world.operator_with(keeping(&bucket));
        let full = Full::make(&world, &id).await;
        maker.stop().await;
        world.tenants().delete(&full.slug, &DeleteParams::default()).await.unwrap();
        let tenants = world.tenants();
        let gone = world.gone(&tenants, &full.slug);
        let ended = killed_by(&world, writes, gone, |config| keeping(&bucket)(config)).await;
        let tenant = tenants.get_opt(&full.slug).await.unwrap();
        let done = tenant.as_ref().is_none_or(|tenant| place(tenant).is_some());
        if !done {
            for schema in [&full.schema, &full.plugin_schema] {
                assert!(world.has_schema(schema).await, "nothing went without a backup, after {writes} writes");
            }
        }
        let next = world.operator_with(keeping(&bucket));
        world.gone(&world.tenants(), &full.slug).await;
        next.stop().await;
        let mut manifests = keys(&world, &bucket).await;
        manifests.retain(|key| key.starts_with(&format!("{}/", full.slug)) && key.ends_with("/manifest.json"));
        assert_eq!(manifests.len(), 1, "{writes}");
        check(&world, &full, &bucket, manifests[0].trim_end_matches("manifest.json")).await;
        if done || ended {
            println!("a backup takes {writes} writes until it is said to be made");
            break;
        }
    }
    remove(&world, &bucket).await;
}

#[tokio::test]
async fn a_part_that_is_given_up_no_more_does_not_go_without_being_in_a_backup() {
    let Some(world) = World::new().await else { return };
    let (bucket, id) = (unique("backups"), world.database.unique("crm"));
    let operator = world.operator_with(keeping(&bucket));
    world.plugin(&id, "1.0.0").await;
    let full = Full::make(&world, &id).await;
    let annotates = async |annotations: Value| {
        let patch = Patch::Merge(json!({ "metadata": { "annotations": annotations } }));
        world.tenants().patch(&full.slug, &PatchParams::default(), &patch).await.unwrap();
    };
    // An install that is paused holds everything up but the backup.
    let pauses = async |value: Value| {
        let patch = Patch::Merge(json!({ "metadata": { "annotations": { PAUSED: value } } }));
        world.installs(&full.slug).patch("it", &PatchParams::default(), &patch).await.unwrap();
    };
    pauses(json!("true")).await;
    annotates(json!({ ABANDON: "storage" })).await;
    world.tenants().delete(&full.slug, &DeleteParams::default()).await.unwrap();
    let made =
        wait_for("the backup is made", PATIENCE, async || place(&world.tenants().get(&full.slug).await.unwrap())).await;
    assert_eq!(made.abandoned, ["storage"]);

    annotates(json!({ ABANDON: null })).await;
    let tenant = world.until(&full.slug, "Ready", "False", "BackupIncomplete").await;
    let message = &tenant.status.as_ref().unwrap().conditions[0].message;
    assert!(message.contains("without storage") && message.contains("plexica.io/abandon=storage"), "{message}");
    pauses(json!(null)).await;
    let install = wait_for("the install says what it waits for", PATIENCE, async || {
        let install = world.installs(&full.slug).get("it").await.unwrap();
        let ready = install.status?.conditions.into_iter().next()?;
        (ready.reason == "BackupIncomplete").then_some(ready.message)
    });
    world.installs(&full.slug).delete("it", &DeleteParams::default()).await.unwrap();
    install.await;
    for schema in [&full.schema, &full.plugin_schema] {
        assert!(world.has_schema(schema).await);
    }
    assert_eq!(world.realm(&full.realm).await, 200);
    assert_eq!(keys(&world, &full.realm).await, ["a/b.txt"]);

    annotates(json!({ ABANDON: "storage" })).await;
    world.gone(&world.tenants(), &full.slug).await;
    assert_eq!(keys(&world, &full.realm).await, ["a/b.txt"], "what was given up is left alone");
    assert!(!world.has_schema(&full.schema).await);
    for bucket in [&bucket, &full.realm] {
        remove(&world, bucket).await;
    }
    operator.stop().await;
}

#[tokio::test]
async fn an_operator_that_was_held_up_leaves_a_backup_as_another_has_made_it() {
    let Some(world) = World::new().await else { return };
    let (bucket, slug, folder) = (unique("backups"), world.database.unique("acme"), tempfile::tempdir().unwrap());
    let (slow, started, go) = held(folder.path(), "echo what is left");
    let late = world.operator_with(|config| {
        keeping(&bucket)(config);
        config.backup.pg_dump = slow;
    });
    world.tenant(&slug, json!({ "deletionPolicy": "Delete", "skipFinalBackup": false })).await;
    world.ready(&slug).await;
    world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
    wait_until("one has begun", PATIENCE, async || started.exists()).await;
    let other = world.operator_with(keeping(&bucket));
    world.gone(&world.tenants(), &slug).await;
    other.stop().await;
    std::fs::write(go, "").unwrap();
    // A manifest and the one dump, realm, users and objects of the other: the late one's own are gone.
    let of_one = async || keys(&world, &bucket).await.len() == 5;
    wait_until("the late one has given up", PATIENCE, of_one).await;
    late.stop().await;
    assert!(of_one().await);

    let there = keys(&world, &bucket).await;
    let manifest = there.iter().find(|key| key.ends_with("/manifest.json")).expect("a manifest");
    let prefix = manifest.trim_end_matches("manifest.json");
    let manifest: Value = serde_json::from_slice(&read(&world, &bucket, manifest).await.unwrap()).unwrap();
    let own = format!("{prefix}{}", manifest["folder"].as_str().unwrap_or_default());
    for file in manifest["files"].as_array().unwrap() {
        let content = read(&world, &bucket, &format!("{own}{}", file["name"].as_str().unwrap())).await.unwrap();
        assert_eq!(file["sha256"], hex::encode(Sha256::digest(&content)), "{file}");
    }
    assert_eq!(manifest["sources"]["realm"], format!("tenant-{slug}"), "it is the first one's");
    alone(&world, &bucket, prefix, &own).await;
    remove(&world, &bucket).await;
}

#[tokio::test]
async fn many_backups_at_once_hold_up_nobody_else() {
    let Some(world) = World::new().await else { return };
    let (bucket, folder) = (unique("backups"), tempfile::tempdir().unwrap());
    let (slow, started, go) = held(folder.path(), &format!("exec {} \"$@\"", program("pg_dump").display()));
    let operator = world.operator_with(|config| {
        keeping(&bucket)(config);
        config.backup.pg_dump = slow;
        // More than may be made at once, so that there is room for others.
        config.work.concurrency = 6;
    });
    let slugs: Vec<String> = (0..8).map(|_| world.database.unique("acme")).collect();
    for slug in &slugs {
        world.tenant(slug, json!({ "deletionPolicy": "Delete", "skipFinalBackup": false })).await;
    }
    for slug in &slugs {
        world.ready(slug).await;
    }
    for slug in &slugs {
        world.tenants().delete(slug, &DeleteParams::default()).await.unwrap();
    }
    wait_until("half of them wait for the others", PATIENCE, async || {
        let mut waiting = 0;
        for slug in &slugs {
            let conditions = world.tenants().get(slug).await.unwrap().status.unwrap().conditions;
            waiting += usize::from(conditions[0].message.contains("final backups of other tenants"));
        }
        waiting == 4
    })
    .await;
    let other = world.database.unique("beta");
    world.tenant(&other, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&other).await;
    let begun = || std::fs::read_to_string(&started).unwrap_or_default().lines().count();
    wait_until("the others are being made", PATIENCE, async || begun() == 4).await;
    std::fs::write(go, "").unwrap();
    for slug in &slugs {
        world.gone(&world.tenants(), slug).await;
    }
    world.delete(&world.tenants(), &other).await;
    remove(&world, &bucket).await;
    operator.stop().await;
}
