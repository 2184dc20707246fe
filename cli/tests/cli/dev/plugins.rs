//! Plugins beside `plexica dev`, from the resource to the answer at the gateway: this very program,
//! started by the operator.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::{Dev, start_dev};
use plexica_contract::tenancy::environment;
use plexica_sdk::{
    Allowed, ConfigChange, Error, Json, Lifecycle, Manifest, Plugin, Reload, Result, Routes, SignedIn, Tenant,
};
use plexica_testkit::{wait_for, wait_until};
use reqwest::Client;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_mins(1);
/// Knows another configuration than the others.
const SECOND: &str = "2.0.0";

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct First {
    #[serde(default = "euro")]
    currency: String,
    #[serde(default)]
    workers: i32,
}

fn euro() -> String {
    "EUR".into()
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Second {
    money: String,
    /// A file: the upgrade waits until it is there.
    until: String,
}

async fn info(_: SignedIn, tenant: Tenant) -> Result<Json<Value>> {
    let currency = tenant.config::<First>()?.currency;
    Ok(Json(json!({ "pid": std::process::id(), "currency": currency, "shiny": tenant.has_feature("shiny") })))
}

async fn second_info(_: SignedIn, tenant: Tenant) -> Result<Json<Value>> {
    let currency = tenant.config::<Second>()?.money;
    Ok(Json(json!({ "pid": std::process::id(), "currency": currency })))
}

plexica_sdk::permissions! {
    /// Which only the second version asks for.
    Books = "probe:books:read", "Read the books", ["user", "admin"];
}

async fn books(_: Allowed<Books>) -> Result<Json<Value>> {
    Ok(Json(json!("the books")))
}

async fn decide(change: ConfigChange) -> Result<Reload> {
    let (old, new): (First, First) = (change.previous()?, change.tenant.config()?);
    match new.currency.as_str() {
        "XXX" => Err(Error::invalid("currency", "must be one that there is")),
        _ if new.workers != old.workers => Ok(Reload::Restart),
        _ => Ok(Reload::Live),
    }
}

async fn upgraded(lifecycle: Lifecycle) -> Result {
    let until = lifecycle.tenant.config::<Second>()?.until;
    if Path::new(&until).exists() { Ok(()) } else { Err(Error::unavailable("It is not the time.")) }
}

fn plugin(id: &str, version: &str) -> Plugin {
    let manifest = Manifest::new(id, version);
    if version == SECOND {
        let routes = Routes::new().get("/info", second_info).get("/books", books);
        return Plugin::new(manifest.configuration::<Second>()).routes(routes).on_upgrade(upgraded);
    }
    Plugin::new(manifest.configuration::<First>()).routes(Routes::new().get("/info", info)).on_config(decide)
}

/// Not a test when the operator starts it.
#[test]
fn serve() {
    let variable = |name| std::env::var(name).unwrap_or_default();
    if variable(environment::LISTEN).is_empty() {
        return;
    }
    plugin(&variable(environment::PLUGIN_ID), &variable(environment::PLUGIN_VERSION)).run().unwrap();
}

fn entry(id: &str, version: &str, more: Value) -> Value {
    let mut spec = serde_json::to_value(plugin(id, version).manifest().unwrap()).unwrap();
    let program = std::env::current_exe().unwrap();
    spec["runtime"]["command"] = json!([program, "--exact", "dev::plugins::serve", "--nocapture"]);
    spec["rollout"] = json!({ "bakeSeconds": 0 });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    resource("Plugin", json!({ "name": format!("{id}-{version}") }), spec)
}

fn resource(kind: &str, metadata: Value, spec: Value) -> Value {
    json!({ "apiVersion": "plexica.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec })
}

fn apply(dev: &Dev, object: Value) {
    let file = dev.folder.join("applied.yaml");
    std::fs::write(&file, object.to_string()).unwrap();
    dev.must(&["apply", "-f", file.to_str().unwrap()]);
}

/// What a user reads at the gateway.
#[derive(Clone)]
struct Reader {
    client: Client,
    url: String,
    token: String,
}

impl Reader {
    fn of(dev: &Dev, id: &str) -> Self {
        let url = format!("{}/api/plugins/{id}/info", dev.text("gateway"));
        Self { client: Client::new(), url, token: dev.token("acme", "grace") }
    }

    async fn read(&self) -> std::result::Result<Value, String> {
        let answer = self.client.get(&self.url).bearer_auth(&self.token).send().await;
        let answer = answer.map_err(|error| format!("{error:?}"))?;
        let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
        if status.is_success() { Ok(serde_json::from_str(&text).unwrap()) } else { Err(format!("{status} {text}")) }
    }

    async fn until(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        wait_for(what, SOON, async || self.read().await.ok().filter(|read| is(read))).await
    }
}

/// Requests, one after the other.
struct Load {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<(usize, Vec<String>)>,
    seen: Arc<Mutex<BTreeSet<String>>>,
}

impl Load {
    fn on(reader: &Reader) -> Self {
        let (reader, stop, seen) = (reader.clone(), CancellationToken::new(), Arc::new(Mutex::default()));
        let (stopped, noted) = (stop.clone(), Arc::<Mutex<BTreeSet<String>>>::clone(&seen));
        let task = tokio::spawn(async move {
            let (mut good, mut failed) = (0, Vec::new());
            while !stopped.is_cancelled() {
                match reader.read().await {
                    Ok(read) => {
                        good += 1;
                        noted.lock().unwrap().insert(read["currency"].as_str().unwrap().to_owned());
                    }
                    Err(error) => failed.push(error),
                }
            }
            (good, failed)
        });
        Self { stop, task, seen }
    }

    async fn end(self) -> BTreeSet<String> {
        self.stop.cancel();
        let (good, failed) = self.task.await.unwrap();
        assert!(failed.is_empty() && good > 20, "{good} {failed:?}");
        self.seen.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn what_a_tenant_configures_and_its_plan_reach_the_plugin_while_requests_go_on() {
    plexica_testkit::tls();
    let home = tempfile::tempdir().unwrap();
    let dev = start_dev(&home.path().join("dev"));
    let install = |version: &str, config: Value| {
        let spec = json!({ "tenantRef": { "name": "acme" }, "plugin": { "id": "probe", "version": version }, "config": config });
        resource("PluginInstall", json!({ "name": "acme-probe", "namespace": "plexica-system" }), spec)
    };
    let says =
        |words: &str| dev.must(&["get", "pi", "acme-probe", "-n", "plexica-system", "-o", "json"]).contains(words);
    apply(&dev, entry("probe", "1.0.0", json!({})));
    apply(&dev, install("=1.0.0", json!({ "currency": "EUR" })));
    let reader = Reader::of(&dev, "probe");
    let first = reader.until("it serves", |read| read["currency"] == "EUR").await;
    assert_eq!(first["shiny"], false);
    let load = Load::on(&reader);

    // Words of the plan.
    std::fs::write(dev.folder.join("plans.yaml"), "standard: { features: [shiny] }\n").unwrap();
    let shiny = reader.until("the plan has reached it", |read| read["shiny"] == true).await;
    assert_eq!(shiny["pid"], first["pid"]);

    // Live, refused, and in another process.
    apply(&dev, install("=1.0.0", json!({ "currency": "SEK" })));
    let live = reader.until("it counts", |read| read["currency"] == "SEK").await;
    assert_eq!(live["pid"], first["pid"]);
    apply(&dev, install("=1.0.0", json!({ "currency": "XXX" })));
    wait_until("it is refused", SOON, async || says("currency must be one that there is")).await;
    assert_eq!(reader.read().await.unwrap(), live);
    apply(&dev, install("=1.0.0", json!({ "currency": "NOK", "workers": 2 })));
    let restarted = reader.until("another process has it", |read| read["currency"] == "NOK").await;
    assert_ne!(restarted["pid"], first["pid"]);

    // Another login and password, which take another process as well.
    let generation = || {
        let install = dev.must(&["get", "pi", "acme-probe", "-n", "plexica-system", "-o", "json"]);
        serde_json::from_str::<Value>(&install).unwrap()["status"]["credentials"]["generation"].clone()
    };
    assert_eq!(generation(), 1);
    let mut rotated = entry("probe", "1.0.0", json!({}));
    rotated["metadata"]["annotations"] = json!({ "plexica.io/rotate": "leaked" });
    apply(&dev, rotated);
    let renewed = reader.until("another process has them", |read| read["pid"] != restarted["pid"]).await;
    wait_until("it is told", SOON, async || generation() == 2).await;

    // Two versions, each with its own, of which the other can make nothing.
    let until = home.path().join("now");
    apply(&dev, entry("probe", SECOND, json!({})));
    apply(&dev, install("=2.0.0", json!({ "money": "DKK", "until": until })));
    wait_until("the new version is asked", SOON, async || says("It is not the time.")).await;
    assert_eq!(reader.read().await.unwrap(), renewed, "the one that serves has what it had");
    std::fs::write(&until, "").unwrap();
    reader.until("the new version has the new one", |read| read["currency"] == "DKK").await;
    let seen = load.end().await;
    assert_eq!(seen, ["DKK", "EUR", "NOK", "SEK"].map(str::to_owned).into(), "and none was refused");

    // What it asks for beyond what was granted is refused until somebody consents.
    wait_until("consent is waited for", SOON, async || says("ConsentRequired")).await;
    let clerk = Reader { url: reader.url.replace("/info", "/books"), ..reader.clone() };
    let refused = clerk.read().await.unwrap_err();
    assert!(refused.starts_with("403") && refused.contains("probe:books:read"), "{refused}");
    let mut consented = install("=2.0.0", json!({ "money": "DKK", "until": until }));
    consented["metadata"]["annotations"] = json!({ "plexica.io/consent": SECOND });
    apply(&dev, consented);
    clerk.until("it may", |read| read == "the books").await;

    // What was done is told by the id that the install's status gives it.
    let of_status = wait_for("the upgrade is over", SOON, async || {
        let install = dev.must(&["get", "pi", "acme-probe", "-n", "plexica-system", "-o", "json"]);
        let operation = serde_json::from_str::<Value>(&install).unwrap()["status"]["operation"].take();
        (operation["kind"] == "Upgrade" && operation["phase"] == "Succeeded").then_some(operation)
    })
    .await;
    let url = format!("{}/api/v1/operations/{}", dev.text("gateway"), of_status["id"].as_str().unwrap());
    wait_until("it is told by its id", SOON, async || {
        let answer = reader.client.get(&url).bearer_auth(&reader.token).send().await.unwrap();
        let told: Value = answer.json().await.unwrap();
        told == json!({ "resource": "PluginInstall", "name": "acme-probe", "operation": of_status })
    })
    .await;

    // A plan that lets fewer requests through than come.
    let few = "standard: { rateLimits: { requestsPerSecond: 1, burst: 2 } }\n";
    std::fs::write(dev.folder.join("plans.yaml"), few).unwrap();
    wait_until("there are too many", SOON, async || reader.read().await.is_err_and(|error| error.starts_with("429")))
        .await;
    assert!(dev.stop().success());
}

#[tokio::test]
async fn what_is_installed_with_its_dependencies_comes_up_and_answers() {
    plexica_testkit::tls();
    let home = tempfile::tempdir().unwrap();
    let dev = start_dev(&home.path().join("dev"));
    apply(&dev, entry("files", "1.2.0", json!({ "provides": [{ "interface": "blobs.v1", "version": "1.0.0" }] })));
    apply(&dev, entry("mail", "1.1.0", json!({ "requires": [{ "interface": "blobs.v1", "version": "^1" }] })));
    let needs = json!({ "requires": [{ "plugin": "mail", "version": "^1" }, { "plugin": "crm", "version": "*" }] });
    apply(&dev, entry("chat", "1.0.0", needs));
    let installed = dev.must(&["install", "chat", "--tenant", "acme", "--with-dependencies", "--wait"]);
    assert!(installed.lines().any(|line| line.starts_with("acme") && line.contains("Ready")), "{installed}");
    let mut pids = BTreeSet::new();
    for id in ["files", "mail", "chat"] {
        let answer = Reader::of(&dev, id).until(id, |read| read["currency"] == "EUR").await;
        assert!(pids.insert(answer["pid"].as_u64()), "{answer}");
    }
    assert!(dev.stop().success());
}
