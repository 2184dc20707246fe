//! The pipeline of an install.

use std::time::Duration;

use jiff::Timestamp;
use kube::{
    Api, ResourceExt,
    runtime::{controller::Action, reflector::ObjectRef},
};
use plexica_crds::{PluginInstall, PluginInstallStatus, Reason, Tenant, label::FINALIZER, plugin_install::Isolation};

use super::{
    apply::{apply, revive},
    cleanup::{DATABASE, cleanup, remove_orphans},
    configuration,
    departure::Departure,
    needed::{needed, told},
    observe::{observe, references, references_now},
    plan::{With, plan},
    rehearse::tell as tell_of,
    report,
    rotation::turn,
    sweep,
    upgrade::{self, SETTLED, Subject},
    validate::{References, Valid, validate},
    withdrawal::unheard,
};
use crate::{
    context::Context,
    drift::{self, Record},
    operation::{about_install, conclude_install, install_left, record_install, tolerate},
    problem::Problem,
    resource::{
        Note, add_finalizer, has_left, is_paused, is_rehearsed, namespaced, publish, remove_finalizer, uid,
        write_status,
    },
};

/// How often who waits for others looks whether it is its turn: the entry that says so is in a cache.
const TURN: Duration = Duration::from_secs(10);

type Outcome = Result<(Action, Option<Problem>), kube::Error>;

/// Brings one install closer to its spec, and says when to look again.
pub async fn reconcile(context: &Context, install: &PluginInstall) -> (Action, Option<Problem>) {
    let api: Api<PluginInstall> = namespaced(&context.client, &install.namespace().unwrap_or_default());
    // The cache may be behind what this operator itself wrote a moment ago.
    let result = match api.get_opt(&install.name_any()).await {
        Ok(Some(install)) if is_paused(&install) || of_tenant(context, &install, is_paused) => {
            rest(context, &api, install).await
        }
        Ok(Some(install)) if is_rehearsed(&install) || of_tenant(context, &install, is_rehearsed) => {
            tell(context, &api, install).await
        }
        Ok(Some(install)) if install.metadata.deletion_timestamp.is_some() => go(context, &api, install).await,
        Ok(Some(install)) => stay(context, &api, install).await,
        Ok(None) => {
            context.operations.forget(&uid(install));
            return (Action::await_change(), None);
        }
        Err(error) => Err(error),
    };
    if !matches!(result, Ok((_, None))) {
        tidy_if_gone(context, &api, install).await;
    }
    result.unwrap_or_else(|error| (context.refused(install, &error), Some(error.into())))
}

/// Where another operator has ended it meanwhile, nobody looks again at what was started here.
async fn tidy_if_gone(context: &Context, api: &Api<PluginInstall>, install: &PluginInstall) {
    let there = |found: &PluginInstall| found.uid() == install.uid() && !has_left(found);
    if let Ok(found) = api.get_opt(&install.name_any()).await
        && !found.as_ref().is_some_and(there)
    {
        tidy(context, install).await;
    }
}

async fn tidy(context: &Context, install: &PluginInstall) {
    if let Err(left) = remove_orphans(context, install).await {
        tracing::warn!(install = install.name_any(), "what runs or signs in for nobody any more is left: {left}");
    }
}

/// Who holds the operator off a tenant means all that is the tenant's.
fn of_tenant(context: &Context, install: &PluginInstall, is_held: impl Fn(&Tenant) -> bool) -> bool {
    let tenant = context.tenants.get(&ObjectRef::new(&install.spec.tenant_ref.name));
    tenant.is_some_and(|tenant| is_held(&tenant))
}

async fn rest(context: &Context, api: &Api<PluginInstall>, install: PluginInstall) -> Outcome {
    // Nothing is done about it, so that there is nothing to be recorded before that ends.
    context.operations.forget(&uid(&install));
    let status = report::paused(&install, Timestamp::now());
    let install = write_status(&context.recorder, api, install, &status).await?;
    Ok((context.again(&install, None), None))
}

/// Does nothing, and says what it would do.
async fn tell(context: &Context, api: &Api<PluginInstall>, install: PluginInstall) -> Outcome {
    context.operations.forget(&uid(&install));
    let (status, unseen) = tell_of(context, &install).await;
    let install = write_status(&context.recorder, api, install, &status).await?;
    Ok((context.again(&install, unseen.as_ref()), unseen))
}

async fn stay(context: &Context, api: &Api<PluginInstall>, install: PluginInstall) -> Outcome {
    let references = references(context, &install);
    let needed = needed(&install, &references, &context.settings);
    look(context, api, install, &references, needed).await
}

/// What is to go stays as long as others need it: it is looked after like what is to stay.
async fn go(context: &Context, api: &Api<PluginInstall>, install: PluginInstall) -> Outcome {
    // Nobody misses what does not answer, but for what is to come back with its tenant.
    let is_missed = install.route().is_some() || of_tenant(context, &install, |tenant| tenant.spec.suspend);
    if is_missed && install.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        let references = references_now(context, &install).await?;
        let needed = needed(&install, &references, &context.settings);
        if needed.is_some() {
            return look(context, api, install, &references, needed).await;
        }
    }
    leave(context, api, install).await
}

