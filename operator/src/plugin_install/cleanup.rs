//! An install goes: the plugin purges the tenant's data, if it is to be removed; then what only this
//! install needed goes, and the schema last, as long as its mark says whose all of it is. Does not
//! validate.

use jiff::Timestamp;
use kube::{Api, ResourceExt, runtime::reflector::ObjectRef};
use plexica_backends::{
    Retired, System,
    ownership::Found,
    postgres::{Provisioner, credential, generation, login, permission, plugin, restart},
    workloads::State,
};
use plexica_contract::{
    lifecycle::Action,
    name::{PluginId, Slot, Slug},
};
use plexica_crds::{
    Plugin, PluginInstall, Reason, Tenant,
    label::DRY_RUN,
    plugin::Rollout,
    plugin_install::Isolation,
    tenant::{AdoptionPolicy, DeletionPolicy, DriftPolicy},
};

use super::{
    Step,
    departure::{Departure, PartName},
    desired, live, observe,
    restart::restarts,
    sign_in::sign_in,
    sweep,
    upgrade::Consent,
    validate::{Valid, allowed},
};
use crate::{
    context::Context,
    problem::Problem,
    resource::{Fate, Parted, abandoned, abandoned_by, has_left, is_paused, is_rehearsed},
    rotation::Policy,
    tenant::{abandoned_parts, backed_up, confirmed},
};

/// What is known of an install that goes.
struct Leaving<'a> {
    install: &'a PluginInstall,
    slug: Slug,
    plugin: PluginId,
    policy: DeletionPolicy,
    /// Where it may have something.
    placements: Vec<(&'a str, &'a Provisioner)>,
    /// The placement that holds its schema.
    database: Option<(&'a str, &'a Provisioner)>,
    /// Other installs of this plugin.
    others: Vec<PluginInstall>,
    /// Parts that a person has given up on.
    abandoned: Vec<&'static str>,
}

/// Its schema and logins.
pub const DATABASE: &str = PartName::Database.as_str();

/// Removes what is the install's, and says how far that came.
pub async fn cleanup(context: &Context, install: &PluginInstall) -> Departure {
    let mut parts = Vec::new();
    let holding = remove(context, install, &mut parts).await.err();
    Departure { holding, parts }
}

/// An error holds it up.
async fn remove(context: &Context, install: &PluginInstall, parts: &mut Vec<Parted<PartName>>) -> Step<()> {
    let names = (install.spec.tenant_ref.name.parse::<Slug>(), install.spec.plugin.id.parse::<PluginId>());
    // An install that could never be in force has nothing.
    let (Ok(slug), Ok(plugin)) = names else { return Ok(()) };
    if allowed(install, &slug, &context.settings).is_err() {
        return Ok(());
    }
    let leaving = look(context, install, slug, plugin).await?;
    if leaving.policy == DeletionPolicy::Delete && leaving.database.is_some() {
        purge(context, &leaving).await?;
    }
    let others: Vec<PluginInstall> = leaving.others.iter().filter(|other| !held(context, other)).cloned().collect();
    if let Some(other) = waits_for(install, &others) {
        let (namespace, name) = (other.namespace().unwrap_or_default(), other.name_any());
        return Err(Problem::new(Reason::InUse, format!("the install {namespace}/{name} goes first.")));
    }
    remove_parts(context, &leaving, parts).await
}

/// What runs, then what it signs in with and its data.
async fn remove_parts(context: &Context, leaving: &Leaving<'_>, parts: &mut Vec<Parted<PartName>>) -> Step<()> {
    let workload = part(leaving, PartName::Workload, workloads(context, leaving)).await;
    tell(parts, PartName::Workload, format!("what runs of {}", leaving.plugin), workload)?;
    let database = part(leaving, PartName::Database, async {
        logins(context, leaving).await?;
        data(context, leaving).await
    });
    let database = database.await;
    tell(parts, PartName::Database, format!("the data of {}", leaving.plugin), database)
}

/// What comes of a part, unless a person has given up on it.
async fn part(leaving: &Leaving<'_>, part: PartName, go: impl Future<Output = Step<Retired>>) -> Step<Fate> {
    if leaving.abandoned.contains(&part.as_str()) {
        let by = abandoned_by(leaving.install).map(str::to_owned);
        return Ok(Fate::Abandoned { by });
    }
    go.await.map(Fate::Retired)
}

