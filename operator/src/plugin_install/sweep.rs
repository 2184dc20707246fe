//! Workloads that no install needs. Found by looking, not by remembering: an operator that was
//! killed before it removed one leaves it to the next.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::future::try_join_all;
use kube::runtime::reflector::ObjectRef;
use plexica_backends::{System, workloads::Place};
use plexica_contract::name::{PluginId, PluginVersion, Slug, workload};
use plexica_crds::{
    ConditionType, Plugin, PluginInstall, PluginInstallStatus, Reason,
    dependency::Catalogue,
    plugin_install::{Isolation, Phase},
};

use url::Url;

use super::{
    Step, live,
    upgrade::{kept, of, target},
    validate::{Valid, present},
};
use crate::{context::Context, resource::has_left, settings::Settings};

/// What an install says that rests.
const RESTS: [&str; 2] = [Reason::Disabled.as_str(), Reason::Suspended.as_str()];

/// Whether the install rests, and says so: it does only when it was looked, after its route had been
/// withdrawn, for what nobody needs any more.
pub fn rests(install: &PluginInstall) -> bool {
    install.status.as_ref().is_some_and(|PluginInstallStatus { route, observed_generation, conditions, .. }| {
        let ready = conditions.iter().find(|condition| condition.type_ == ConditionType::Ready.as_str());
        route.is_none()
            && *observed_generation == install.metadata.generation
            && ready.is_some_and(|ready| ready.status == "True" && RESTS.contains(&ready.reason.as_str()))
    })
}

/// Ends what runs for nobody any more where this install's own may be. `install` is as it was written last;
/// `rested` is whether it did [rest](rests) before.
///
/// # Errors
/// What cannot be looked for or removed now.
pub async fn sweep(context: &Context, install: &PluginInstall, valid: &Valid, rested: bool) -> Step<()> {
    let (slug, id) = (&valid.slug, &valid.manifest.id);
    // One that serves looks again after each change of its own, and most of the time nothing is idle.
    if valid.enabled || rested {
        let mut seen = context.installs.state();
        seen.retain(|seen| seen.metadata.uid != install.metadata.uid);
        seen.push(Arc::new(install.clone()));
        let listed = listed(context, slug, id).await?;
        // Most of the time there is what the tenant needs, and nobody else has to be looked at.
        let own = |seen: &&Arc<PluginInstall>| seen.spec.tenant_ref.name == slug.as_str();
        let own: Vec<Arc<PluginInstall>> = seen.iter().filter(own).cloned().collect();
        let left = unneeded(context, id, None, &own, listed);
        if left.is_empty() || unneeded(context, id, None, &seen, left).is_empty() {
            return Ok(());
        }
    }
    retire(context, idle_of(context, slug, id, None).await?).await
}

/// The same for an install that is not to run and cannot be looked at further.
///
/// # Errors
/// What cannot be looked for or removed now.
pub async fn rest(context: &Context, install: &PluginInstall) -> Step<()> {
    let (Ok(slug), Ok(plugin)) = (install.spec.tenant_ref.name.parse(), install.spec.plugin.id.parse()) else {
        return Ok(());
    };
    retire(context, idle_of(context, &slug, &plugin, None).await?).await
}

async fn listed(context: &Context, slug: &Slug, plugin: &PluginId) -> Step<BTreeSet<Place>> {
    let namespaces = namespaces(slug, &context.settings);
    let listed = try_join_all(namespaces.iter().map(|namespace| context.workloads.list(namespace, plugin)));
    let listed = context.tried(System::Workloads, "observe", listed).await?;
    Ok(listed.into_iter().flatten().collect())
}

/// Idle workloads of the plugin in the platform's namespace and the tenant's, not counting what the
/// install `leaving` needs. What may be left of one that was being made or removed is not listed:
/// where an install that leaves may have had one is among them, there or not.
///
/// Installs are asked for, not taken from the cache: what was written of this or another a moment ago
/// may not be there yet, and nothing wakes anybody to look again when it is.
pub async fn idle_of(
    context: &Context,
    slug: &Slug,
    plugin: &PluginId,
    leaving: Option<&PluginInstall>,
) -> Step<Vec<Place>> {
    let places = listed(context, slug, plugin).await?;
    if places.is_empty() && leaving.is_none() {
        return Ok(Vec::new());
    }
    if let Some(leaving) = leaving
        && let Some(some) = live::with_heir(context, leaving).await?
    {
        let idle = idle(context, slug, plugin, Some(leaving), some, places.clone());
        // What none of these needs is the tenant's own, or another of all may need it.
        if idle.iter().all(|place| place.namespace != context.settings.namespace) {
            return Ok(idle);
        }
    }
    Ok(idle(context, slug, plugin, leaving, live::all(context).await?, places))
}