async fn look(
    context: &Context,
    api: &Api<PluginInstall>,
    mut install: PluginInstall,
    references: &References,
    needed: Option<Problem>,
) -> Outcome {
    if needed.is_some() {
        install.spec.enabled = true;
        // It goes on as it is, and to nothing newer.
        if let Some(serving) = install.status.as_ref().and_then(|status| status.version.clone()) {
            install.spec.plugin.version = format!("={serving}");
        }
    }
    match validate(&install, references, &context.settings) {
        Err(problem) => {
            let suspended = references.tenant.as_ref().is_some_and(|tenant| tenant.spec.suspend);
            let now = Timestamp::now();
            let mut status = report::invalid(&install, &problem, suspended, now);
            if let Some(needed) = &needed {
                status = told(&install, status, needed, now);
            }
            let rests = suspended || !install.spec.enabled;
            let install = write(context, api, install, status, Some(&problem)).await?;
            if let Some(left) = unheard(&install, Timestamp::now()).filter(|_| rests && !suspended) {
                return Ok((Action::requeue(left), Some(problem)));
            }
            if rests && let Err(left) = sweep::rest(context, &install).await {
                tracing::warn!(install = install.name_any(), "what runs for nobody any more is left: {left}");
                return Ok((context.again(&install, Some(&left)), Some(left)));
            }
            Ok((context.again(&install, Some(&problem)), Some(problem)))
        }
        Ok(valid) => bring(context, api, install, &valid, needed).await,
    }
}

async fn bring(
    context: &Context,
    api: &Api<PluginInstall>,
    install: PluginInstall,
    valid: &Valid,
    needed: Option<Problem>,
) -> Outcome {
    // Before anything is made: what has no finalizer can go without being cleaned up.
    let mut install = add_finalizer(api, install).await?;
    let rested = sweep::rests(&install);
    let routed = |install: &PluginInstall| install.route().cloned();
    if !valid.enabled && routed(&install).is_some() {
        let status = report::unrouted(&install, valid.suspended, Timestamp::now());
        install = write_status(&context.recorder, api, install, &status).await?;
    }
    // No request is to come while the plugin is told to stop. Who is suspended is refused by the tenant's spec.
    if !valid.enabled
        && !valid.suspended
        && let Some(left) = unheard(&install, Timestamp::now())
    {
        return Ok((Action::requeue(left), None));
    }
    let (before, kept_before) = (routed(&install), upgrade::kept(&install).map(str::to_owned));
    let settled_before = sweep::settled(&install);
    let record = Record::new(valid.drift, install.status.as_ref().map(|status| &status.applied));
    let turn = turn(context, &install, valid).await;
    let rotates_at = turn.as_ref().ok().and_then(|turn| turn.look_at);
    let note = turn.as_ref().ok().and_then(|turn| turn.note.clone());
    let observed = observe(context, &install, valid, &turn).await;
    if let Some(before) = &observed.fallen
        && upgrade::was_unwell(&install)
    {
        revive(context, before).await;
    }
    let decided = upgrade::goes_back(&install);
    let looked = Timestamp::now();
    let subject = Subject {
        version: &valid.manifest.version,
        rollout: &valid.rollout,
        contracts: valid.contracts,
        way_back: observed.way_back,
    };
    let advanced = upgrade::advance(&install, subject, &observed.health, looked);
    if let Some(status) = advanced {
        // Before it is acted on: whoever comes next must not decide otherwise.
        install = write_status(&context.recorder, api, install, &status).await?;
        if upgrade::goes_back(&install) {
            announce(context, &install, valid, note).await;
            return Ok((Action::requeue(Duration::ZERO), None));
        }
    }
    let with = With { settings: &context.settings, keys: &context.keys, now: looked };
    let plan = plan(&install, valid, turn, observed, with, &record);
    let install = forget(context, api, install, &plan.changing()).await?;
    let applied = apply(context, &install, rested, valid, plan).await;
    if let Some(drift) = applied.drift() {
        drift::tell(context, &install, drift).await;
    }
    announce(context, &install, valid, note).await;
    let now = Timestamp::now();
    let mut status = report::report(&install, valid, &applied, now);
    if let Some(needed) = &needed {
        status = told(&install, status, needed, now);
    }
    let (failed, left) = (applied.worst(), applied.left().cloned());
    let problem = failed.clone().or(needed).or_else(|| valid.taken_back.clone());
    let install = write(context, api, install, status, problem.as_ref()).await?;
    // Of two that looked before either said that it rests, each has left what they share to the other.
    if !rested
        && sweep::rests(&install)
        && let Err(left) = sweep::rest(context, &install).await
    {
        return Ok((context.again(&install, Some(&left)), Some(left)));
    }
    if configuration::wants_restart(&install, valid) && failed.is_none() {
        return Ok((Action::requeue(Duration::ZERO), problem));
    }
    // As this look saw it, which may have taken its time.
    let settles = upgrade::settles(&install).filter(|at| looked < *at);
    let now = Timestamp::now();
    let turned = before != routed(&install)
        || kept_before.as_deref() != upgrade::kept(&install)
        || (!settled_before && sweep::settled(&install));
    // What served before, or was kept to go back to, is removed at the next look.
    if failed.is_none() && turned {
        return Ok((context.again_by(&install, settles.unwrap_or(now + SETTLED)), problem));
    }
    if !decided && upgrade::goes_back(&install) {
        return Ok((Action::requeue(Duration::ZERO), problem));
    }
    let waits = valid.waits_for.as_ref().map(|_| now + TURN);
    let looks = [upgrade::look_again(&install, &valid.rollout, now), waits, rotates_at, settles];
    // A configuration that is refused holds up nothing else.
    let rests = left.is_none() && failed.as_ref().is_none_or(|problem| problem.reason == Reason::ConfigRefused);
    let problem = failed.or(left).or(problem);
    let by = looks.into_iter().flatten().min().filter(|_| rests);
    Ok((by.map_or_else(|| context.again(&install, problem.as_ref()), |by| context.again_by(&install, by)), problem))
}