fn tell(parts: &mut Vec<Parted<PartName>>, part: PartName, object: String, fate: Step<Fate>) -> Step<()> {
    let holding = fate.as_ref().err().map(|problem| problem.of_part(part.as_str()));
    parts.push(Parted { part, object, fate });
    holding.map_or(Ok(()), Err)
}

/// Removes what runs or signs in for nobody once the install is gone: of two operators at once, one may have started
/// it, to purge or to serve, when the other had just ended it.
///
/// # Errors
/// What cannot be looked for or removed now.
pub async fn remove_orphans(context: &Context, install: &PluginInstall) -> Step<()> {
    let names = (install.spec.tenant_ref.name.parse::<Slug>(), install.spec.plugin.id.parse::<PluginId>());
    let (Ok(slug), Ok(plugin)) = names else { return Ok(()) };
    if allowed(install, &slug, &context.settings).is_err() {
        return Ok(());
    }
    let others = others(context, install).await?;
    let tenant = unheld_tenant(context, &slug).await?;
    let (abandoned, placements) = (given_up(install, tenant.as_ref())?, placements(context, tenant.as_ref()));
    let policy = install.spec.deletion_policy;
    // Its schema went, or was kept, with the install.
    let leaving = Leaving { install, slug, plugin, policy, placements, database: None, others, abandoned };
    remove_parts(context, &leaving, &mut Vec::new()).await
}

/// Other installs of the same plugin: all of the tenant's, and all there are unless one of them is an heir.
async fn others(context: &Context, install: &PluginInstall) -> Step<Vec<PluginInstall>> {
    let installs = match live::with_heir(context, install).await? {
        Some(installs) => installs,
        None => live::of_plugin(context, &install.spec.plugin.id).await?,
    };
    let of_plugin = installs.into_iter().filter(|other| other.spec.plugin.id == install.spec.plugin.id);
    Ok(of_plugin.filter(|other| other.uid() != install.uid() && !has_left(other)).collect())
}

async fn look<'a>(context: &'a Context, install: &'a PluginInstall, slug: Slug, plugin: PluginId) -> Step<Leaving<'a>> {
    let others = others(context, install).await?;
    let tenant = unheld_tenant(context, &slug).await?;
    // When the tenant goes, its own policy counts for all that is in it, its confirmation and its backup.
    let policy = match tenant.as_ref().filter(|tenant| goes(tenant)) {
        Some(tenant) => confirmed(tenant)
            .and_then(|()| backed_up(tenant, &context.settings))
            .map(|()| tenant.spec.deletion_policy)?,
        None => install.spec.deletion_policy,
    };
    let (abandoned, placements) = (given_up(install, tenant.as_ref())?, placements(context, tenant.as_ref()));
    let mut leaving = Leaving { install, slug, plugin, policy, placements, database: None, others, abandoned };
    if leaving.abandoned.contains(&DATABASE) {
        return Ok(leaving);
    }
    for (name, provisioner) in leaving.placements.clone() {
        let desired = schema(context, &leaving);
        let seen = plugin::observe(provisioner, &desired);
        let seen =
            context.tried(System::Postgres, "observe", seen).await.map_err(|problem| problem.of_part(DATABASE))?;
        if matches!(seen.schema(), Found::Marked(stamp) if desired.mark.is(&stamp.mark)) {
            leaving.database = Some((name, provisioner));
        }
    }
    Ok(leaving)
}

/// The tenant, if nobody holds the operator off it. Read from the API, not from the cache: it may have been deleted a
/// moment ago, and decides whether data goes.
async fn unheld_tenant(context: &Context, slug: &Slug) -> Step<Option<Tenant>> {
    let named = context.selected().fields(&format!("metadata.name={slug}"));
    let tenant = Api::<Tenant>::all(context.client.clone()).list(&named).await?.items.pop();
    if tenant.as_ref().is_some_and(is_paused) {
        return Err(Problem::new(Reason::Paused, format!("the tenant {slug} is paused.")));
    }
    if tenant.as_ref().is_some_and(is_rehearsed) {
        return Err(Problem::new(Reason::DryRun, format!("the tenant {slug} has the annotation {DRY_RUN}.")));
    }
    Ok(tenant)
}

fn goes(tenant: &Tenant) -> bool {
    tenant.metadata.deletion_timestamp.is_some()
}

