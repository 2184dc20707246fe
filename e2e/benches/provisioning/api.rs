//! The standalone API beside the real API server with etcd, in turns.

use std::{
    collections::HashMap,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, future::try_join_all};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, Config, ResourceExt,
    api::{
        ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams,
    },
    config::{KubeConfigOptions, Kubeconfig},
    core::GroupVersionKind,
    runtime::wait::{await_condition, conditions::is_crd_established},
};
use plexica_testkit::{
    kubernetes::{Cluster, Tier},
    postgres::{PgVersion, Server},
    unique,
};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    outcome::{Result, failed, found},
    standalone,
    stats::{median, quantile},
    table::Table,
};

const ROUNDS: usize = 3;
const WRITERS: usize = 8;
const WRITING: Duration = Duration::from_secs(2);
const DELIVERIES: usize = 100;
const LIMIT: Duration = Duration::from_secs(30);

pub async fn measure(table: Table) -> Result<()> {
    let server = found(Server::find(PgVersion::V17))?;
    let cluster = found(Cluster::find(Tier::T0))?;
    let (database, folder) = (server.database().await, tempfile::tempdir()?);
    let program = standalone::start(&database, folder.path()).await?;
    let ours = client(&folder.path().join("kubeconfig")).await?;
    let real = cluster.client().await;
    let definitions: Api<CustomResourceDefinition> = Api::all(real.clone());
    let definition = standalone::definition()?;
    let name = definition.name_any();
    definitions.patch(&name, &PatchParams::apply("plexica-bench").force(), &Patch::Apply(&definition)).await?;
    await_condition(definitions.clone(), &name, is_crd_established()).await?;

    // The definition goes in any case, and all that was written with it.
    let measured = timeout(LIMIT, in_turns(&table, &ours, &real)).await;
    definitions.delete(&name, &DeleteParams::default()).await?;
    program.stop().await?;
    measured.unwrap_or_else(|_| failed(format!("took longer than {LIMIT:?}")))
}

async fn in_turns(table: &Table, ours: &Client, real: &Client) -> Result<()> {
    let (mut rates, mut delays) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS {
        for (side, client) in [ours, real].into_iter().enumerate() {
            rates[side].push(writes(client).await?);
            delays[side].extend(deliveries(client).await?);
        }
    }
    let [rate, real_rate] = rates.map(|samples| median(&samples));
    table.compare(format!("standalone API: writes/s, {WRITERS} writers (etcd's beside)"), rate, real_rate, "");
    for (share, name) in [(0.5, "p50"), (0.99, "p99")] {
        let [delay, real_delay] = [&delays[0], &delays[1]].map(|samples| quantile(samples, share));
        table.compare(format!("standalone API: write sent → seen by a watch, {name}"), delay, real_delay, "ms");
    }
    Ok(())
}

async fn client(kubeconfig: &Path) -> Result<Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

fn items(client: &Client) -> Api<DynamicObject> {
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("bench.plexica.io", "v1", "Item"));
    Api::namespaced_with(client.clone(), "default", &kind)
}

async fn create(api: &Api<DynamicObject>, name: &str) -> Result<()> {
    let item = serde_json::from_value(json!({
        "apiVersion": "bench.plexica.io/v1", "kind": "Item", "metadata": { "name": name }, "spec": { "size": 1 },
    }))?;
    api.create(&PostParams::default(), &item).await?;
    Ok(())
}

/// Writes a second, half of them creates and half of them updates.
#[expect(clippy::cast_precision_loss, reason = "a rate")]
async fn writes(client: &Client) -> Result<f64> {
    let (api, run, count) = (items(client), unique("w"), AtomicUsize::new(0));
    let began = Instant::now();
    let writers = (0..WRITERS).map(|writer| {
        let (api, run, count) = (&api, &run, &count);
        async move {
            for round in 0_usize.. {
                if began.elapsed() >= WRITING {
                    break;
                }
                let name = format!("{run}-{writer}-{round}");
                create(api, &name).await?;
                let update = json!({ "spec": { "size": round } });
                api.patch(&name, &PatchParams::default(), &Patch::Merge(&update)).await?;
                count.fetch_add(2, Ordering::Relaxed);
            }
            Result::Ok(())
        }
    });
    try_join_all(writers).await?;
    Ok(count.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
}

/// One write after another, each timed from its being sent to its being seen.
async fn deliveries(client: &Client) -> Result<Vec<f64>> {
    let (api, run) = (items(client), unique("d"));
    let from = api.list(&ListParams::default().limit(1)).await?.metadata.resource_version.unwrap_or_default();
    let watch = api.watch(&WatchParams::default().timeout(30), &from).await?;
    let prefix = run.clone();
    let seen = tokio::spawn(async move {
        let (mut watch, mut seen) = (watch.boxed(), HashMap::new());
        while seen.len() < DELIVERIES {
            match watch.try_next().await? {
                Some(WatchEvent::Added(item)) if item.name_any().starts_with(&prefix) => {
                    seen.insert(item.name_any(), Instant::now());
                }
                Some(WatchEvent::Error(status)) => return failed(status.message.clone()),
                Some(_) => {}
                None => return failed("the watch ended"),
            }
        }
        Ok(seen)
    });
    let mut sent = Vec::new();
    for number in 0..DELIVERIES {
        let name = format!("{run}-{number}");
        sent.push((name.clone(), Instant::now()));
        create(&api, &name).await?;
    }
    let seen = seen.await??;
    let delays = sent.iter().filter_map(|(name, sent)| Some(seen.get(name)?.duration_since(*sent).as_secs_f64() * 1e3));
    Ok(delays.collect())
}
