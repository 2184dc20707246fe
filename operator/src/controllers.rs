//! Watches the three kinds and reconciles what changes.

use std::{convert::Infallible, fmt::Debug, sync::Arc, time::Instant};

use futures::{StreamExt, TryStreamExt, stream};
use kube::{
    Api, Client, Resource, ResourceExt,
    runtime::{
        Controller, Predicate, PredicateConfig, WatchStreamExt,
        controller::{Action, Config},
        predicates,
        reflector::{self, ObjectRef, Store},
        watcher,
    },
};
use plexica_crds::{ConditionType, Plugin, PluginInstall, Reason, Tenant};
use plexica_service::watch::Reconnect;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{context::Context, plugin, plugin_install, problem::Problem, tenant};

/// A kind's watch, before it is reconciled.
pub struct Watch<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + 'static,
{
    controller: Controller<K>,
    /// What was seen last of every resource of the kind.
    pub store: Store<K>,
    /// Whether all of them were listed once. The store's own way to wait for that wakes one waiter
    /// only, and here are many.
    pub listed: watch::Receiver<bool>,
}

impl<K> Watch<K>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    /// Watches the kind. The operator's own writes of a status do not wake it: only what others may
    /// have changed does, and what it waits for.
    pub fn new(client: &Client, selector: Option<&str>) -> Self {
        let (store, writer) = reflector::store();
        let (tell, listed) = watch::channel(false);
        let changed = predicates::generation
            .combine(predicates::finalizers)
            .combine(predicates::labels)
            .combine(predicates::annotations);
        let stream = watcher(Api::<K>::all(client.clone()), config(selector))
            .backoff(Reconnect::default())
            .reflect(writer)
            .inspect_ok(move |event| {
                if matches!(event, watcher::Event::InitDone) {
                    tell.send_replace(true);
                }
            })
            .applied_objects()
            .predicate_filter(changed, PredicateConfig::default());
        let controller = Controller::for_stream(stream, store.clone()).trigger_backoff(Reconnect::default());
        Self { controller, store, listed }
    }
}

fn config(selector: Option<&str>) -> watcher::Config {
    selector.map_or_else(watcher::Config::default, |selector| watcher::Config::default().labels(selector))
}

/// All three kinds.
pub struct Watches {
    /// Tenants.
    pub tenants: Watch<Tenant>,
    /// Plugins.
    pub plugins: Watch<Plugin>,
    /// Installs.
    pub installs: Watch<PluginInstall>,
}

impl Watches {
    /// Watches all three.
    pub fn new(client: &Client, selector: Option<&str>) -> Self {
        Self {
            tenants: Watch::new(client, selector),
            plugins: Watch::new(client, selector),
            installs: Watch::new(client, selector),
        }
    }

    /// Reconciles until `stop` is cancelled; what is under way then is finished.
    pub async fn run(self, context: Arc<Context>, concurrency: u16, stop: CancellationToken) {
        let Self { tenants, plugins, installs } = self;
        let listed = [&tenants.listed, &plugins.listed, &installs.listed].map(Clone::clone);
        let [tenants_listed, plugins_listed, installs_listed] = listed;
        let all = || Api::<PluginInstall>::all(context.client.clone());
        let config = || config(context.selector.as_deref());

        let back = || context.outages.returned();
        let (relief, known) = (context.clone(), context.tenants.clone());
        let tenants = tenants.controller.watches(all(), config(), move |install| {
            // A tenant waits for its installs only when it goes, or has too many of them.
            let tenant = ObjectRef::<Tenant>::new(&install.spec.tenant_ref.name);
            let waits = |tenant: &Arc<Tenant>| tenant.metadata.deletion_timestamp.is_some() || has_too_much(tenant);
            known.get(&tenant).filter(waits).map(|_| tenant)
        });
        let known = context.tenants.clone();
        let tenants = tenants.reconcile_on(WatchStream::from_changes(context.plans.clone()).flat_map(move |plans| {
            let tenants = known.state();
            let concerned = tenants.into_iter().filter(move |tenant| {
                let in_force = tenant.status.as_ref().and_then(|status| status.plan.as_ref());
                plans.concern(&tenant.spec.plan, in_force)
            });
            stream::iter(concerned.map(|tenant| ObjectRef::from_obj(&*tenant)))
        }));
        let tenants = tenants.reconcile_on(back().flat_map(move |()| stream::iter(relief.relieved(&relief.tenants))));
        let (relief, known) = (context.clone(), context.plugins.clone());
        let plugins =
            plugins.controller.watches(all(), config(), move |install| of_plugin(&known, &install.spec.plugin.id));
        let plugins = plugins.reconcile_on(back().flat_map(move |()| stream::iter(relief.relieved(&relief.plugins))));
        let relief = context.clone();
        let [by_tenant, by_plugin, siblings, by_workload] = [(); 4].map(|()| context.installs.clone());
        let installs = installs
            .controller
            .watches(Api::<Tenant>::all(context.client.clone()), config(), move |tenant| {
                of_tenant(&by_tenant, &tenant.name_any(), None)
            })
            .watches(Api::<Plugin>::all(context.client.clone()), config(), move |plugin| {
                installs_of(&by_plugin, |install| install.spec.plugin.id == plugin.spec.id)
            })
            .watches(all(), config(), move |install| {
                of_tenant(&siblings, &install.spec.tenant_ref.name, install.meta().uid.as_deref())
            })
            .reconcile_on(back().flat_map(move |()| stream::iter(relief.relieved(&relief.installs))))
            .reconcile_on(context.workloads.changes().flat_map(move |changed| {
                stream::iter(installs_of(&by_workload, |install| {
                    changed.concerns(&install.spec.plugin.id, &install.spec.tenant_ref.name)
                }))
            }));
        futures::join!(
            drive("Tenant", tenants, tenants_listed, &context, concurrency, &stop, |context, tenant| async move {
                Box::pin(tenant::reconcile(&context, &tenant)).await
            }),
            drive("Plugin", plugins, plugins_listed, &context, concurrency, &stop, |context, plugin| async move {
                plugin::reconcile(&context, &plugin).await
            }),
            drive(
                "PluginInstall",
                installs,
                installs_listed,
                &context,
                concurrency,
                &stop,
                |context, install| async move { plugin_install::reconcile(&context, &install).await }
            ),
        );
    }
}

