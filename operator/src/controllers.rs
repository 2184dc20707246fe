//! What wakes which of the three kinds.

use std::{
    collections::HashSet,
    convert::Infallible,
    fmt::Debug,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use kube::{
    Client, Resource, ResourceExt,
    runtime::{
        Controller,
        controller::{Action, Config},
        reflector::ObjectRef,
    },
};
use plexica_crds::{ConditionType, Plugin, PluginInstall, Reason, Tenant};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    context::Context,
    index::Index,
    plugin, plugin_install,
    problem::Problem,
    resource::{has_left, is_paused, is_rehearsed},
    tenant,
    watch::{Watch, at_most_every, mattering, those},
};

/// How often an entry counts its installs anew, however many of them change: each time it looks at all.
const COUNTED: Duration = Duration::from_secs(1);

/// All three kinds.
pub struct Watches {
    /// Tenants.
    pub tenants: Watch<Tenant>,
    /// Plugins.
    pub plugins: Watch<Plugin>,
    /// Installs.
    pub installs: Watch<PluginInstall>,
    /// Installs by the name of their tenant.
    pub installs_of: Index<PluginInstall>,
}

impl Watches {
    /// Watches all three.
    pub fn new(client: &Client, selector: Option<&str>) -> Self {
        let installs_of = Index::new(|install: &PluginInstall| &install.spec.tenant_ref.name);
        let by_tenant = installs_of.clone();
        Self {
            tenants: Watch::new(client, selector, |_, _| {}),
            plugins: Watch::new(client, selector, |_, _| {}),
            installs: Watch::new(client, selector, move |event, store| by_tenant.follow(event, store)),
            installs_of,
        }
    }

