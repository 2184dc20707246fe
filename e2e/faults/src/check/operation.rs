//! Whether what was done about a tenant and its install is over, as they and the history tell, and whether the history
//! tells of its plugin's rollouts what the catalogue does.

use kube::{Api, api::ListParams};
use plexica_crds::{OperationKind, OperationPhase, OperationStatus, Plugin, plugin_install::UpgradePhase};

use super::Expected;
use crate::world::{Case, LABEL, World};

pub async fn check(world: &World, case: &Case, expected: Expected) -> Vec<String> {
    match (told(world, case, expected).await, history(world, case).await) {
        (Ok((mut findings, mut goes_on)), Ok(recorded)) => {
            goes_on.sort_unstable();
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
    let (mut findings, mut goes_on) = (Vec::new(), rollouts(world, case).await?);
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

/// The rollouts of its plugin that go on, since those who are to come to them do not yet.
async fn rollouts(world: &World, case: &Case) -> Result<Vec<String>, String> {
    let plugins = Api::<Plugin>::all(world.client.clone());
    let mine = ListParams::default().labels(&format!("{LABEL}={}", world.name));
    let entries = plugins.list(&mine).await.map_err(|error| error.to_string())?;
    let of_it = entries.into_iter().filter(|entry| entry.spec.id == case.plugin.as_str());
    let told = of_it.filter_map(|entry| entry.status?.operation);
    Ok(told.filter(|rollout| rollout.phase == OperationPhase::Running).map(|rollout| rollout.id).collect())
}

/// Ids of all that was recorded of both and of the plugin's versions, and whether it goes on.
async fn history(world: &World, case: &Case) -> Result<Vec<(String, bool)>, sqlx::Error> {
    let query = "SELECT id, phase = 'Running' FROM core.operation
                 WHERE tenant = $1 OR tenant IS NULL AND resource = 'Plugin' AND starts_with(name, $2)
                 ORDER BY id";
    let mut superuser = world.database.connect().await;
    let versions = format!("{}-", case.plugin);
    sqlx::query_as(query).bind(case.slug.as_str()).bind(versions).fetch_all(&mut superuser).await
}
