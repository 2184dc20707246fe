//! Does what is planned, step by step: each needs the one before.

use plexica_backends::{
    Secret, System,
    postgres::{
        self, Provisioner, credential,
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
    Reason,
    plugin_install::{DatabaseStatus, Isolation},
};
use url::Url;

use super::{
    Step, desired,
    observe::Running,
    plan::{Disable, Plan, Serve},
    report::{Applied, Disabled, Served},
    sweep,
    validate::Valid,
};
use crate::{
    context::Context,
    drift::{Aim, Course, Drift, bring, withheld},
    problem::Problem,
};

/// Applies the plan.
pub async fn apply(context: &Context, valid: &Valid, plan: Plan) -> Applied {
    match plan {
        Plan::Serve(plan) => Applied::Served(Box::new(serve(context, valid, *plan).await)),
        Plan::Disable(plan) => Applied::Disabled(disable(context, valid, *plan).await),
    }
}

async fn serve(context: &Context, valid: &Valid, plan: Serve) -> Served {
    let Serve { database, database_aim, login, credential, workload, call, permissions, idle, former } = plan;
    let mut drift = Drift::default();
    let database = prepare(context, valid, (database, database_aim), &login, &credential, &mut drift).await;
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
    if registered.is_ok() {
        forget(context, &credential).await;
    }
    sweep::retire(context, idle).await;
    release(context, valid, former).await;
    Served { database, workload, migrated, registered, drift }
}

async fn prepare(
    context: &Context,
    valid: &Valid,
    (database, aim): (Step<(plugin::Desired, postgres::Observed)>, Step<Aim>),
    login: &login::Desired,
    (username, password): &(String, Secret),
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
    // A login is given roles, so it is looked at when the role is there.
    let seen = context.tried(System::Postgres, "observe", login::observe(provisioner, login)).await?;
    let differences = std::future::ready(login::differences(login, &seen));
    let ensure = login::ensure(provisioner, login, &seen);
    bring(context, System::Postgres, &aim, drift, differences, ensure).await?;
    let platform = context.databases.default_database()?;
    let differences = credential::differences(platform, username, password);
    let ensure = credential::ensure(platform, username, password);
    bring(context, System::Postgres, &aim, drift, differences, ensure).await?;
    drift.settled(&aim);
    Ok(DatabaseStatus { schema: desired.name(), role: desired.name() })
}

/// Lets the plugin sign in to the database, with the tenant's role among its own.
pub async fn sign_in(context: &Context, provisioner: &Provisioner, desired: &login::Desired) -> Step<()> {
    let seen = context.tried(System::Postgres, "observe", login::observe(provisioner, desired)).await?;
    let changes = context.tried(System::Postgres, "ensure", login::ensure(provisioner, desired, &seen)).await?;
    context.wrote(System::Postgres, &changes);
    Ok(())
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

/// What runs has the password of now by the time it serves: an earlier one, of a key that was
/// replaced, opens nothing any more. What cannot be removed now is found again at the next look.
async fn forget(context: &Context, credential: &(String, Secret)) {
    if let Err(problem) = try_forget(context, credential).await {
        tracing::warn!(username = credential.0, "its earlier passwords could not be removed: {problem}");
    }
}

async fn try_forget(context: &Context, (username, password): &(String, Secret)) -> Step<()> {
    let platform = context.databases.default_database()?;
    let changes = credential::retire(platform, username, std::slice::from_ref(password));
    context.wrote(System::Postgres, &context.tried(System::Postgres, "retire", changes).await?);
    Ok(())
}

async fn disable(context: &Context, valid: &Valid, plan: Disable) -> Disabled {
    let Disable { call, workload, idle, former } = plan;
    let told = match (call, workload) {
        (Some(request), Ok(running)) => match running.seen.state {
            State::Ready { endpoint } => context.lifecycle.call(&endpoint, &valid.manifest.id, &request).await,
            // What does not run does no work for the tenant.
            State::Absent | State::Starting(_) | State::Failing(_) => Ok(()),
        },
        (Some(_), Err(problem)) => Err(problem),
        (None, _) => Ok(()),
    };
    if told.is_ok() {
        sweep::retire(context, idle).await;
        release(context, valid, former).await;
    }
    Disabled { told }
}

/// Takes the tenant's role from the login of the isolation that the install had before. What cannot
/// be done now is found again at the next look.
async fn release(context: &Context, valid: &Valid, former: Option<Login>) {
    let Some(login) = former else { return };
    if let Err(problem) = try_release(context, valid, &login).await {
        tracing::warn!(login = login.name(), "the tenant's role could not be taken from it: {problem}");
    }
}

async fn try_release(context: &Context, valid: &Valid, login: &Login) -> Step<()> {
    let (provisioner, installation) = (context.databases.get(&valid.placement)?, &context.settings.installation);
    let released = login::release(provisioner, login, &valid.slug, installation);
    context.wrote(System::Postgres, &context.tried(System::Postgres, "ensure", released).await?);
    if matches!(login, Login::Shared(_)) {
        return Ok(());
    }
    // One for this tenant alone is of no more use.
    let retired = login::retire(provisioner, login, installation);
    let _ = context.tried(System::Postgres, "retire", retired).await?;
    let (username, _) = desired::credential(&valid.slug, &valid.manifest.id, Isolation::Dedicated, &context.keys);
    let changes = credential::retire(context.databases.default_database()?, &username, &[]);
    context.wrote(System::Postgres, &context.tried(System::Postgres, "retire", changes).await?);
    Ok(())
}
