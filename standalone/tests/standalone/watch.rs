//! Watches under load: nothing missed, nothing out of order, over several server processes.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::{Running, widget, widget_api, widget_kind, widgets};
use futures::{StreamExt, TryStreamExt};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::core::DynamicObject;
use kube::{Api, Client, ResourceExt};
use plexica_testkit::{require, wait_until};
use serde_json::json;
use tokio::time::timeout;

const GROUP: &str = "watch.test";
const WRITERS: usize = 8;
const ROUNDS: usize = 12;
/// Longer than all of it takes, on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_mins(3);

/// The state of everything by name, as a watcher knows it.
type Known = BTreeMap<String, u64>;

fn version(object: &DynamicObject) -> u64 {
    object.resource_version().unwrap().parse().unwrap()
}

/// One writer's share: its own objects, and one that everybody changes.
async fn write(client: Client, writer: usize) {
    let api = widget_api(&client, GROUP, "default");
    for round in 0..ROUNDS {
        let name = format!("w{writer}-{}", round % 4);
        let made = api.create(&PostParams::default(), &widget(GROUP, &name, json!({"size": 1}))).await;
        assert!(made.is_ok(), "{made:?}");
        let patch = json!({"spec": {"size": round + 2}});
        api.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
        let patch = json!({"spec": {"parts": [{"name": format!("{writer}-{round}")}]}});
        api.patch("shared", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
        if round + 4 < ROUNDS || round % 2 == 0 {
            api.delete(&name, &DeleteParams::default()).await.unwrap();
        } else {
            let patch = json!({"metadata": {"labels": {"kept": "yes"}}});
            api.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
        }
    }
}

/// Follows from a resource version until the object `end` appears; every step has to make sense.
async fn follow(client: Client, known: Known, from: String) -> (Known, usize) {
    timeout(PATIENCE, follow_on(client, known, from)).await.expect("the end is seen")
}

async fn follow_on(client: Client, mut known: Known, from: String) -> (Known, usize) {
    let api = widget_api(&client, GROUP, "default");
    let mut events = 0;
    let mut last: u64 = from.parse().unwrap();
    loop {
        // Short watches, so that resuming is tried as well.
        let params = WatchParams::default().timeout(1);
        let mut watch = api.watch(&params, &last.to_string()).await.unwrap().boxed();
        while let Some(event) = watch.try_next().await.unwrap() {
            let object = match &event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) | WatchEvent::Deleted(object) => object,
                WatchEvent::Bookmark(bookmark) => {
                    let version: u64 = bookmark.metadata.resource_version.parse().unwrap();
                    assert!(version >= last, "a bookmark never goes back");
                    last = version;
                    continue;
                }
                WatchEvent::Error(error) => panic!("{error:?}"),
            };
            events += 1;
            assert!(version(object) > last, "events come in the order of their versions");
            last = version(object);
            let name = object.name_any();
            match event {
                WatchEvent::Added(_) => assert!(known.insert(name, last).is_none(), "added once"),
                WatchEvent::Modified(_) => assert!(known.insert(name, last).is_some(), "known before"),
                _ => assert!(known.remove(&name).is_some(), "deleted once"),
            }
            if known.contains_key("end") {
                return (known, events);
            }
        }
    }
}

async fn list(api: &Api<DynamicObject>) -> (Known, String) {
    let list = api.list(&ListParams::default()).await.unwrap();
    let version_of_list = list.metadata.resource_version.clone().unwrap();
    (list.iter().map(|one| (one.name_any(), version(one))).collect(), version_of_list)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_missed_or_out_of_order_with_eight_writers_and_three_servers() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(Running::start(&database, vec![widgets(GROUP)], vec![]).await);
    }
    let mut clients = Vec::new();
    for server in &servers {
        clients.push(server.client().await);
    }
    let api = widget_api(&clients[0], GROUP, "default");
    api.create(&PostParams::default(), &widget(GROUP, "shared", json!({"size": 1}))).await.unwrap();
    let (start, from) = list(&api).await;
    let watchers: Vec<_> =
        (0..6).map(|i| tokio::spawn(follow(clients[i % 3].clone(), start.clone(), from.clone()))).collect();
    let writers: Vec<_> = (0..WRITERS).map(|i| tokio::spawn(write(clients[i % 3].clone(), i))).collect();
    // One more starts in the middle, from a list of its own.
    let (middle, middle_from) = list(&widget_api(&clients[1], GROUP, "default")).await;
    let late = tokio::spawn(follow(clients[2].clone(), middle, middle_from));
    for writer in writers {
        writer.await.unwrap();
    }
    api.create(&PostParams::default(), &widget(GROUP, "end", json!({"size": 1}))).await.unwrap();
    let (truth, _) = list(&api).await;
    let mut counts = Vec::new();
    for watcher in watchers {
        let (known, events) = watcher.await.unwrap();
        assert_eq!(known, truth, "a watcher ends with what is there");
        counts.push(events);
    }
    assert_eq!(late.await.unwrap().0, truth);
    let expected = WRITERS * ROUNDS * 4 + 1;
    assert_eq!(counts, vec![expected; 6], "every single write was seen by every watcher");
    for server in servers {
        server.stop().await;
    }
}

