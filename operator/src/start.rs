//! From a configuration to a running operator.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use jiff::SignedDuration;
use kube::{
    Client,
    runtime::events::{Recorder, Reporter},
};
use plexica_backends::{
    System,
    keycloak::{Digests, RealmDesired, Realms},
    ownership::Installation,
    postgres::{Placements, intent::Intents},
    s3::Store,
    workloads::{
        Workloads, docker,
        kubernetes::{Cluster, Pods},
        process::{self, Processes},
    },
};
use plexica_crds::label::FIELD_MANAGER;
use plexica_service::{Gate, Readiness, Running, Tasks, observability, trust};
use prometheus_client::registry::Registry;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    Config,
    config::{DockerReach, Runner},
    context::Context,
    controllers::Watches,
    leader,
    lifecycle::Lifecycle,
    metrics::Metrics,
    operation,
    outage::Outages,
    plans::{self, Plans, PlansError},
    platform,
    plugin_install::{Purges, SignIns},
    settings::Settings,
};

/// The operator cannot start: something in its configuration, which trying again would not change.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A backend's part of the configuration.
    #[error("{0}. {remedy}", remedy = .0.remedy)]
    Backend(#[from] plexica_backends::Error),
    /// The plans.
    #[error(transparent)]
    Plans(#[from] PlansError),
    /// How often credentials are replaced.
    #[error(
        "PLEXICA_ROTATION_INTERVAL must be longer than PLEXICA_ROTATION_OVERLAP: what was before must have ended when the next comes"
    )]
    Rotation,
    /// The CA bundle.
    #[error(transparent)]
    CaBundle(#[from] trust::Error),
    /// The listener of health and metrics.
    #[error("{0} cannot be bound: {1}")]
    Listen(SocketAddr, std::io::Error),
}

/// How long what is under way may take when the operator is asked to stop. After that it is left as
/// it is, as if the operator were killed: the next one finishes it.
const GRACE: Duration = Duration::from_secs(10);

/// Backups of tenants that are made at the same time.
const BACKUPS: usize = 4;

/// What outlives a term of leadership.
struct Parts {
    client: Client,
    config: Config,
    settings: Settings,
    plans: watch::Receiver<Arc<Plans>>,
    databases: Placements,
    realms: Realms,
    store: Store,
    intents: Intents,
    workloads: Arc<dyn Workloads>,
    metrics: Metrics,
    gates: Gates,
}

/// What `/readyz` waits for while this operator works.
#[derive(Clone)]
struct Gates {
    keys: Gate,
    database: Gate,
    identity: Gate,
}

impl Gates {
    fn all(&self) -> [&Gate; 3] {
        let Self { keys, database, identity } = self;
        [keys, database, identity]
    }
}

/// Starts the operator; it works until `shutdown` is cancelled. Backends may be down: they are
/// tried again until they are there, and `/readyz` says what is waited for.
///
/// # Errors
/// Only for what is wrong with the configuration itself.
pub async fn start(config: Config, client: Client, shutdown: CancellationToken) -> Result<Running, StartError> {
    let tasks = Tasks::new(&shutdown);
    let readiness = Readiness::default();
    let mut registry = Registry::default();
    let databases = config.database.backend(config.common.ca_bundle.as_deref())?;
    let installation = Installation {
        name: config.common.installation.clone(),
        // In which one that is, is asked when there is something to do.
        cluster: None,
        former_clusters: config.names.former_clusters.iter().map(|uid| uid.trim().to_owned()).collect(),
    };
    let workloads: Arc<dyn Workloads> = match config.plugins.runner {
        Runner::Kubernetes => {
            let cluster = Cluster::new(client.clone(), &config.common.installation).giving(Pods {
                ca_bundle: trust::pem(config.common.ca_bundle.as_deref())?,
                pull_secrets: config.plugins.image_pull_secrets.clone(),
            });
            // Who has no rights in tenants' namespaces may not watch all namespaces either.
            let dedicated = config.plugins.dedicated_plugins;
            Arc::new(if dedicated { cluster } else { cluster.watching(&config.common.namespace) })
        }
        Runner::Docker => Arc::new(docker::Engine::new(
            docker::Settings {
                installation: installation.clone(),
                host: config.plugins.docker_host.clone(),
                reach: match config.plugins.docker_reach {
                    DockerReach::Network => docker::Reach::Network,
                    DockerReach::Loopback => docker::Reach::Loopback,
                },
                ca_bundle: trust::pem(config.common.ca_bundle.as_deref())?,
                pull_secrets: config.plugins.image_pull_secrets.clone(),
            },
            client.clone(),
        )?),
        Runner::Process => Arc::new(Processes::new(process::Settings {
            logs: config.plugins.plugin_logs.clone(),
            aliases: config.plugins.aliases.clone(),
            ca_bundle: config.common.ca_bundle.clone(),
        })?),
    };
    if config.work.rotation_interval.is_some_and(|interval| interval <= config.work.rotation_overlap) {
        return Err(StartError::Rotation);
    }
    let settings = Settings {
        installation,
        namespace: config.common.namespace.clone(),
        prefixes: config.names.prefixes(),
        placements: databases.names().map(str::to_owned).collect(),
        needs: workloads.needs(),
        counts: workloads.counts(),
        dedicated: config.plugins.dedicated_plugins,
        core_api_url: config.plugins.core_api_url.to_string(),
        s3_endpoint: config.storage.tenants_endpoint(),
        s3_region: config.storage.s3_region.clone(),
        s3_encrypted: config.storage.backend(None).encrypted(),
        digests: Digests::new(&config.identity.keycloak_client_secret),
        direct_grants: config.identity.direct_grants,
        backup: config.backup.place(),
        rotation_overlap: SignedDuration::from_secs(config.work.rotation_overlap.into()),
        rotation_interval: config.work.rotation_interval.map(|seconds| SignedDuration::from_secs(seconds.into())),
        purge_deadline: Duration::from_secs(config.plugins.purge_deadline),
    };
    let parts = Arc::new(Parts {
        realms: Realms::new(config.identity.backend(config.common.ca_bundle.clone()))?,
        store: Store::new(config.storage.backend(config.common.ca_bundle.clone()))?,
        intents: Intents::new(databases.default_database()?.clone(), System::S3),
        metrics: Metrics::new(&mut registry),
        gates: Gates {
            keys: readiness.gate("keys"),
            database: readiness.gate("database"),
            identity: readiness.gate("identity"),
        },
        client,
        settings,
        plans: plans::follow(&tasks, config.plans.file.as_deref())?,
        databases,
        workloads,
        config,
    });
    let listen = parts.config.common.metrics_listen;
    let addr = observability::serve(&tasks, listen, readiness, registry)
        .await
        .map_err(|error| StartError::Listen(listen, error))?;
    let stop = tasks.shutdown();
    tasks.spawn("the controllers", async move {
        if parts.config.work.leader_election {
            // Who waits for the Lease is as ready as it can be: a rollout waits for that.
            let waiting = || parts.gates.all().into_iter().for_each(Gate::open);
            let term = |term| Box::pin(work(parts.clone(), term));
            leader::terms(&parts.client, &parts.settings.namespace, &stop, waiting, term).await;
        } else {
            Box::pin(work(parts.clone(), stop)).await;
        }
        parts.workloads.stop().await;
    });
    Ok(tasks.running(addr, addr))
}