/// What of the places, and of those where the install that leaves may have had one, none of these needs.
fn idle(
    context: &Context,
    slug: &Slug,
    plugin: &PluginId,
    leaving: Option<&PluginInstall>,
    live: Vec<PluginInstall>,
    mut places: BTreeSet<Place>,
) -> Vec<Place> {
    let live: Vec<Arc<PluginInstall>> = live.into_iter().map(Arc::new).collect();
    if let Some(leaving) = leaving {
        let (entries, namespaces) = (context.plugins.state(), namespaces(slug, &context.settings));
        let catalogue = Catalogue::of(entries.iter().map(AsRef::as_ref)).knowing(live.iter().map(AsRef::as_ref));
        places.extend(owned(leaving, &tenants(&live), (&entries, &catalogue), &namespaces, &context.settings));
    }
    let leaving = leaving.and_then(|install| install.metadata.uid.as_deref());
    unneeded(context, plugin, leaving, &live, places).into_iter().collect()
}

/// Those of the places that none of the installs needs.
fn unneeded(
    context: &Context,
    plugin: &PluginId,
    leaving: Option<&str>,
    installs: &[Arc<PluginInstall>],
    mut places: BTreeSet<Place>,
) -> BTreeSet<Place> {
    let entries = context.plugins.state();
    let catalogue = Catalogue::of(entries.iter().map(AsRef::as_ref)).knowing(installs.iter().map(AsRef::as_ref));
    let suspended = |tenant: &str| {
        let tenant = context.tenants.get(&ObjectRef::new(tenant));
        tenant.is_some_and(|tenant| tenant.is_suspended())
    };
    let needed = needed(&tenants(installs), (&entries, &catalogue), plugin, leaving, &suspended, &context.settings);
    places.retain(|place| !needed.contains(place));
    places
}

/// Whether all that the workload serves is routed to where it is now, as far as is known.
pub fn all_lead_to(context: &Context, valid: &Valid, endpoint: &Url) -> bool {
    all_of_these_lead_to(&context.installs.state(), valid, endpoint)
}

fn all_of_these_lead_to(known: &[Arc<PluginInstall>], valid: &Valid, endpoint: &Url) -> bool {
    let here = endpoint.as_str().trim_end_matches('/');
    let serves = |install: &PluginInstall| {
        let own = match valid.isolation {
            Isolation::Shared => true,
            Isolation::Dedicated => install.spec.tenant_ref.name == valid.slug.as_str(),
        };
        let status = install.status.as_ref();
        let version = status.and_then(|status| status.version.as_deref());
        // Until it has moved it may be served by what another isolation had.
        own && (install.spec.isolation == valid.isolation || !settled(install))
            && install.spec.plugin.id == valid.manifest.id.as_str()
            && version == Some(valid.manifest.version.to_string().as_str())
    };
    let route = |install: &PluginInstall| install.status.as_ref()?.route.as_ref().map(|route| route.upstream.clone());
    known.iter().filter(|install| serves(install)).filter_map(|install| route(install)).all(|route| route == here)
}

/// Ends all that can be ended.
///
/// # Errors
/// The first that cannot.
pub async fn retire(context: &Context, idle: Vec<Place>) -> Step<()> {
    let mut first = Ok(());
    for place in idle {
        match context.tried(System::Workloads, "retire", context.workloads.retire(&place)).await {
            Ok(retired) => tracing::info!(?place, ?retired, "an idle workload"),
            Err(problem) => {
                tracing::warn!(?place, "an idle workload could not be removed: {problem}");
                first = first.and(Err(problem));
            }
        }
    }
    first
}

/// Where workloads for the tenant may be.
fn namespaces(slug: &Slug, settings: &Settings) -> Vec<String> {
    let own = settings.dedicated.then(|| settings.prefixes.namespace(slug));
    [settings.namespace.clone()].into_iter().chain(own).collect()
}

