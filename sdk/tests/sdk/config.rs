//! A tenant's configuration is to be another: the plugin is told, and has its say.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::common::READ;
use plexica_sdk::{
    ConfigChange, Error, Manifest, Plugin, Reload, Result, Routes, SignedIn, Tenant, TestHost, contract::manifest,
};
use plexica_testkit::{require, wait_until};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

#[derive(Serialize, Deserialize, JsonSchema)]
struct Config {
    at: i32,
}

async fn read(_: SignedIn, tenant: Tenant) -> Result<String> {
    Ok(tenant.config::<Config>()?.at.to_string())
}

fn manifest() -> Manifest {
    Manifest::new("notes", "1.0.0").configuration::<Config>()
}

fn plugin(manifest: Manifest) -> Plugin {
    Plugin::new(manifest).routes(Routes::new().get("/at", read))
}

/// What the hook was told.
type Told = Arc<Mutex<Vec<(i32, i32)>>>;

/// Refuses to go back, and takes what is above 10 only when it starts.
fn asking(told: &Told) -> Plugin {
    let told = told.clone();
    plugin(manifest()).on_config(move |change: ConfigChange| {
        let told = told.clone();
        async move {
            let (old, new) = (change.previous::<Config>()?.at, change.tenant.config::<Config>()?.at);
            told.lock().unwrap().push((old, new));
            match new {
                new if new < old => Err(Error::invalid("at", format!("must be more than {old}"))),
                new if new > 10 => Ok(Reload::Restart),
                _ => Ok(Reload::Live),
            }
        }
    })
}

#[tokio::test]
async fn the_hook_takes_it_refuses_it_or_wants_another_process() {
    let Some(postgres) = require!(postgres17) else { return };
    let told = Told::default();
    let host = TestHost::start_on(asking(&told), postgres.url().as_str()).await;
    let acme = host.install_with("acme", json!({ "at": 1 })).await;
    let ada = acme.as_user([READ]);
    let at = async || ada.get("/at").await.text();

    assert_eq!(acme.configure(json!({ "at": 2 })).await.expect(200), json!({ "status": "done" }));
    assert_eq!(at().await, "2", "it counts at once, whatever the list says");
    let refused = acme.configure(json!({ "at": 1 })).await.expect(422);
    assert_eq!(refused["error"]["details"][0]["message"], "must be more than 2");
    assert_eq!(at().await, "2");
    assert_eq!(acme.configure(json!({ "at": 2 })).await.expect(200), json!({ "status": "done" }), "it has it already");

    for at in [11, 12] {
        let answer = acme.configure(json!({ "at": at })).await.expect(200);
        assert_eq!(answer, json!({ "status": "done", "restart": true }));
    }
    assert_eq!(*told.lock().unwrap(), [(1, 2), (2, 1), (2, 11), (2, 12)]);
    let next = host.another_process(asking(&told)).await;
    let token = host.platform().user_token(host.id(), &"acme".parse().unwrap(), &[READ], 0);
    let there = next.http(http::Method::GET, "/at").bearer_auth(token).send().await.unwrap();
    assert_eq!(there.text().await.unwrap(), "12", "the next process starts with it");
    assert_eq!(at().await, "2", "this one goes on as it is");
    assert_eq!(told.lock().unwrap().len(), 4, "a process that starts is not asked");
}

#[tokio::test]
async fn processes_that_nobody_asked_hear_of_it_from_the_list() {
    let Some(postgres) = require!(postgres17) else { return };
    let (first, second) = (Told::default(), Told::default());
    let host = TestHost::start_on(asking(&first), postgres.url().as_str()).await;
    let acme = host.install_with("acme", json!({ "at": 1 })).await;
    let other = host.another_process(asking(&second)).await;
    let token = || host.platform().user_token(host.id(), &"acme".parse().unwrap(), &[READ], 0);
    let there = async || {
        let answer = other.http(http::Method::GET, "/at").bearer_auth(token()).send().await.unwrap();
        answer.text().await.unwrap()
    };
    assert_eq!(there().await, "1");
    acme.configure(json!({ "at": 2 })).await.expect(200);
    wait_until("it counts there, too", SOON, async || there().await == "2").await;
    assert_eq!((first.lock().unwrap().clone(), second.lock().unwrap().clone()), (vec![(1, 2)], vec![(1, 2)]));
}

#[tokio::test]
async fn without_a_hook_the_manifest_says_when_it_counts() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plugin(manifest().restart_on_config()), postgres.url().as_str()).await;
    let acme = host.install_with("acme", json!({ "at": 1 })).await;
    let ada = acme.as_user([READ]);
    acme.configure(json!({ "at": 2 })).await.expect(200);
    // The list has been read when what came with it is there.
    let globex = host.install_with("globex", json!({ "at": 3 })).await;
    assert_eq!(globex.as_user([READ]).get("/at").await.text(), "3");
    assert_eq!(ada.get("/at").await.text(), "1");
}

#[test]
fn the_manifest_says_whether_it_is_asked() {
    let reload = |plugin: Plugin| plugin.manifest().unwrap().configuration.unwrap().reload;
    assert_eq!(reload(plugin(manifest())), manifest::Reload::Live);
    assert_eq!(reload(plugin(manifest().restart_on_config())), manifest::Reload::Restart);
    assert_eq!(reload(asking(&Told::default())), manifest::Reload::Ask);
    let spoken: Value = serde_json::to_value(asking(&Told::default()).manifest().unwrap()).unwrap();
    assert_eq!(spoken["configuration"]["reload"], "Ask");
}