/// The parts of an install that people have given up on. A database that is given up for the tenant is given up for
/// what it has installed.
fn given_up(install: &PluginInstall, tenant: Option<&Tenant>) -> Step<Vec<&'static str>> {
    let mut parts = abandoned(install, &PartName::ALL.map(PartName::as_str))?;
    let of_tenant = tenant.filter(|tenant| goes(tenant)).map(abandoned_parts).transpose()?;
    if of_tenant.is_some_and(|parts| parts.contains(&DATABASE)) {
        parts.push(DATABASE);
    }
    Ok(parts)
}

/// Where something of a tenant's may be: one that is gone has left no name of its placement, so that it may be in all.
fn placements<'a>(context: &'a Context, tenant: Option<&Tenant>) -> Vec<(&'a str, &'a Provisioner)> {
    let placed = tenant.map(|tenant| tenant.spec.database.placement.as_str());
    context.databases.iter().filter(|(name, _)| placed.is_none_or(|placed| placed == *name)).collect()
}

fn schema(context: &Context, leaving: &Leaving<'_>) -> plugin::Desired {
    let uid = leaving.install.uid().unwrap_or_default();
    plugin::Desired {
        tenant: leaving.slug.clone(),
        plugin: leaving.plugin.clone(),
        mark: context.settings.install_mark(&leaving.slug, &leaving.plugin, &uid),
        adoption: AdoptionPolicy::Never,
    }
}

/// Lets the plugin remove the tenant's data itself, for as long as the deadline allows.
async fn purge(context: &Context, leaving: &Leaving<'_>) -> Step<()> {
    let Some(valid) = as_it_was(context, leaving) else { return Ok(()) };
    let uid = leaving.install.uid().unwrap_or_default();
    let deadline = context.purges.since(&uid, Timestamp::now()) + context.settings.purge_deadline;
    let result = ask(context, &valid).await;
    match result {
        Ok(()) => Ok(()),
        Err(problem) if Timestamp::now() < deadline => Err(problem.of_part("plugin")),
        Err(problem) => {
            tracing::warn!(tenant = %leaving.slug, plugin = %leaving.plugin, "the plugin did not purge in time ({problem}); its data is removed without it");
            Ok(())
        }
    }
}

async fn ask(context: &Context, valid: &Valid) -> Step<()> {
    // It may lack what it signs in with: an operator that died had got further than this, or the isolation was
    // changed a moment before the end.
    let username = desired::username(&valid.slug, &valid.manifest.id, valid.isolation);
    let found = generation::find(context.databases.default_database()?, &username);
    let generation = context.tried(System::Postgres, "observe", found).await?;
    let with = (&context.settings, &context.keys);
    let wanted = desired::sign_in(&valid.slug, &valid.manifest.id, valid.isolation, &generation, with);
    sign_in(context, context.databases.get(&valid.placement)?, &wanted.login).await?;
    let credential = credential::ensure(context.databases.default_database()?, &username, &wanted.password);
    context.wrote(System::Postgres, &context.tried(System::Postgres, "ensure", credential).await?);
    let workload = observe::wanted(context, valid, &generation, restarts(context, valid).await?)?;
    let seen = context.tried(System::Workloads, "observe", context.workloads.observe(&workload)).await?;
    let changes = context.tried(System::Workloads, "ensure", context.workloads.ensure(&workload, &seen)).await?;
    context.wrote(System::Workloads, &changes);
    match seen.state {
        State::Ready { endpoint } => {
            context.lifecycle.call(&endpoint, &valid.manifest.id, &desired::call(valid, Action::Purge)).await
        }
        State::Absent | State::Starting(_) | State::Failing(_) => {
            Err(Problem::new(Reason::WorkloadNotReady, "the workload is started, to purge the tenant's data."))
        }
    }
}

/// The install at the version its data is at; `None` if the catalogue does not have that any more,
/// the plugin never was there or may not run where it was.
fn as_it_was(context: &Context, leaving: &Leaving<'_>) -> Option<Valid> {
    let (placement, _) = leaving.database.as_ref()?;
    if leaving.install.spec.isolation == Isolation::Dedicated && !context.settings.dedicated {
        return None; // Nothing may run where it did.
    }
    let version = leaving.install.status.as_ref()?.migrated_version.clone()?;
    let entry = context.plugins.get(&ObjectRef::<Plugin>::new(&format!("{}-{version}", leaving.plugin)))?;
    let manifest = crate::plugin::validate(&entry.spec).ok()?;
    Some(Valid {
        slug: leaving.slug.clone(),
        placement: (*placement).to_owned(),
        adoption: AdoptionPolicy::Never,
        drift: DriftPolicy::default(),
        rotation: Policy::default(),
        migrated: Some(manifest.version.clone()),
        manifest,
        plugin_uid: entry.uid().unwrap_or_default(),
        rollout: Rollout::default(),
        taken_back: None,
        waits_for: None,
        before: None,
        contracts: false,
        consent: Consent::default(),
        config: leaving.install.spec.config.clone(),
        features: Vec::new(),
        enabled: false,
        suspended: false,
        isolation: leaving.install.spec.isolation,
        uid: leaving.install.uid().unwrap_or_default(),
        notice: None,
    })
}

