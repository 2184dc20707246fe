//! Does what is planned, step by step: each needs the one before.

use plexica_backends::{
    Generation, Secret, System,
    postgres::{
        self, credential, generation,
        login::{self, Login},
        permission, plugin,
    },
    workloads::State,
};
use plexica_contract::{
    lifecycle::{Action, Request},
    name::PluginVersion,
};
use plexica_crds::{
    PluginInstall, Reason,
    plugin_install::{DatabaseStatus, Isolation},
};
use url::Url;

use super::{
    Step,
    configuration::{Change, Configured, without_workload},
    desired::{self, SignIn},
    observe::Running,
    plan::{Disable, Plan, Serve},
    report::{Applied, Disabled, Served},
    sign_in::observe as observe_login,
    sweep,
    validate::Valid,
};
use crate::{
    context::Context,
    drift::{Aim, Course, Drift, bring, withheld},
    problem::Problem,
};

/// Applies the plan for the install, as it was written last; `rested` is whether it [did rest](sweep::rests) before.
pub async fn apply(context: &Context, install: &PluginInstall, rested: bool, valid: &Valid, plan: Plan) -> Applied {
    match plan {
        Plan::Serve(plan) => Applied::Served(Box::new(serve(context, install, valid, *plan).await)),
        Plan::Disable(plan) => Applied::Disabled(disable(context, install, rested, valid, *plan).await),
    }
}

async fn serve(context: &Context, install: &PluginInstall, valid: &Valid, plan: Serve) -> Served {
    let Serve {
        database,
        database_aim,
        username,
        sign_in,
        generation,
        credentials,
        workload,
        call,
        permissions,
        configuration,
        restart,
        begun,
        former,
    } = plan;
    let serving = workload.as_ref().ok().map(|(running, _)| running.desired.clone());
    let mut drift = Drift::default();
    let database = prepare(context, valid, (database, database_aim), &username, &sign_in, &mut drift).await;
    let workload = match &database {
        Ok(_) => bring_up(context, workload, &mut drift).await,
        Err(_) => Err(Problem::new(Reason::Pending, "waits for the database.")),
    };
    let migrated = match &workload {
        Ok(endpoint) => migrate(context, valid, endpoint, call).await,
        Err(_) => Err(Problem::new(Reason::Pending, "waits for the workload.")),
    };
    let registered = match &migrated {
        Ok(_) => register(context, valid, &permissions, &mut drift).await,
        Err(_) => Err(Problem::new(Reason::Pending, "waits for the plugin to be installed.")),
    };
    let configured = match (configuration, &workload, &registered) {
        (Change::Keep, ..) => Ok(Configured::Kept),
        (change, Ok(endpoint), Ok(())) => configure(context, valid, endpoint, change).await,
        (change, Err(why), _) => without_workload(&change, why).ok_or_else(waits_for_plugin),
        (_, Ok(_), Err(_)) => Err(waits_for_plugin()),
    };
    let mut left = None;
    if let (Ok(()), Ok(sign_in), Ok(generation)) = (&registered, &sign_in, &generation) {
        left = forget(context, &username, sign_in, generation).await;
    }
    if let (Some(serving), Ok(endpoint), Ok(())) = (serving, &workload, &registered)
        && sweep::all_lead_to(context, valid, endpoint)
    {
        context.workloads.settle(&serving).await;
    }
    if let Err(problem) = sweep::sweep(context, install, valid, false).await {
        // It is no reason to fail: the next look finds it again.
        tracing::warn!("idle workloads are left: {problem}");
        left = Some(problem);
    }
    let left = release(context, valid, former).await.or(left);
    Served { database, workload, migrated, registered, configured, restart, begun, credentials, drift, left }
}

