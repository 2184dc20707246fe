//! Workloads that no install needs. Found by looking, not by remembering: an operator that was
//! killed before it removed one leaves it to the next.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::future::try_join_all;
use jiff::Timestamp;
use kube::runtime::reflector::ObjectRef;
use plexica_backends::{Retired, System, workloads::Place};
use plexica_contract::name::{PluginId, PluginVersion, Slug, workload};
use plexica_crds::{
    ConditionType, Plugin, PluginInstall, PluginInstallStatus, Reason,
    dependency::Catalogue,
    plugin_install::{Isolation, Phase},
};

use url::Url;

use super::{
    Step, live,
    upgrade::{is_settling, kept, of, still_asked, target},
    validate::{Valid, present},
    withdrawal::unheard,
};
use crate::{context::Context, resource::has_left, settings::Settings};

/// What an install says that rests.
const RESTS: [&str; 2] = [Reason::Disabled.as_str(), Reason::Suspended.as_str()];

/// Whether the install rests, and says so: it does only when it was looked, after its route had been
/// withdrawn, for what nobody needs any more. It is looked once more then: others may have waited for that.
pub fn rests(install: &PluginInstall) -> bool {
    install.status.as_ref().is_some_and(|status| {
        status.route.is_none()
            && status.observed_generation == install.metadata.generation
            && says(status, ConditionType::Ready, "True", &RESTS)
    })
}

/// Whether the install's route is withdrawn, and its plugin has not been told yet that it is to stop for the tenant, as
/// far as its status says: nothing has failed since.
fn is_to_be_told(install: &PluginInstall) -> bool {
    install.status.as_ref().is_some_and(|status| {
        status.route.is_none()
            && says(status, ConditionType::Routed, "False", &RESTS)
            && says(status, ConditionType::Ready, "False", &[Reason::Progressing.as_str()])
    })
}

/// Whether the condition is that, for one of these reasons.
fn says(status: &PluginInstallStatus, kind: ConditionType, value: &str, reasons: &[&str]) -> bool {
    let told = status.conditions.iter().find(|condition| condition.type_ == kind.as_str());
    told.is_some_and(|told| told.status == value && reasons.contains(&told.reason.as_str()))
}

/// Ends what runs for nobody any more where this install's own may be. `install` is as it was written last;
/// `rested` is whether it did [rest](rests) before.
///
/// # Errors
/// What cannot be looked for or removed now.
pub async fn sweep(context: &Context, install: &PluginInstall, valid: &Valid, rested: bool) -> Step<()> {
    let (slug, id) = (&valid.slug, &valid.manifest.id);
    let rests = if valid.enabled { None } else { install.metadata.uid.as_deref() };
    // One that serves looks again after each change of its own, and most of the time nothing is idle.
    if valid.enabled || rested {
        let with_own = |mut seen: Vec<Arc<PluginInstall>>| {
            seen.retain(|seen| seen.metadata.uid != install.metadata.uid);
            seen.push(Arc::new(install.clone()));
            seen
        };
        let listed = listed(context, slug, id).await?;
        // Most of the time there is what the tenant needs, and nobody else has to be looked at.
        let left = unneeded(context, id, rests, &with_own(context.installs_of.get(slug.as_str())), listed);
        if left.is_empty() || unneeded(context, id, rests, &with_own(context.installs.state()), left).is_empty() {
            return Ok(());
        }
    }
    retire(context, idle_but(context, (slug, id), rests).await?).await.map(drop)
}

/// The same for an install that says by now that it is not to run.
///
/// # Errors
/// What cannot be looked for or removed now.
pub async fn rest(context: &Context, install: &PluginInstall) -> Step<()> {
    let (Ok(slug), Ok(plugin)) = (install.spec.tenant_ref.name.parse(), install.spec.plugin.id.parse()) else {
        return Ok(());
    };
    retire(context, idle_but(context, (&slug, &plugin), install.metadata.uid.as_deref()).await?).await.map(drop)
}

async fn listed(context: &Context, slug: &Slug, plugin: &PluginId) -> Step<BTreeSet<Place>> {
    let namespaces = namespaces(slug, &context.settings);
    let listed = try_join_all(namespaces.iter().map(|namespace| context.workloads.list(namespace, plugin)));
    let listed = context.tried(System::Workloads, "observe", listed).await?;
    Ok(listed.into_iter().flatten().collect())
}

/// Idle workloads of the plugin in the platform's namespace and the tenant's, not counting what the install with that
/// uid needs, which rests.
///
/// Installs are asked for, not taken from the cache: what was written of this or another a moment ago
/// may not be there yet, and nothing wakes anybody to look again when it is.
async fn idle_but(context: &Context, (slug, plugin): (&Slug, &PluginId), rests: Option<&str>) -> Step<Vec<Place>> {
    let places = listed(context, slug, plugin).await?;
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let live: Vec<Arc<PluginInstall>> = live::all(context).await?.into_iter().map(Arc::new).collect();
    Ok(unneeded(context, plugin, rests, &live, places).into_iter().collect())
}

