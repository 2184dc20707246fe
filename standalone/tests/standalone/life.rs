//! Objects through kube-rs: made, changed, applied, watched, finalized, collected.

use std::time::Duration;

use crate::common::{Running, widget, widget_api, widgets};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Event, Namespace, Secret};
use kube::api::{
    DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams, PropagationPolicy, WatchEvent, WatchParams,
};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use plexica_testkit::{require, wait_until};
use serde_json::json;

const GROUP: &str = "life.test";
const SOON: Duration = Duration::from_secs(30);

fn code(error: kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        other => panic!("no answer of the API: {other}"),
    }
}

#[tokio::test]
async fn a_custom_resource_lives_as_in_a_cluster() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let running = Running::start(&database, vec![widgets(GROUP)], vec![]).await;
    let client = running.client().await;
    let api = widget_api(&client, GROUP, "default");
    let post = PostParams::default();

    let made = api.create(&post, &widget(GROUP, "one", json!({"size": 1}))).await.unwrap();
    assert_eq!(made.data["spec"]["colour"], "green", "defaults are filled in");
    assert_eq!(made.metadata.generation, Some(1));
    let again = api.create(&post, &widget(GROUP, "one", json!({"size": 1}))).await;
    assert_eq!(code(again.unwrap_err()), 409);
    let invalid = api.create(&post, &widget(GROUP, "two", json!({"size": 0}))).await;
    assert_eq!(code(invalid.unwrap_err()), 422);

    // Status is kept apart, and only the desired state counts as a generation.
    let status = json!({"status": {"phase": "Done"}, "spec": {"size": 9}});
    let patched = api.patch_status("one", &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
    assert_eq!(patched.data["status"]["phase"], "Done");
    assert_eq!(patched.data["spec"]["size"], 1);
    assert_eq!(patched.metadata.generation, Some(1));
    let spec = json!({"spec": {"size": 2}, "status": {"phase": "Lost"}});
    let patched = api.patch("one", &PatchParams::default(), &Patch::Merge(&spec)).await.unwrap();
    assert_eq!(patched.data["status"]["phase"], "Done");
    assert_eq!(patched.metadata.generation, Some(2));

    // An old resource version is a conflict; a write that changes nothing is none.
    let mut stale = made.clone();
    stale.data["spec"]["size"] = json!(5);
    assert_eq!(code(api.replace("one", &post, &stale).await.unwrap_err()), 409);
    let same = api.patch("one", &PatchParams::default(), &Patch::Merge(&spec)).await.unwrap();
    assert_eq!(same.resource_version(), patched.resource_version());

    // A finalizer holds the object until it is taken off.
    let hold = json!({"metadata": {"finalizers": ["life.test/hold"]}});
    api.patch("one", &PatchParams::default(), &Patch::Merge(&hold)).await.unwrap();
    let marked = api.delete("one", &DeleteParams::default()).await.unwrap();
    assert!(marked.left().unwrap().metadata.deletion_timestamp.is_some());
    let release = json!({"metadata": {"finalizers": null}});
    api.patch("one", &PatchParams::default(), &Patch::Merge(&release)).await.unwrap();
    assert_eq!(code(api.get("one").await.unwrap_err()), 404);
    running.stop().await;
}

#[tokio::test]
async fn apply_owns_fields_and_takes_them_back() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let running = Running::start(&database, vec![widgets(GROUP)], vec![]).await;
    let client = running.client().await;
    let api = widget_api(&client, GROUP, "default");
    let apply = |manager: &str| PatchParams::apply(manager);
    let with = |spec| Patch::Apply(widget(GROUP, "one", spec));

    let made = api.patch("one", &apply("a"), &with(json!({"size": 1, "note": "mine"}))).await.unwrap();
    assert_eq!(made.managed_fields().len(), 1);
    let conflict = api.patch("one", &apply("b"), &with(json!({"size": 2}))).await;
    assert_eq!(code(conflict.unwrap_err()), 409);
    let forced = api.patch("one", &apply("b").force(), &with(json!({"size": 2}))).await.unwrap();
    assert_eq!(forced.data["spec"]["size"], 2);
    // What a manager no longer applies goes, if nobody else owns it.
    let less = api.patch("one", &apply("a"), &with(json!({}))).await.unwrap();
    assert_eq!(less.data["spec"].get("note"), None);
    assert_eq!(less.data["spec"]["size"], 2);
    running.stop().await;
}