    /// Reconciles until `stop` is cancelled; what is under way then is finished.
    pub async fn run(self, context: Arc<Context>, concurrency: u16, stop: CancellationToken) {
        let Self { tenants, plugins, installs, installs_of: _ } = self;
        let back = || context.outages.returned();
        let changed_plans = WatchStream::from_changes(context.plans.clone());

        let tenant_seen = tenants.seen();
        // Each install changes how many its plugin has, which changes nothing for the others.
        let plugin_seen = mattering(plugins.seen(), plugins.store.clone(), to_installs);
        let [for_tenants, for_plugins] = [(); 2].map(|()| installs.seen());
        let for_siblings = mattering(installs.seen(), installs.store.clone(), to_siblings);
        let [relief, planned, waiting] = [(); 3].map(|()| context.clone());
        let tenants_woken = tenants
            .controller
            .reconcile_on(for_tenants.flat_map(move |install| {
                // A tenant waits for its installs only when it goes, or has too many of them.
                let waits = |tenant: &Tenant| tenant.metadata.deletion_timestamp.is_some() || has_too_much(tenant);
                stream::iter(those(&tenants_of(&waiting, install.one()), waits))
            }))
            .reconcile_on(changed_plans.flat_map(move |plans| {
                stream::iter(those(&planned.tenants.state(), |tenant| {
                    let in_force = tenant.status.as_ref().and_then(|status| status.plan.as_ref());
                    plans.concern(&tenant.spec.plan, in_force)
                }))
            }))
            .reconcile_on(back().flat_map(move |()| stream::iter(relief.relieved(&relief.tenants))));
        let [relief, catalogue] = [(); 2].map(|()| context.clone());
        let plugins_woken = plugins
            .controller
            .reconcile_on(at_most_every(COUNTED, for_plugins).flat_map(move |installs| {
                let is_one =
                    |plugin: &Plugin| installs.iter().any(|install| install.may_be(|install| is_from(install, plugin)));
                stream::iter(those(&catalogue.plugins.state(), is_one))
            }))
            .reconcile_on(back().flat_map(move |()| stream::iter(relief.relieved(&relief.plugins))));
        let [relief, by_tenant, by_plugin, by_sibling, by_workload] = [(); 5].map(|()| context.clone());
        let installs_woken = installs
            .controller
            .reconcile_on(tenant_seen.flat_map(move |tenant| {
                let name = tenant.one().map(ResourceExt::name_any);
                stream::iter(those(&installs_of(&by_tenant, name.as_deref()), |_| true))
            }))
            .reconcile_on(plugin_seen.flat_map(move |plugin| {
                stream::iter(with_siblings(&by_plugin.installs.state(), |install| {
                    plugin.may_be(|plugin| is_from(install, plugin))
                }))
            }))
            .reconcile_on(for_siblings.flat_map(move |seen| {
                let tenant = seen.one().map(|seen| seen.spec.tenant_ref.name.as_str());
                let beside = installs_of(&by_sibling, tenant);
                stream::iter(those(&beside, |install| seen.may_be(|seen| install.metadata.uid != seen.metadata.uid)))
            }))
            .reconcile_on(back().flat_map(move |()| stream::iter(relief.relieved(&relief.installs))))
            .reconcile_on(context.workloads.changes().flat_map(move |changed| {
                stream::iter(those(&by_workload.installs.state(), |install| {
                    changed.concerns(&install.spec.plugin.id, &install.spec.tenant_ref.name)
                }))
            }));
        futures::join!(
            drive(
                "Tenant",
                tenants_woken,
                tenants.listed,
                &context,
                concurrency,
                &stop,
                |context, tenant| async move { Box::pin(tenant::reconcile(&context, &tenant)).await }
            ),
            drive(
                "Plugin",
                plugins_woken,
                plugins.listed,
                &context,
                concurrency,
                &stop,
                |context, plugin| async move { plugin::reconcile(&context, &plugin).await }
            ),
            drive(
                "PluginInstall",
                installs_woken,
                installs.listed,
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

/// The tenant of that install, or all where it may be any.
fn tenants_of(context: &Context, install: Option<&PluginInstall>) -> Vec<Arc<Tenant>> {
    let tenant = |install: &PluginInstall| context.tenants.get(&ObjectRef::new(&install.spec.tenant_ref.name));
    install.map_or_else(|| context.tenants.state(), |install| tenant(install).into_iter().collect())
}

/// The installs of the tenant of that name, or all where it may be any.
fn installs_of(context: &Context, tenant: Option<&str>) -> Vec<Arc<PluginInstall>> {
    tenant.map_or_else(|| context.installs.state(), |tenant| context.installs_of.get(tenant))
}

fn is_from(install: &PluginInstall, plugin: &Plugin) -> bool {
    install.spec.plugin.id == plugin.spec.id
}

/// Those that are meant, and the others of their tenants, which may depend on them.
fn with_siblings(
    known: &[Arc<PluginInstall>],
    meant: impl Fn(&PluginInstall) -> bool,
) -> Vec<ObjectRef<PluginInstall>> {
    let known = || known.iter().map(|install| (install, install.spec.tenant_ref.name.as_str()));
    let tenants: HashSet<&str> = known().filter(|(install, _)| meant(install)).map(|(_, tenant)| tenant).collect();
    let theirs = known().filter(|(_, tenant)| tenants.contains(tenant)).map(|(install, _)| install);
    theirs.map(|install| ObjectRef::from_obj(&**install)).collect()
}

/// What of an entry its installs go by.
fn to_installs(plugin: &Plugin) -> impl PartialEq + use<> {
    let Plugin { metadata, spec: _, status } = plugin;
    let rollout = status.as_ref().and_then(|status| status.rollout.as_ref()).map(|rollout| rollout.phase);
    // When the last has left a version, what ran for it is idle: whoever looked at the same time may not have seen that.
    let is_left = status.as_ref().is_some_and(|status| status.installs == Some(0));
    (metadata.generation, metadata.deletion_timestamp.is_some(), metadata.annotations.clone(), rollout, is_left)
}

/// What of an install the others of its tenant go by: what they may depend on, and whether they have to wait for it.
fn to_siblings(install: &PluginInstall) -> impl PartialEq + use<> {
    let status = install.status.as_ref();
    let serves = status.map(|status| (status.version.clone(), status.route.is_some()));
    let leaves = (install.metadata.deletion_timestamp.is_some(), has_left(install));
    (install.metadata.generation, leaves, is_paused(install), is_rehearsed(install), serves)
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
            if let Some(Problem { reason, message, .. }) = problem {
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use plexica_crds::{
        plugin::{RolloutPhase, RolloutStatus},
        plugin_install::{Phase, RouteStatus},
    };

    use super::*;
    use crate::fixture;

    #[test]
    fn an_entry_wakes_who_may_depend_on_what_has_it() {
        let known = [("acme", "crm"), ("acme", "files"), ("beta", "files"), ("gamma", "crm")]
            .map(|(tenant, id)| Arc::new(fixture::install(&format!("tenant-{tenant}"), id, tenant, id)));
        let woken = with_siblings(&known, |install| install.spec.plugin.id == "crm");
        let mut woken: Vec<String> =
            woken.iter().map(|one| format!("{}/{}", one.namespace.as_deref().unwrap(), one.name)).collect();
        woken.sort_unstable();
        assert_eq!(woken, ["tenant-acme/crm", "tenant-acme/files", "tenant-gamma/crm"]);
    }

    #[test]
    fn others_of_a_tenant_are_woken_by_what_serves_and_what_goes() {
        let install = |change: fn(&mut PluginInstall)| {
            let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
            install.status.get_or_insert_default().version = Some("1.0.0".into());
            change(&mut install);
            to_siblings(&install)
        };
        let before = || install(|_| {});
        assert!(before() == install(|install| install.status.as_mut().unwrap().phase = Some(Phase::Pending)));
        assert!(before() == install(|install| install.metadata.finalizers = Some(vec!["a".into()])));
        assert!(before() != install(|install| install.metadata.generation = Some(2)));
        assert!(before() != install(|install| install.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH))));
        assert!(before() != install(|install| install.status.as_mut().unwrap().version = None));
        assert!(
            before()
                != install(|install| {
                    let path = "/".into();
                    let route = RouteStatus { path, upstream: "http://x".into(), isolation: None, since: None };
                    install.status.as_mut().unwrap().route = Some(route);
                })
        );
        let paused = |install: &mut PluginInstall| {
            install.metadata.annotations = Some([(plexica_crds::label::PAUSED.into(), "true".into())].into());
        };
        assert!(before() != install(paused));
    }

    #[test]
    fn an_install_more_wakes_no_other() {
        let entry = |change: fn(&mut Plugin)| {
            let mut entry = fixture::plugin("crm", "1.0.0");
            let rollout = RolloutStatus {
                phase: RolloutPhase::Canary,
                total: 2,
                migrated: 0,
                failed: Vec::new(),
                baking_since: None,
                message: "migrated 0/2".into(),
            };
            let status = entry.status.get_or_insert_default();
            (status.installs, status.rollout) = (Some(2), Some(rollout));
            change(&mut entry);
            to_installs(&entry)
        };
        let before = || entry(|_| {});
        assert!(before() == entry(|entry| entry.status.as_mut().unwrap().installs = Some(3)));
        assert!(before() != entry(|entry| entry.status.as_mut().unwrap().installs = Some(0)), "the last has left");
        assert!(before() == entry(|entry| entry.status.as_mut().unwrap().rollout.as_mut().unwrap().migrated = 1));
        assert!(before() != entry(|entry| entry.metadata.generation = Some(2)));
        assert!(before() != entry(|entry| entry.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH))));
        assert!(before() != entry(|entry| entry.metadata.annotations = Some([("a".into(), "b".into())].into())));
        assert!(
            before()
                != entry(|entry| entry.status.as_mut().unwrap().rollout.as_mut().unwrap().phase = RolloutPhase::Open)
        );
    }
}