/// Whether a person holds it up, who may take days: others do not wait for it.
pub(super) fn held(context: &Context, install: &PluginInstall) -> bool {
    let tenant = context.tenants.get(&ObjectRef::<Tenant>::new(&install.spec.tenant_ref.name));
    let unsaid = |tenant: &Tenant| goes(tenant) && confirmed(tenant).is_err();
    let stays = |tenant: &Tenant| is_paused(tenant) || is_rehearsed(tenant) || unsaid(tenant);
    is_paused(install) || is_rehearsed(install) || tenant.is_some_and(|tenant| stays(&tenant))
}

/// Installs of a plugin that go at once would each leave what they share to the others: so one of them
/// waits for all others, and finds that nobody needs it. Pure; one that it waits for.
fn waits_for<'a>(install: &PluginInstall, others: &'a [PluginInstall]) -> Option<&'a PluginInstall> {
    let going = || others.iter().filter(|other| other.metadata.deletion_timestamp.is_some());
    let last = going().all(|other| other.uid() < install.uid());
    going().find(|_| last)
}

/// What others use goes on.
async fn workloads(context: &Context, leaving: &Leaving<'_>) -> Step<Retired> {
    let idle = sweep::idle_of(context, &leaving.slug, &leaving.plugin, leaving.install).await?;
    sweep::retire(context, idle).await
}

/// Logins hold no data, so they go with the last install that needs them.
async fn logins(context: &Context, leaving: &Leaving<'_>) -> Step<()> {
    let Leaving { slug, plugin, others, placements, .. } = leaving;
    let of_tenant = others.iter().any(|other| other.spec.tenant_ref.name == slug.as_str());
    for isolation in [Isolation::Shared, Isolation::Dedicated] {
        let needed = match isolation {
            Isolation::Shared => others.iter().any(|other| other.spec.isolation == Isolation::Shared),
            Isolation::Dedicated => of_tenant,
        };
        if needed {
            continue;
        }
        let mut foreign = false;
        for login in Slot::ALL.map(|slot| desired::login_of(slug, plugin, isolation, slot)) {
            for (_, provisioner) in placements {
                let retired = login::retire(provisioner, &login, &context.settings.installation);
                foreign |= context.tried(System::Postgres, "retire", retired).await? == Retired::Foreign;
            }
        }
        // Then what is noted of it is that one's, too.
        if foreign {
            continue;
        }
        let username = desired::username(slug, plugin, isolation);
        let changes = credential::retire(context.databases.default_database()?, &username, &[]);
        context.wrote(System::Postgres, &context.tried(System::Postgres, "retire", changes).await?);
        let forgotten = restart::retire(context.databases.default_database()?, &username);
        context.wrote(System::Postgres, &context.tried(System::Postgres, "retire", forgotten).await?);
    }
    Ok(())
}

async fn data(context: &Context, leaving: &Leaving<'_>) -> Step<Retired> {
    let Some((_, provisioner)) = &leaving.database else { return Ok(Retired::Gone) };
    if leaving.policy == DeletionPolicy::Delete {
        let permissions = permission::Desired {
            installation: context.settings.installation.clone(),
            tenant: leaving.slug.clone(),
            plugin: leaving.plugin.clone(),
            permissions: Vec::new(),
        };
        let _ = context.tried(System::Postgres, "retire", permission::retire(provisioner, &permissions)).await?;
    }
    let schema = schema(context, leaving);
    let retired = plugin::retire(provisioner, &schema, leaving.policy);
    let retired = context.tried(System::Postgres, "retire", retired).await?;
    tracing::info!(tenant = %leaving.slug, plugin = %leaving.plugin, ?retired, "retired the plugin's data");
    Ok(retired)
}

#[cfg(test)]
#[path = "cleanup_tests.rs"]
mod tests;