#[tokio::test]
async fn lists_come_in_pages_of_one_moment() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let running = Running::start(&database, vec![widgets(GROUP)], vec![]).await;
    let client = running.client().await;
    let api = widget_api(&client, GROUP, "default");
    for name in ["a", "b", "c", "d", "e"] {
        let mut one = widget(GROUP, name, json!({"size": 1}));
        one.labels_mut().insert("even".into(), (name == "b" || name == "d").to_string());
        api.create(&PostParams::default(), &one).await.unwrap();
    }
    let names =
        |list: &kube::core::ObjectList<DynamicObject>| list.iter().map(ResourceExt::name_any).collect::<Vec<_>>();
    let first = api.list(&ListParams::default().limit(2)).await.unwrap();
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first.metadata.remaining_item_count, Some(3));
    // Later pages do not see what happened since the first.
    api.delete("c", &DeleteParams::default()).await.unwrap();
    let token = first.metadata.continue_.unwrap();
    let rest = api.list(&ListParams::default().continue_token(&token)).await.unwrap();
    assert_eq!(names(&rest), ["c", "d", "e"]);
    let now = api.list(&ListParams::default().labels("even=true")).await.unwrap();
    assert_eq!(names(&now), ["b", "d"]);
    let one = api.list(&ListParams::default().fields("metadata.name=e")).await.unwrap();
    assert_eq!(names(&one), ["e"]);
    let version = first.metadata.resource_version.unwrap();
    let then = ListParams::default().at(&version).matching(kube::api::VersionMatch::Exact);
    assert_eq!(names(&api.list(&then).await.unwrap()).len(), 5);
    running.stop().await;
}

#[tokio::test]
async fn a_namespace_takes_its_contents_with_it() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let running = Running::start(&database, vec![widgets(GROUP)], vec![]).await;
    let client = running.client().await;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let post = PostParams::default();
    let named = |name: &str| ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() };
    let space = Namespace { metadata: named("space"), ..Namespace::default() };
    namespaces.create(&post, &space).await.unwrap();
    let api = widget_api(&client, GROUP, "space");
    let mut held = widget(GROUP, "held", json!({"size": 1}));
    held.metadata.finalizers = Some(vec!["life.test/hold".into()]);
    api.create(&post, &held).await.unwrap();
    let secrets: Api<Secret> = Api::namespaced(client.clone(), "space");
    let secret = Secret { metadata: named("s"), ..Secret::default() };
    secrets.create(&post, &secret).await.unwrap();

    namespaces.delete("space", &DeleteParams::default()).await.unwrap();
    wait_until("the secret is gone", SOON, async || secrets.get_opt("s").await.unwrap().is_none()).await;
    let late = api.create(&post, &widget(GROUP, "late", json!({"size": 1}))).await;
    assert_eq!(code(late.unwrap_err()), 403);
    let waiting = namespaces.get("space").await.unwrap();
    assert_eq!(waiting.status.unwrap().phase.unwrap(), "Terminating");
    let release = json!({"metadata": {"finalizers": null}});
    api.patch("held", &PatchParams::default(), &Patch::Merge(&release)).await.unwrap();
    wait_until("the namespace is gone", SOON, async || namespaces.get_opt("space").await.unwrap().is_none()).await;
    let none = api.create(&post, &widget(GROUP, "none", json!({"size": 1}))).await;
    assert_eq!(code(none.unwrap_err()), 404);
    running.stop().await;
}