/// Works until `stop` is cancelled, and then for as long as [`GRACE`] allows.
async fn work(parts: Arc<Parts>, stop: CancellationToken) {
    parts.gates.all().into_iter().for_each(Gate::close);
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = term(&parts, &stop) => {}
        () = late => tracing::warn!("something under way did not end in {GRACE:?} and is left to the next operator"),
    }
}

async fn term(parts: &Parts, stop: &CancellationToken) {
    let Parts { client, config, settings, plans, databases, realms, store, intents, workloads, metrics, gates } = parts;
    let stop = &stop.child_token();
    let Some(cluster) = platform::cluster(client, stop).await else {
        return;
    };
    let installation = Installation { cluster: Some(cluster), ..settings.installation.clone() };
    let settings = &Settings { installation, ..settings.clone() };
    let Some(keys) = platform::keys(client, settings, stop).await else {
        return;
    };
    let lifecycle = Lifecycle::new(keys.minter.clone());
    gates.keys.open();
    let watches = Watches::new(client, config.work.selector.as_deref());
    let reporter = Reporter { controller: FIELD_MANAGER.into(), instance: None };
    let context = Arc::new(Context {
        client: client.clone(),
        settings: settings.clone(),
        plans: plans.clone(),
        databases: databases.clone(),
        realms: realms.clone(),
        store: store.clone(),
        intents: intents.clone(),
        workloads: workloads.clone(),
        pg_dump: config.backup.pg_dump.clone(),
        backups: Semaphore::new(BACKUPS),
        keys,
        whose: platform::Whose::default(),
        lifecycle,
        recorder: Recorder::new(client.clone(), reporter),
        metrics: metrics.clone(),
        tenants: watches.tenants.store.clone(),
        plugins: watches.plugins.store.clone(),
        installs: watches.installs.store.clone(),
        installs_of: watches.installs_of.clone(),
        listed: [watches.tenants.listed.clone(), watches.plugins.listed.clone(), watches.installs.listed.clone()],
        outages: Outages::new(databases.names()),
        operations: operation::Ledger::default(),
        purges: Purges::default(),
        sign_ins: SignIns::default(),
        backoff: crate::backoff::Backoff::default(),
        resync: config.work.resync(),
        selector: config.work.selector.clone(),
    });
    let realm = RealmDesired {
        direct_grant: settings.direct_grants,
        ..RealmDesired::platform(&config.names.platform_realm, &settings.installation)
    };
    let (database, identity) = (gates.database.clone(), gates.identity.clone());
    futures::join!(
        platform::keep(context.clone(), realm, database, identity, stop.clone()),
        context.outages.watch(&context, stop),
        context.whose.while_ours(stop, async {
            let watches = watches.run(context.clone(), config.work.concurrency, stop.clone());
            futures::join!(operation::keep_bounded(&context, stop), watches);
        }),
    );
}