/// Whether a plan does not come into force because of what the tenant has.
fn has_too_much(tenant: &Tenant) -> bool {
    let conditions = tenant.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let plan = conditions.iter().find(|condition| condition.type_ == ConditionType::PlanApplied.as_str());
    plan.is_some_and(|condition| condition.reason == Reason::QuotaExceeded.as_str())
}

fn of_plugin(known: &Store<Plugin>, id: &str) -> Vec<ObjectRef<Plugin>> {
    let entries = known.state();
    entries.iter().filter(|plugin| plugin.spec.id == id).map(|plugin| ObjectRef::from_obj(&**plugin)).collect()
}

/// Installs that name the tenant, except the one of that uid.
fn of_tenant(known: &Store<PluginInstall>, tenant: &str, except: Option<&str>) -> Vec<ObjectRef<PluginInstall>> {
    installs_of(known, |install| {
        install.spec.tenant_ref.name == tenant && (except.is_none() || install.meta().uid.as_deref() != except)
    })
}

fn installs_of(known: &Store<PluginInstall>, wanted: impl Fn(&PluginInstall) -> bool) -> Vec<ObjectRef<PluginInstall>> {
    let installs = known.state();
    installs.iter().filter(|install| wanted(install)).map(|install| ObjectRef::from_obj(&**install)).collect()
}

async fn drive<K, F>(
    kind: &'static str,
    controller: Controller<K>,
    listed: watch::Receiver<bool>,
    context: &Arc<Context>,
    concurrency: u16,
    stop: &CancellationToken,
    reconcile: impl Fn(Arc<Context>, Arc<K>) -> F + Clone + Send + Sync + 'static,
) where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + Unpin + 'static,
    F: Future<Output = (Action, Option<Problem>)> + Send + 'static,
{
    let stopped = stop.clone();
    let once = move |object: Arc<K>, context: Arc<Context>| {
        let (reconcile, stopped) = (reconcile.clone(), stopped.clone());
        async move {
            // Decisions about one kind need all of the others that there are; asked to stop, the watches
            // list no more, and what has not begun is left to the next operator.
            if stopped.run_until_cancelled(context.seen()).await.is_none() {
                return Ok(Action::await_change());
            }
            let began = Instant::now();
            let name = object.name_any();
            let span = tracing::info_span!("reconcile", otel.name = format!("reconcile {kind}"), kind, name);
            let (action, problem) = reconcile(context.clone(), object).instrument(span).await;
            context.metrics.reconciled(kind, began.elapsed(), problem.as_ref().map(|problem| problem.reason));
            if let Some(Problem { reason, message }) = problem {
                tracing::debug!(kind, name, %reason, "{message}");
            }
            Ok::<_, Infallible>(action)
        }
    };
    let outcomes = controller
        .with_config(Config::default().concurrency(concurrency))
        .graceful_shutdown_on(stop.clone().cancelled_owned())
        .run(once, |_, error, _| match *error {}, context.clone());
    let reconciled = outcomes.for_each(|outcome| {
        if let Err(error) = outcome {
            tracing::debug!(kind, %error, "watching");
        }
        std::future::ready(())
    });
    // Until all are listed the controller begins nothing, and does not notice that it is to end.
    let idle = async {
        stop.cancelled().await;
        if *listed.borrow() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = reconciled => {}
        () = idle => {}
    }
}