#[tokio::test]
async fn dependents_follow_their_owners() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let running = Running::start(&database, vec![widgets(GROUP)], vec![]).await;
    let client = running.client().await;
    let api = widget_api(&client, GROUP, "default");
    let post = PostParams::default();
    let owned = async |owner: &str, name: &str| {
        let made = api.create(&post, &widget(GROUP, owner, json!({"size": 1}))).await.unwrap();
        let mut one = widget(GROUP, name, json!({"size": 1}));
        one.metadata.owner_references = Some(vec![
            serde_json::from_value(json!({
                "apiVersion": format!("{GROUP}/v1"), "kind": "Widget", "name": owner,
                "uid": made.uid().unwrap(), "blockOwnerDeletion": true,
            }))
            .unwrap(),
        ]);
        api.create(&post, &one).await.unwrap();
    };
    let gone = async |name: &str| {
        wait_until(&format!("{name} is gone"), SOON, async || api.get_opt(name).await.unwrap().is_none()).await;
    };

    owned("p1", "c1").await;
    api.delete("p1", &DeleteParams::background()).await.unwrap();
    gone("c1").await;

    owned("p2", "c2").await;
    api.delete("p2", &DeleteParams::foreground()).await.unwrap();
    gone("p2").await;
    assert!(api.get_opt("c2").await.unwrap().is_none(), "foreground: the dependent goes first");

    owned("p3", "c3").await;
    let orphan = DeleteParams { propagation_policy: Some(PropagationPolicy::Orphan), ..DeleteParams::default() };
    api.delete("p3", &orphan).await.unwrap();
    gone("p3").await;
    assert!(api.get("c3").await.unwrap().owner_references().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn events_have_two_forms_and_secrets_none_on_disk() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let running = Running::start(&database, vec![], vec![]).await;
    let client = running.client().await;
    let new: Api<k8s_openapi::api::events::v1::Event> = Api::namespaced(client.clone(), "default");
    let event = json!({
        "metadata": {"name": "e1"}, "eventTime": "2026-01-01T00:00:00.000000Z", "action": "Make",
        "reason": "Made", "note": "made it", "type": "Normal", "reportingController": "life.test/op",
        "reportingInstance": "op-1", "regarding": {"kind": "Tenant", "name": "acme", "namespace": "default"},
    });
    new.create(&PostParams::default(), &serde_json::from_value(event).unwrap()).await.unwrap();
    let old: Api<Event> = Api::namespaced(client.clone(), "default");
    let about = ListParams::default().fields("involvedObject.name=acme,involvedObject.kind=Tenant");
    let found = old.list(&about).await.unwrap();
    assert_eq!(found.items.len(), 1);
    assert_eq!(found.items[0].message.as_deref(), Some("made it"));

    let secrets: Api<Secret> = Api::namespaced(client.clone(), "default");
    let secret = json!({"metadata": {"name": "s"}, "stringData": {"password": "hunter2-hunter2"}});
    secrets.create(&PostParams::default(), &serde_json::from_value(secret).unwrap()).await.unwrap();
    let read = secrets.get("s").await.unwrap();
    assert_eq!(read.data.unwrap()["password"].0, b"hunter2-hunter2");
    let pool = sqlx::PgPool::connect(database.url().as_str()).await.unwrap();
    let sql = "SELECT count(*) FROM (SELECT body FROM standalone.object UNION ALL SELECT body FROM standalone.change) b
               WHERE position('aHVudGVyMi1odW50ZXIy'::bytea IN body) > 0 OR position('hunter2'::bytea IN body) > 0";
    let leaks: i64 = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
    assert_eq!(leaks, 0);
    pool.close().await;
    running.stop().await;
}

#[tokio::test]
async fn a_watch_shows_what_enters_and_leaves_the_selection() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let running = Running::start(&database, vec![widgets(GROUP)], vec![]).await;
    let client = running.client().await;
    let api = widget_api(&client, GROUP, "default");
    let version = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let params = WatchParams::default().labels("in=yes").timeout(20);
    let mut watch = api.watch(&params, &version).await.unwrap().boxed();
    api.create(&PostParams::default(), &widget(GROUP, "w", json!({"size": 1}))).await.unwrap();
    let label = |value: Option<&str>| json!({"metadata": {"labels": {"in": value}}});
    for value in [Some("yes"), Some("no"), Some("yes")] {
        api.patch("w", &PatchParams::default(), &Patch::Merge(&label(value))).await.unwrap();
    }
    let size = json!({"spec": {"size": 2}});
    api.patch("w", &PatchParams::default(), &Patch::Merge(&size)).await.unwrap();
    api.delete("w", &DeleteParams::default()).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 5 {
        match watch.try_next().await.unwrap().expect("more events") {
            WatchEvent::Added(_) => seen.push("added"),
            WatchEvent::Modified(_) => seen.push("modified"),
            WatchEvent::Deleted(_) => seen.push("deleted"),
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(seen, ["added", "deleted", "added", "modified", "deleted"]);
    running.stop().await;
}