#[tokio::test]
async fn a_restart_forgets_nothing_and_watches_resume() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let running = Running::start(&database, vec![widgets(GROUP)], vec![]).await;
    let api = widget_api(&running.client().await, GROUP, "default");
    let made = api.create(&PostParams::default(), &widget(GROUP, "a", json!({"size": 1}))).await.unwrap();
    let patch = json!({"spec": {"size": 2}});
    api.patch("a", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    let before = list(&api).await;
    running.stop().await;

    let running = Running::start(&database, vec![widgets(GROUP)], vec![]).await;
    let api = widget_api(&running.client().await, GROUP, "default");
    assert_eq!(list(&api).await.0, before.0);
    // From before the restart: what memory no longer holds comes out of the database.
    let params = WatchParams::default().timeout(10);
    let mut watch = api.watch(&params, &made.resource_version().unwrap()).await.unwrap().boxed();
    let event = watch.try_next().await.unwrap().unwrap();
    assert!(matches!(event, WatchEvent::Modified(_)), "{event:?}");
    running.stop().await;
}

#[tokio::test]
async fn a_watch_from_too_long_ago_is_told_so() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let running = Running::start(&database, vec![widgets(GROUP)], vec![]).await;
    let api = widget_api(&running.client().await, GROUP, "default");
    let made = api.create(&PostParams::default(), &widget(GROUP, "a", json!({"size": 1}))).await.unwrap();
    let patch = json!({"spec": {"size": 2}});
    api.patch("a", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    let pool = sqlx::PgPool::connect(database.url().as_str()).await.unwrap();
    sqlx::query("SELECT standalone.compact('0 seconds')").execute(&pool).await.unwrap();
    pool.close().await;
    running.stop().await;

    let running = Running::start(&database, vec![widgets(GROUP)], vec![]).await;
    let api = widget_api(&running.client().await, GROUP, "default");
    let old = made.resource_version().unwrap();
    let mut watch = api.watch(&WatchParams::default().timeout(10), &old).await.unwrap().boxed();
    let event = watch.try_next().await.unwrap().unwrap();
    assert!(matches!(&event, WatchEvent::Error(error) if error.code == 410), "{event:?}");
    let then = ListParams::default().at(&old).matching(kube::api::VersionMatch::Exact);
    let refused = api.list(&then).await.unwrap_err();
    assert!(matches!(refused, kube::Error::Api(status) if status.code == 410));
    running.stop().await;
}

#[tokio::test]
async fn kube_runtime_keeps_a_store_by_streaming_lists_too() {
    use kube::runtime::watcher::{self, InitialListStrategy};
    use kube::runtime::{WatchStreamExt, reflector};
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let running = Running::start(&database, vec![widgets(GROUP)], vec![]).await;
    let client = running.client().await;
    let api = widget_api(&client, GROUP, "default");
    for name in ["a", "b"] {
        api.create(&PostParams::default(), &widget(GROUP, name, json!({"size": 1}))).await.unwrap();
    }
    for strategy in [InitialListStrategy::ListWatch, InitialListStrategy::StreamingList] {
        let kind = widget_kind(GROUP);
        let writer = reflector::store::Writer::new(kind.clone());
        let store = writer.as_reader();
        let config = watcher::Config { initial_list_strategy: strategy, ..watcher::Config::default() };
        let stream = watcher::watcher(api.clone(), config).reflect(writer).applied_objects();
        let task = tokio::spawn(stream.for_each(|_| futures::future::ready(())));
        timeout(Duration::from_secs(30), store.wait_until_ready()).await.unwrap().unwrap();
        assert_eq!(store.state().len(), 2);
        api.create(&PostParams::default(), &widget(GROUP, "c", json!({"size": 1}))).await.unwrap();
        wait_until("c is in the store", Duration::from_secs(30), async || store.state().len() == 3).await;
        api.delete("c", &DeleteParams::default()).await.unwrap();
        wait_until("c is out of the store", Duration::from_secs(30), async || store.state().len() == 2).await;
        task.abort();
    }
    running.stop().await;
}