/// The catalogue: its entries, and what of them others depend on.
type Entries<'a> = (&'a [Arc<Plugin>], &'a Catalogue);

/// Installs by the tenant that they name.
type Tenants<'a> = BTreeMap<&'a str, Vec<&'a PluginInstall>>;

fn tenants(installs: &[Arc<PluginInstall>]) -> Tenants<'_> {
    let mut tenants = Tenants::new();
    for install in installs {
        tenants.entry(&install.spec.tenant_ref.name).or_default().push(install);
    }
    tenants
}

/// The version that the install is to be at, beside the others of its tenant.
fn wanted(
    install: &PluginInstall,
    tenants: &Tenants<'_>,
    (entries, catalogue): Entries<'_>,
    settings: &Settings,
) -> Option<String> {
    let slug: Slug = install.spec.tenant_ref.name.parse().ok()?;
    let siblings = tenants.get(slug.as_str()).map_or(&[][..], Vec::as_slice);
    let present = present(install, &slug, siblings.iter().copied(), catalogue, settings);
    target(install, entries, catalogue, &present).ok().map(|target| target.plugin.spec.version.clone())
}

/// Where the install may have, or have had, a workload. Pure.
fn owned(
    install: &PluginInstall,
    tenants: &Tenants<'_>,
    catalogue: Entries<'_>,
    namespaces: &[String],
    settings: &Settings,
) -> Vec<Place> {
    let Ok(plugin) = install.spec.plugin.id.parse::<PluginId>() else { return Vec::new() };
    let status = install.status.as_ref();
    let versions = [
        status.and_then(|status| status.version.clone()),
        status.and_then(|status| status.migrated_version.clone()),
        of(install).map(|upgrade| upgrade.from.clone()),
        of(install).map(|upgrade| upgrade.to.clone()),
        wanted(install, tenants, catalogue, settings),
    ];
    let versions: BTreeSet<PluginVersion> =
        versions.into_iter().flatten().filter_map(|version| version.parse().ok()).collect();
    let place =
        |namespace: &String, version| Place { namespace: namespace.clone(), name: workload::name(&plugin, version) };
    namespaces.iter().flat_map(|namespace| versions.iter().map(move |version| place(namespace, version))).collect()
}

/// Where installs of the plugin serve from, or are about to. Pure.
fn needed(
    tenants: &Tenants<'_>,
    catalogue: Entries<'_>,
    plugin: &PluginId,
    leaving: Option<&str>,
    suspended: &impl Fn(&str) -> bool,
    settings: &Settings,
) -> BTreeSet<Place> {
    let mut needed = BTreeSet::new();
    let installs = tenants.values().flatten().copied();
    for install in installs.filter(|install| install.spec.plugin.id == plugin.as_str()) {
        if has_left(install) || (leaving.is_some() && install.metadata.uid.as_deref() == leaving) {
            continue;
        }
        let Ok(slug) = install.spec.tenant_ref.name.parse::<Slug>() else { continue };
        let (shared, dedicated) = (&settings.namespace, settings.prefixes.namespace(&slug));
        let (namespace, former) = match install.spec.isolation {
            Isolation::Shared => (shared, &dedicated),
            Isolation::Dedicated => (&dedicated, shared),
        };
        let serving = install.status.as_ref().filter(|status| status.route.is_some());
        let serves = serving.and_then(|status| status.version.clone());
        // One that is being removed may still have to be asked to purge.
        let leaves = install.metadata.deletion_timestamp.is_some();
        let migrated = install.status.as_ref().filter(|_| leaves).and_then(|status| status.migrated_version.clone());
        let runs = install.spec.enabled && !leaves && !suspended(&install.spec.tenant_ref.name);
        let wanted = runs.then(|| self::wanted(install, tenants, catalogue, settings)).flatten();
        // One that goes on only because others need it may have to go back as well.
        let kept = kept(install).filter(|_| runs || serving.is_some()).map(str::to_owned);
        // Until it serves as its spec says, it may still serve from where another isolation had it.
        let moving = serves.clone().filter(|_| !leaves && !settled(install)).map(|version| (version, former));
        let own = [serves, migrated, wanted, kept].into_iter().flatten().map(|version| (version, namespace));
        for (version, namespace) in own.chain(moving) {
            let Ok(version) = version.parse::<PluginVersion>() else { continue };
            needed.insert(Place { namespace: namespace.clone(), name: workload::name(plugin, &version) });
        }
    }
    needed
}