/// Writes a status with what is being done about the install, and records that.
async fn write(
    context: &Context,
    api: &Api<PluginInstall>,
    install: PluginInstall,
    status: PluginInstallStatus,
    problem: Option<&Problem>,
) -> Result<PluginInstall, kube::Error> {
    let mut status = about_install(&install, status, problem);
    conclude_install(context, &install, &status).await;
    report::date_route(&install, &mut status, Timestamp::now());
    let install = write_status(&context.recorder, api, install, &status).await?;
    tolerate(&install, record_install(context, &install).await);
    Ok(install)
}

/// Tells of what was done to credentials: at the catalogue's entry, if all its installs have them.
async fn announce(context: &Context, install: &PluginInstall, valid: &Valid, note: Option<Note>) {
    let Some(note) = note else { return };
    let entry = context.plugins.get(&ObjectRef::new(&valid.manifest.resource_name()));
    match (valid.isolation, entry) {
        (Isolation::Shared, Some(entry)) => publish(&context.recorder, &*entry, vec![note]).await,
        (Isolation::Shared | Isolation::Dedicated, _) => publish(&context.recorder, install, vec![note]).await,
    }
}

/// Whoever finds parts half changed must not take them for drift.
async fn forget(
    context: &Context,
    api: &Api<PluginInstall>,
    install: PluginInstall,
    changing: &[&'static str],
) -> Result<PluginInstall, kube::Error> {
    let left = install.status.as_ref().and_then(|status| drift::without(&status.applied, changing));
    let Some(applied) = left else { return Ok(install) };
    let status = PluginInstallStatus { applied, ..install.status.clone().unwrap_or_default() };
    write_status(&context.recorder, api, install, &status).await
}

async fn leave(context: &Context, api: &Api<PluginInstall>, mut install: PluginInstall) -> Outcome {
    if !install.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok((Action::await_change(), None));
    }
    // No request is to come while data goes.
    if install.route().is_some() {
        let status = report::unrouted_for_good(&install, Timestamp::now());
        install = write_status(&context.recorder, api, install, &status).await?;
    }
    if let Some(left) = unheard(&install, Timestamp::now()) {
        return Ok((Action::requeue(left), None));
    }
    let departure = cleanup(context, &install).await;
    match departure.holding.clone() {
        None => {
            let abandoned = departure.given_up();
            let install = say_farewell(context, api, install, &departure).await?;
            match record_install(context, &install).await {
                // Who has given up on the database does not wait for it to record that.
                Err(problem) if !abandoned.contains(&DATABASE) => {
                    return Ok((context.again(&install, Some(&problem)), Some(problem)));
                }
                recorded => tolerate(&install, recorded),
            }
            context.operations.forget(&uid(&install));
            context.purges.forget(&uid(&install));
            remove_finalizer(api, &install).await?;
            if abandoned.is_empty() {
                tidy(context, &install).await;
            }
            context.again(&install, None);
            Ok((Action::await_change(), None))
        }
        Some(problem) => {
            let status = report::leaving(&install, &departure, Timestamp::now());
            let install = write(context, api, install, status, Some(&problem)).await?;
            Ok((context.again(&install, Some(&problem)), Some(problem)))
        }
    }
}

/// Says that all is done, and what was given up, before nothing is left that could say it.
async fn say_farewell(
    context: &Context,
    api: &Api<PluginInstall>,
    install: PluginInstall,
    departure: &Departure,
) -> Result<PluginInstall, kube::Error> {
    let status = report::leaving(&install, departure, Timestamp::now());
    if !departure.given_up().is_empty() {
        let told = status.conditions.first().map_or("", |ready| &ready.message);
        tracing::warn!(namespace = install.namespace(), install = install.name_any(), "{told}");
    }
    let status = install_left(&install, status);
    conclude_install(context, &install, &status).await;
    write_status(&context.recorder, api, install, &status).await
}
