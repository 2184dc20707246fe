//! Operators of a test, each in a runtime of its own.

use std::{path::Path, time::Duration};

use kube::{
    Client,
    client::{Body, ClientBuilder},
    config::{KubeConfigOptions, Kubeconfig},
};
use plexica_operator::{Config, config::Runner};
use plexica_testkit::api_server::Flavour;
use tokio_util::sync::CancellationToken;
use tower::{layer::layer_fn, util::MapRequestLayer};

use crate::{
    before::before,
    budget::{Budget, Noted, metered},
    concurrency::Turnstile,
    late::Late,
    world::World,
};

/// Looks at everything every second.
pub fn vigilant(config: &mut Config) {
    config.work.resync = 1;
}

impl World {
    /// An operator in a runtime of its own, so that it can be killed between any two steps.
    pub fn operator(&self) -> Operator {
        self.operator_with(|_| {})
    }

    /// One that looks at everything every second, for what is changed in systems that tell nobody. Others look
    /// when somebody tells, and as good as never else: whoever waits for that has found a bug.
    pub fn vigilant_operator(&self) -> Operator {
        self.operator_with(vigilant)
    }

    /// The same, with another configuration.
    pub fn operator_with(&self, change: impl FnOnce(&mut Config)) -> Operator {
        self.operator_by(change, |_| {})
    }

    /// The same, with its requests to Kubernetes changed on their way.
    pub fn operator_by(
        &self,
        change: impl FnOnce(&mut Config),
        alter: impl Fn(&mut http::Request<Body>) + Clone + Send + Sync + 'static,
    ) -> Operator {
        self.started(change, alter, Duration::ZERO, Turnstile::default())
    }

    /// One whose caches are so much behind.
    pub fn late_operator(&self, by: Duration) -> Operator {
        self.started(|_| {}, |_| {}, by, Turnstile::default())
    }

    /// One some of whose requests to Kubernetes wait for the turnstile.
    pub fn operator_behind(&self, turnstile: &Turnstile, change: impl FnOnce(&mut Config)) -> Operator {
        self.started(change, |_| {}, Duration::ZERO, turnstile.clone())
    }

    fn started(
        &self,
        change: impl FnOnce(&mut Config),
        alter: impl Fn(&mut http::Request<Body>) + Clone + Send + Sync + 'static,
        late: Duration,
        turnstile: Turnstile,
    ) -> Operator {
        plexica_service::program::logs();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (mut config, kubeconfig, stop) = (self.config(), self.api.kubeconfig.clone(), CancellationToken::new());
        change(&mut config);
        let served = self.flavour == Flavour::Kubernetes || config.plugins.runner == Runner::Process;
        assert!(served, "Deployments are a Need::Workloads");
        let token = stop.clone();
        let writes = Noted::default();
        let reads = Noted::default();
        let (noted, budget) = ((writes.clone(), reads.clone()), self.budget.clone());
        let (tell, told) = std::sync::mpsc::channel();
        let task = runtime.spawn(async move {
            let client = noting(&kubeconfig, noted, budget, alter, (late, turnstile)).await;
            let running = plexica_operator::start(config, client, token).await.expect("a valid configuration");
            tell.send(running.metrics_addr).unwrap();
            running.stopped().await.expect("no task ends by itself");
        });
        let metrics = format!("http://{}", told.recv().expect("an operator that starts"));
        Operator { runtime: Some(runtime), task: Some(task), stop, metrics, writes, reads }
    }
}

/// A client that notes what it writes and reads.
async fn noting(
    kubeconfig: &Path,
    (writes, reads): (Noted, Noted),
    budget: Budget,
    alter: impl Fn(&mut http::Request<Body>) + Clone + Send + Sync + 'static,
    (late, turnstile): (Duration, Turnstile),
) -> Client {
    plexica_testkit::tls();
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    let metered = before(move |request| metered(request, &writes, &reads, &budget));
    let altered = MapRequestLayer::new(move |mut request: http::Request<Body>| {
        alter(&mut request);
        request
    });
    let delayed = layer_fn(move |inner| Late { inner, by: late });
    let turned = before(move |request| turnstile.pass(request));
    let builder = ClientBuilder::try_from(config).unwrap().with_layer(&delayed).with_layer(&metered);
    builder.with_layer(&turned).with_layer(&altered).build()
}

/// One running operator.
pub struct Operator {
    runtime: Option<tokio::runtime::Runtime>,
    task: Option<tokio::task::JoinHandle<()>>,
    stop: CancellationToken,
    metrics: String,
    writes: Noted,
    reads: Noted,
}

impl Operator {
    /// The sum of a counter over its labels.
    pub async fn count(&self, counter: &str) -> f64 {
        let text = reqwest::get(format!("{}/metrics", self.metrics)).await.unwrap().text().await.unwrap();
        let lines = text.lines().filter(|line| line.starts_with(counter));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// What it asked Kubernetes to write.
    pub fn writes(&self) -> Vec<String> {
        self.writes.lock().unwrap().clone()
    }

    /// What it asked Kubernetes to tell it, once.
    pub fn reads(&self) -> Vec<String> {
        self.reads.lock().unwrap().clone()
    }

    /// Status and text of a path.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("{}{path}", self.metrics)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Ends it as a signal would, and waits until it has.
    pub async fn stop(mut self) {
        self.stop.cancel();
        self.task.take().unwrap().await.unwrap();
    }

    /// The same, and says what it asked Kubernetes to tell it, until its end.
    pub async fn stop_and_tell(self) -> Vec<String> {
        let reads = self.reads.clone();
        self.stop().await;
        let reads = reads.lock().unwrap();
        reads.clone()
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