async fn prepare(
    context: &Context,
    valid: &Valid,
    (database, aim): (Step<(plugin::Desired, postgres::Observed)>, Step<Aim>),
    username: &str,
    sign_in: &Step<(Option<SignIn>, SignIn)>,
    drift: &mut Drift,
) -> Step<DatabaseStatus> {
    let ((desired, seen), aim) = (database?, aim?);
    let provisioner = context.databases.get(&valid.placement)?;
    let differences = std::future::ready(plugin::differences(&desired, &seen));
    let ensure = plugin::ensure(provisioner, &desired, &seen);
    bring(context, System::Postgres, &aim, drift, differences, ensure).await?;
    if aim.course == Course::Report && seen.is_missing() {
        // Without them there is nothing that a login could take.
        drift.settled(&aim);
        return Err(withheld(&drift.kept_in(aim.part)));
    }
    let (before, now) = sign_in.as_ref().map_err(Clone::clone)?;
    for SignIn { login, password } in before.iter().chain([now]) {
        // A login is given roles, so it is looked at when the role is there.
        let seen = observe_login(context, provisioner, login).await?;
        let differences = std::future::ready(login::differences(login, &seen));
        let ensure = login::ensure(provisioner, login, &seen);
        bring(context, System::Postgres, &aim, drift, differences, ensure).await?;
        let platform = context.databases.default_database()?;
        let differences = credential::differences(platform, username, password);
        let ensure = credential::ensure(platform, username, password);
        bring(context, System::Postgres, &aim, drift, differences, ensure).await?;
    }
    drift.settled(&aim);
    Ok(DatabaseStatus { schema: desired.name(), role: desired.name() })
}

/// Starts the version before that is to serve in the place of one which does not: what ran of it has ended with
/// an operator, or was taken away. What cannot be done now is tried again at the next look.
pub async fn revive(context: &Context, before: &Running) {
    let Running { desired, seen, digest: _ } = before;
    match context.tried(System::Workloads, "ensure", context.workloads.ensure(desired, seen)).await {
        Ok(changes) => context.wrote(System::Workloads, &changes),
        Err(problem) => tracing::warn!(workload = ?desired.place(), "the version before is not up: {problem}"),
    }
}

/// Where the workload answers, once it is healthy.
async fn bring_up(context: &Context, workload: Step<(Running, Aim)>, drift: &mut Drift) -> Step<Url> {
    let (Running { desired, seen, digest: _ }, aim) = workload?;
    let differences = context.workloads.differences(&desired, &seen);
    let ensure = context.workloads.ensure(&desired, &seen);
    let wrote = bring(context, System::Workloads, &aim, drift, differences, ensure).await?;
    drift.settled(&aim);
    if wrote {
        return Err(Problem::new(Reason::WorkloadNotReady, "the workload is being started."));
    }
    match seen.state {
        State::Ready { endpoint } => Ok(endpoint),
        State::Absent if aim.course == Course::Report => Err(withheld(&drift.kept_in(aim.part))),
        State::Absent => Err(Problem::new(Reason::WorkloadNotReady, "there is no workload yet.")),
        State::Starting(why) => {
            Err(Problem::new(Reason::WorkloadNotReady, format!("the workload is not ready: {why}.")))
        }
        State::Failing(why) => {
            Err(Problem::new(Reason::WorkloadFailed, format!("the workload does not come up: {why}.")))
        }
    }
}

async fn migrate(context: &Context, valid: &Valid, endpoint: &Url, call: Option<Request>) -> Step<PluginVersion> {
    if let Some(request) = call {
        context.lifecycle.call(endpoint, &valid.manifest.id, &request).await?;
        if matches!(request.action, Action::Upgrade | Action::Rollback) {
            // Another version serves meanwhile, so that this one may be looked at first.
            context.lifecycle.health(endpoint, &valid.slug).await?;
        }
    }
    Ok(valid.manifest.version.clone())
}

fn waits_for_plugin() -> Problem {
    Problem::new(Reason::Pending, "waits for the plugin.")
}

async fn configure(context: &Context, valid: &Valid, endpoint: &Url, change: Change) -> Step<Configured> {
    Ok(match change {
        Change::Keep => Configured::Kept,
        Change::Begin | Change::Take => Configured::Taken,
        Change::Restart => Configured::Restart,
        Change::Ask(request) => {
            let restart = context.lifecycle.configure(endpoint, &valid.manifest.id, &request).await?;
            if restart { Configured::Restart } else { Configured::Taken }
        }
    })
}

async fn register(
    context: &Context,
    valid: &Valid,
    (desired, aim): &(permission::Desired, Aim),
    drift: &mut Drift,
) -> Step<()> {
    let provisioner = context.databases.get(&valid.placement)?;
    let seen = context.tried(System::Postgres, "observe", permission::observe(provisioner, desired)).await?;
    let differences = std::future::ready(Ok(permission::differences(desired, &seen)));
    let ensure = permission::ensure(provisioner, desired, &seen);
    bring(context, System::Postgres, aim, drift, differences, ensure).await?;
    drift.settled(aim);
    Ok(())
}