/// Whether the status is about the spec as it is now, and all is as it says.
pub(super) fn settled(install: &PluginInstall) -> bool {
    install.status.as_ref().is_some_and(|PluginInstallStatus { phase, observed_generation, .. }| {
        *phase == Some(Phase::Ready) && *observed_generation == install.metadata.generation
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
    use plexica_crds::plugin_install::RouteStatus;

    const SUSPENDED: &str = "idle";

    fn catalogue() -> ([Arc<Plugin>; 2], Catalogue) {
        let entries = ["1.0.0", "2.0.0"].map(|version| Arc::new(fixture::plugin("crm", version)));
        let catalogue = Catalogue::of(entries.iter().map(AsRef::as_ref));
        (entries, catalogue)
    }

    #[test]
    fn it_rests_when_it_says_so_of_its_spec_of_now() {
        let at = |generation, route: Option<&str>, status: &str, reason: Reason| {
            let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
            let path = "/".into();
            install.status = Some(PluginInstallStatus {
                observed_generation: generation,
                route: route.map(|upstream| RouteStatus { path, upstream: upstream.into() }),
                conditions: vec![Condition {
                    type_: "Ready".into(),
                    status: status.into(),
                    reason: reason.as_str().into(),
                    message: String::new(),
                    last_transition_time: Time(Timestamp::UNIX_EPOCH),
                    observed_generation: generation,
                }],
                ..PluginInstallStatus::default()
            });
            install.metadata.generation = Some(2);
            rests(&install)
        };
        assert!(at(Some(2), None, "True", Reason::Disabled) && at(Some(2), None, "True", Reason::Suspended));
        assert!(!at(Some(1), None, "True", Reason::Disabled), "of an earlier spec");
        assert!(!at(Some(2), Some("http://x"), "True", Reason::Disabled));
        assert!(!at(Some(2), None, "True", Reason::Provisioned), "its route was withdrawn, and no more");
        assert!(!at(Some(2), None, "False", Reason::BackendUnavailable));
        assert!(!rests(&fixture::install("tenant-acme", "crm", "acme", "crm")));
    }

    #[test]
    fn who_moves_is_served_by_the_shared_workload_until_it_has_moved() {
        let own = fixture::install("tenant-acme", "crm", "acme", "crm");
        let valid = fixture::valid(&own, fixture::plugin("crm", "1.0.0"));
        let leads = |isolation, phase, upstream: &str| {
            let mut other = fixture::install("tenant-beta", "crm", "beta", "crm");
            other.spec.isolation = isolation;
            other.status = Some(PluginInstallStatus {
                phase: Some(phase),
                observed_generation: Some(1),
                version: Some("1.0.0".into()),
                route: Some(RouteStatus { path: "/".into(), upstream: upstream.into() }),
                ..PluginInstallStatus::default()
            });
            all_of_these_lead_to(&[Arc::new(other)], &valid, &"http://here:8080".parse().unwrap())
        };
        assert!(leads(Isolation::Shared, Phase::Ready, "http://here:8080"));
        assert!(!leads(Isolation::Shared, Phase::Ready, "http://there:8080"));
        assert!(!leads(Isolation::Dedicated, Phase::Installing, "http://there:8080"), "the shared one serves it still");
        assert!(leads(Isolation::Dedicated, Phase::Ready, "http://there:8080"), "it has its own");
    }

    fn places(installs: &[PluginInstall], leaving: Option<&str>) -> Vec<(String, String)> {
        let (entries, catalogue) = catalogue();
        let suspended = |tenant: &str| tenant == SUSPENDED;
        let installs: Vec<Arc<PluginInstall>> = installs.iter().cloned().map(Arc::new).collect();
        needed(
            &tenants(&installs),
            (&entries, &catalogue),
            &"crm".parse().unwrap(),
            leaving,
            &suspended,
            &fixture::settings(),
        )
        .into_iter()
        .map(|Place { namespace, name }| (namespace, name))
        .collect()
    }

    fn serving(mut install: PluginInstall, version: &str) -> PluginInstall {
        let status = install.status.get_or_insert_default();
        status.version = Some(version.into());
        status.migrated_version = Some(version.into());
        status.observed_generation = install.metadata.generation;
        status.phase = Some(Phase::Ready);
        status.route = Some(RouteStatus { path: "/".into(), upstream: "http://x".into() });
        install
    }

    #[test]
    fn where_one_that_leaves_may_have_had_a_workload() {
        let (entries, catalogue) = catalogue();
        let (settings, slug) = (fixture::settings(), "acme".parse().unwrap());
        let one = fixture::install("tenant-acme", "crm", "acme", "crm");
        let names = |install: &PluginInstall, settings: &Settings| -> Vec<String> {
            let places =
                owned(install, &Tenants::new(), (&entries, &catalogue), &namespaces(&slug, settings), settings);
            places.into_iter().map(|Place { namespace, name }| format!("{namespace}/{name}")).collect()
        };
        let [platform, own] = ["plexica-system", "tenant-acme"];
        let two = |version: &str| [platform, own].map(|namespace| format!("{namespace}/plugin-crm-{version}"));
        assert_eq!(names(&one, &settings), two("2-0-0"));
        let both = [platform, own].map(|namespace| ["1-0-0", "2-0-0"].map(|v| format!("{namespace}/plugin-crm-{v}")));
        assert_eq!(names(&serving(one.clone(), "1.0.0"), &settings), both.concat());
        let mut unknown = serving(one.clone(), "1.0.0");
        unknown.spec.plugin.version = "^9".into();
        assert_eq!(names(&unknown, &settings), two("1-0-0"));
        let not_there = Settings { dedicated: false, ..settings };
        assert_eq!(names(&one, &not_there), two("2-0-0")[..1], "tenants' namespaces are never looked into");
    }

    #[test]
    fn what_serves_and_what_is_about_to() {
        let place = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
        let places = |install: PluginInstall, leaving: Option<&str>| super::tests::places(&[install], leaving);
        let one = fixture::install("tenant-acme", "crm", "acme", "crm");
        let newest = place("plexica-system", "plugin-crm-2-0-0");
        let old = place("plexica-system", "plugin-crm-1-0-0");
        assert_eq!(places(one.clone(), None), vec![newest.clone()]);
        assert_eq!(places(serving(one.clone(), "1.0.0"), None), [old.clone(), newest.clone()]);
        assert_eq!(places(serving(one.clone(), "2.0.0"), None), vec![newest.clone()]);
        assert_eq!(places(serving(one.clone(), "1.0.0"), Some("uid-tenant-acme-crm")), []);

        let mut dedicated = one.clone();
        dedicated.spec.isolation = Isolation::Dedicated;
        assert_eq!(places(dedicated, None), [place("tenant-acme", "plugin-crm-2-0-0")]);

        let mut moving = serving(one.clone(), "2.0.0");
        moving.spec.isolation = Isolation::Dedicated;
        let both = [newest.clone(), place("tenant-acme", "plugin-crm-2-0-0")];
        for phase in [Phase::Installing, Phase::Degraded, Phase::Stalled] {
            moving.status.as_mut().unwrap().phase = Some(phase);
            assert_eq!(places(moving.clone(), None), both);
        }
        moving.status.as_mut().unwrap().phase = Some(Phase::Ready);
        moving.status.as_mut().unwrap().observed_generation = Some(0);
        assert_eq!(places(moving, None), both);

        let mut disabled = one.clone();
        disabled.spec.enabled = false;
        assert_eq!(places(disabled.clone(), None), []);
        assert_eq!(places(serving(disabled, "1.0.0"), None), vec![old.clone()]);

        let idle = fixture::install("tenant-idle", "crm", SUSPENDED, "crm");
        assert_eq!(places(idle.clone(), None), [], "its tenant is suspended");
        assert_eq!(places(serving(idle, "1.0.0"), None), vec![old.clone()], "until its route is withdrawn");

        let mut leaving = serving(one, "1.0.0");
        leaving.metadata.deletion_timestamp = leaving.metadata.creation_timestamp.clone();
        leaving.metadata.finalizers = Some(vec![plexica_crds::label::FINALIZER.into()]);
        leaving.status.as_mut().unwrap().route = None;
        assert_eq!(places(leaving.clone(), None), [old]);
        leaving.metadata.finalizers = None;
        assert_eq!(places(leaving, None), [], "it has left, and waits for somebody else");
    }
}