/// The same, not counting what the install `leaving` needs. What may be left of one that was being made or removed is
/// not listed: where an install that leaves may have had one is among them, there or not.
pub async fn idle_of(context: &Context, slug: &Slug, plugin: &PluginId, leaving: &PluginInstall) -> Step<Vec<Place>> {
    let places = listed(context, slug, plugin).await?;
    if let Some(some) = live::with_heir(context, leaving).await? {
        let idle = idle(context, slug, plugin, leaving, some, places.clone());
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
    leaving: &PluginInstall,
    live: Vec<PluginInstall>,
    mut places: BTreeSet<Place>,
) -> Vec<Place> {
    let live: Vec<Arc<PluginInstall>> = live.into_iter().map(Arc::new).collect();
    let (entries, namespaces) = (context.plugins.state(), namespaces(slug, &context.settings));
    let catalogue = Catalogue::of(entries.iter().map(AsRef::as_ref)).knowing(live.iter().map(AsRef::as_ref));
    places.extend(owned(leaving, &tenants(&live), (&entries, &catalogue), &namespaces, &context.settings));
    unneeded(context, plugin, leaving.metadata.uid.as_deref(), &live, places).into_iter().collect()
}

/// Those of the places that none of the installs needs, but for one that has no say.
fn unneeded(
    context: &Context,
    plugin: &PluginId,
    but: Option<&str>,
    installs: &[Arc<PluginInstall>],
    mut places: BTreeSet<Place>,
) -> BTreeSet<Place> {
    let entries = context.plugins.state();
    let catalogue = Catalogue::of(entries.iter().map(AsRef::as_ref)).knowing(installs.iter().map(AsRef::as_ref));
    let suspended = |tenant: &str| {
        let tenant = context.tenants.get(&ObjectRef::new(tenant));
        tenant.is_some_and(|tenant| tenant.is_suspended())
    };
    let now = Timestamp::now();
    let needed = needed(&tenants(installs), (&entries, &catalogue), plugin, but, &suspended, &context.settings, now);
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
pub async fn retire(context: &Context, idle: Vec<Place>) -> Step<Retired> {
    let mut came = Ok(Retired::Gone);
    for place in idle {
        match context.tried(System::Workloads, "retire", context.workloads.retire(&place)).await {
            Ok(retired) => {
                tracing::info!(?place, ?retired, "an idle workload");
                came = came.map(|came| if retired == Retired::Removed { retired } else { came });
            }
            Err(problem) => {
                tracing::warn!(?place, "an idle workload could not be removed: {problem}");
                came = came.and(Err(problem));
            }
        }
    }
    came
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
    but: Option<&str>,
    suspended: &impl Fn(&str) -> bool,
    settings: &Settings,
    now: Timestamp,
) -> BTreeSet<Place> {
    let mut needed = BTreeSet::new();
    let installs = tenants.values().flatten().copied();
    for install in installs.filter(|install| install.spec.plugin.id == plugin.as_str()) {
        if has_left(install) || (but.is_some() && install.metadata.uid.as_deref() == but) {
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
        // Another's look must not end what is still to be told that it stops for this tenant.
        let told = install.status.as_ref().filter(|_| !leaves && !runs && is_to_be_told(install));
        let told = told.and_then(|status| status.version.clone());
        // One that goes on only because others need it may have to go back as well.
        let kept = kept(install).filter(|_| runs || serving.is_some()).map(str::to_owned);
        // Until it serves as its spec says, it may still serve from where another isolation had it.
        let moving = serves.clone().filter(|_| !leaves && (is_settling(install, now) || !settled(install)));
        let moving = moving.map(|version| (version, former));
        // Whatever becomes of it: as long as it is routed, that leads where it was when it was.
        let isolation = serving.and_then(|status| status.route.as_ref()?.isolation);
        let moved = isolation.is_some_and(|isolation| isolation != install.spec.isolation);
        let routed = serves.clone().filter(|_| moved).map(|version| (version, former));
        // Until gateways have heard that it is served by another version, they ask that of before, wherever it was.
        // So they ask one whose route is withdrawn.
        let withdrawn = unheard(install, now).and_then(|_| install.status.as_ref()?.version.as_ref());
        let before = still_asked(install, now).chain(withdrawn);
        let before = before.flat_map(|version| [(version.clone(), namespace), (version.clone(), former)]);
        let own = [serves, migrated, told, wanted, kept].into_iter().flatten().map(|version| (version, namespace));
        for (version, namespace) in own.chain(moving).chain(routed).chain(before) {
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
#[path = "sweep_tests.rs"]
mod tests;