/// What runs has the password of now, or the one before while that is good, by the time it serves: an
/// earlier one, of a key that was replaced or a generation that has ended, opens nothing any more. Says why they
/// could not be removed now.
async fn forget(
    context: &Context,
    username: &str,
    (before, now): &(Option<SignIn>, SignIn),
    generation: &Generation,
) -> Option<Problem> {
    let keep: Vec<Secret> = before.iter().chain([now]).map(|sign_in| sign_in.password.clone()).collect();
    let problem = try_forget(context, username, &keep, generation).await.err()?;
    tracing::warn!(username, "its earlier passwords could not be removed: {problem}");
    Some(problem)
}

async fn try_forget(context: &Context, username: &str, keep: &[Secret], generation: &Generation) -> Step<()> {
    let platform = context.databases.default_database()?;
    let changes = credential::settle(platform, username, keep, generation);
    context.wrote(System::Postgres, &context.tried(System::Postgres, "retire", changes).await?);
    Ok(())
}

async fn disable(context: &Context, install: &PluginInstall, rested: bool, valid: &Valid, plan: Disable) -> Disabled {
    let Disable { call, workload, credentials, former } = plan;
    let told = match (call, workload) {
        (Some(request), Ok(running)) => match running.seen.state {
            State::Ready { endpoint } => context.lifecycle.call(&endpoint, &valid.manifest.id, &request).await,
            // What does not run does no work for the tenant.
            State::Absent | State::Starting(_) | State::Failing(_) => Ok(()),
        },
        (Some(_), Err(problem)) => Err(problem),
        (None, _) => Ok(()),
    };
    let ended = match told {
        Ok(()) => sweep::sweep(context, install, valid, rested).await,
        Err(problem) => Err(problem),
    };
    let left = if ended.is_ok() { release(context, valid, former).await } else { None };
    Disabled { ended, credentials, left }
}

/// Takes the tenant's role from logins of the isolation that the install had before, and removes that of
/// the generation that has ended. Says why that could not be done now.
async fn release(context: &Context, valid: &Valid, former: Vec<Login>) -> Option<Problem> {
    let mut left = None;
    for login in former {
        if let Err(problem) = try_release(context, valid, &login).await {
            tracing::warn!(login = login.name(), "the tenant's role could not be taken from it: {problem}");
            left = Some(problem);
        }
    }
    left
}

async fn try_release(context: &Context, valid: &Valid, login: &Login) -> Step<()> {
    let (provisioner, installation) = (context.databases.get(&valid.placement)?, &context.settings.installation);
    let of = match login {
        Login::Shared(..) => Isolation::Shared,
        Login::Dedicated(..) => Isolation::Dedicated,
    };
    if of == valid.isolation {
        return end(context, valid, login).await;
    }
    let released = login::release(provisioner, login, &valid.slug, installation);
    context.wrote(System::Postgres, &context.tried(System::Postgres, "ensure", released).await?);
    if of == Isolation::Shared {
        return Ok(());
    }
    // One for this tenant alone is of no more use.
    let retired = login::retire(provisioner, login, installation);
    let _ = context.tried(System::Postgres, "retire", retired).await?;
    let username = desired::username(&valid.slug, &valid.manifest.id, of);
    let changes = credential::retire(context.databases.default_database()?, &username, &[]);
    context.wrote(System::Postgres, &context.tried(System::Postgres, "retire", changes).await?);
    Ok(())
}

/// Removes what the generation that has ended signed in with, unless the next one has it by now. The
/// login last: by it the next look finds what is left to do.
async fn end(context: &Context, valid: &Valid, login: &Login) -> Step<()> {
    let (slug, id) = (&valid.slug, &valid.manifest.id);
    let username = desired::username(slug, id, valid.isolation);
    let found = generation::find(context.databases.default_database()?, &username);
    let found = context.tried(System::Postgres, "observe", found).await?;
    let now = desired::sign_in(slug, id, valid.isolation, &found, (&context.settings, &context.keys));
    if !found.previous {
        try_forget(context, &username, &[now.password], &found).await?;
    }
    let due = async {
        let found = generation::find(context.databases.default_database()?, &username).await?;
        let over = desired::login_of(&valid.slug, &valid.manifest.id, valid.isolation, found.slot().other());
        Ok(!found.previous && over == *login)
    };
    let provisioner = context.databases.get(&valid.placement)?;
    let retired = login::retire_if(provisioner, login, &context.settings.installation, due);
    let retired = context.tried(System::Postgres, "retire", retired).await?;
    tracing::info!(login = login.name(), ?retired, "its generation has ended");
    Ok(())
}
