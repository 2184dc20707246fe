//! Whether what was done about a tenant and its install is over, as they and the history tell.

use plexica_crds::{OperationKind, OperationPhase, OperationStatus, plugin_install::UpgradePhase};

use super::Expected;
use crate::world::{Case, World};

pub async fn check(world: &World, case: &Case, expected: Expected) -> Vec<String> {
    match (told(world, case, expected).await, history(world, case).await) {
        (Ok((mut findings, goes_on)), Ok(recorded)) => {
            let running: Vec<&String> = recorded.iter().filter(|(_, runs)| *runs).map(|(id, _)| id).collect();
            if running != goes_on.iter().collect::<Vec<_>>() {
                findings.push(format!("the history has {running:?} under way, and not {goes_on:?}"));
            }
            let untold = recorded.iter().filter(|(id, _)| !world.told.knows(id));
            findings.extend(untold.map(|(id, _)| format!("the history has {id}, of which no status has told")));
            findings
        }
        (told, history) => [told.err(), history.err().map(|error| error.to_string())].into_iter().flatten().collect(),
    }
}

/// What is wrong with what the resources say, and what goes on.
async fn told(world: &World, case: &Case, expected: Expected) -> Result<(Vec<String>, Vec<String>), String> {
    let (mut findings, mut goes_on) = (Vec::new(), Vec::new());
    if matches!(expected, Expected::Retained | Expected::Gone) {
        return Ok((findings, goes_on));
    }
    let install = world.install(case).await?.status.unwrap_or_default();
    let bakes = install.upgrade.as_ref().is_some_and(|upgrade| upgrade.phase == UpgradePhase::Baking);
    let tenant = world.tenant(case).await?.status.and_then(|status| status.operation);
    for (of_install, operation) in [(false, tenant), (true, install.operation)] {
        let Some(operation) = operation else {
            findings.push(format!("nothing was ever done about it (install: {of_install})"));
            continue;
        };
        let OperationStatus { id, kind, phase, steps, .. } = operation;
        match phase {
            OperationPhase::Succeeded => {}
            // It has served, and is still watched.
            OperationPhase::Running if of_install && bakes && kind == OperationKind::Upgrade => goes_on.push(id),
            phase => findings.push(format!("{kind:?} is {phase:?}: {steps:?}")),
        }
    }
    Ok((findings, goes_on))
}

/// Ids of all that was recorded, and whether it goes on.
async fn history(world: &World, case: &Case) -> Result<Vec<(String, bool)>, sqlx::Error> {
    let query = "SELECT id, phase = 'Running' FROM core.operation WHERE tenant = $1 ORDER BY id";
    let mut superuser = world.database.connect().await;
    sqlx::query_as(query).bind(case.slug.as_str()).fetch_all(&mut superuser).await
}
