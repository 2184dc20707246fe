//! What applying the plan would write. Reads only.

use jiff::Timestamp;
use plexica_backends::{
    Changes, Generation, System,
    postgres::{credential, login, permission, plugin},
};
use plexica_crds::{PluginInstall, plugin_install::Isolation};

use super::Ahead;
use crate::{
    context::Context,
    drift::{Course, Record, Would},
    plugin_install::{
        Step,
        desired::{self, SignIn},
        observe::{Running, observe},
        plan::{Plan, Serve, With, plan},
        rotation::{Turn, foresee as foresee_turn},
        sign_in::observe as observe_login,
        validate::Valid,
    },
    problem::Problem,
};

/// Asks each part what would be written to it.
pub async fn foresee(context: &Context, install: &PluginInstall, valid: &Valid) -> Ahead {
    let mut ahead = Ahead::default();
    let turn = foresee_turn(context, install, valid).await;
    ahead.credentials = turn.as_ref().ok().and_then(|(turn, found)| replaced(turn, found));
    let turn = turn.map(|(turn, _)| turn);
    let observed = observe(context, install, valid, &turn).await;
    let record = Record::new(valid.drift, install.status.as_ref().map(|status| &status.applied));
    let with = With { settings: &context.settings, keys: &context.keys, now: Timestamp::now() };
    let members = observed.database.as_ref().map(|seen| seen.members().to_vec()).unwrap_or_default();
    ahead.moves = moves(valid, &members);
    if let Plan::Serve(plan) = plan(install, valid, turn, observed, with, &record) {
        Box::pin(parts(context, valid, *plan, &mut ahead)).await;
    }
    ahead
}

async fn parts(context: &Context, valid: &Valid, plan: Serve, ahead: &mut Ahead) {
    let Serve { database, database_aim, username, sign_in, workload, permissions: (permissions, aim), .. } = plan;
    let found = match (database, database_aim, sign_in) {
        (Ok((desired, seen)), Ok(aim), Ok(sign_in)) => {
            let changes = in_database(context, valid, (&desired, &seen), &username, sign_in).await;
            changes.map(|changes| Would::of(&aim, changes))
        }
        (Err(problem), ..) | (_, Err(problem), _) | (.., Err(problem)) => Err(problem),
    };
    ahead.database = ahead.told("database", found);
    let found = registered(context, valid, &permissions).await.map(|changes| Would::of(&aim, changes));
    // New ones are said one by one.
    ahead.permissions = ahead.told("permissions", found).filter(|would| would.course != Course::Apply);
    let found = match workload {
        Ok((Running { desired, seen, digest: _ }, aim)) => {
            let differences = context.workloads.differences(&desired, &seen);
            let differences = context.tried(System::Workloads, "observe", differences).await;
            differences.map(|changes| Would::of(&aim, changes))
        }
        Err(problem) => Err(problem),
    };
    ahead.workload = ahead.told("workload", found);
}

impl Ahead {
    fn told(&mut self, part: &str, found: Step<Would>) -> Option<Would> {
        match found {
            Ok(would) => Some(would).filter(|would| !would.changes.is_empty()),
            Err(problem) => {
                let problem: Problem = problem.of_part(part);
                // What cannot be reached is in the way of more than one part.
                if !self.problems.iter().any(|other| other.reason == problem.reason && other.system == problem.system) {
                    self.problems.push(problem);
                }
                None
            }
        }
    }
}

async fn in_database(
    context: &Context,
    valid: &Valid,
    (desired, seen): (&plugin::Desired, &plexica_backends::postgres::Observed),
    username: &str,
    (before, now): (Option<SignIn>, SignIn),
) -> Step<Changes> {
    let provisioner = context.databases.get(&valid.placement)?;
    let mut changes = plugin::differences(desired, seen)?;
    for SignIn { login, password } in before.iter().chain([&now]) {
        let seen = observe_login(context, provisioner, login).await?;
        changes.join(login::differences(login, &seen)?);
        let platform = context.databases.default_database()?;
        let differences = credential::differences(platform, username, password);
        changes.join(context.tried(System::Postgres, "observe", differences).await?);
    }
    Ok(changes)
}

async fn registered(context: &Context, valid: &Valid, desired: &permission::Desired) -> Step<Changes> {
    let provisioner = context.databases.get(&valid.placement)?;
    let seen = context.tried(System::Postgres, "observe", permission::observe(provisioner, desired)).await?;
    Ok(permission::differences(desired, &seen))
}

fn replaced(turn: &Turn, found: &Generation) -> Option<String> {
    let next = &turn.generation;
    if next.number > found.number {
        return Some(format!("replace what its workload signs in with by generation {}", next.number));
    }
    (found.previous && !next.previous).then(|| "end what its workload signed in with before".to_owned())
}

/// Whether a login of the other isolation may take the tenant's role.
fn moves(valid: &Valid, members: &[String]) -> bool {
    let other = match valid.isolation {
        Isolation::Shared => Isolation::Dedicated,
        Isolation::Dedicated => Isolation::Shared,
    };
    desired::logins_of(&valid.slug, &valid.manifest.id, other).any(|login| members.contains(&login.name()))
}
