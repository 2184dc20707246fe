//! Whether what was done about a tenant and its install is over, as they and the history tell, and whether the history
//! tells of its plugin's rollouts what the catalogue does.

use kube::{Api, api::ListParams};
use plexica_crds::{OperationKind, OperationPhase, OperationStatus, Plugin, plugin_install::UpgradePhase};

use super::Expected;
use crate::world::{Case, World, selector};

pub async fn check(world: &World, case: &Case, expected: Expected) -> Vec<String> {
    match (told(world, case, expected).await, history(world, case).await) {
        (Ok((mut findings, goes_on)), Ok(recorded)) => {
            let running = |id: &String| recorded.iter().any(|known| known.runs && known.id == *id);
            let ended = goes_on.iter().filter(|id| !running(id));
            findings.extend(ended.map(|id| format!("the history does not have {id} under way")));
            let over = recorded.iter().filter(|known| known.runs && !goes_on.contains(&known.id));
            findings.extend(over.map(|known| format!("the history has under way what is not: {}", known.what)));
            let untold = recorded.iter().filter(|known| !world.told.knows(&known.id));
            findings.extend(untold.map(|known| format!("no status has told of what the history has: {}", known.what)));
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
    let mine = ListParams::default().labels(&selector(&world.name));
    let entries = plugins.list(&mine).await.map_err(|error| error.to_string())?;
    let of_it = entries.into_iter().filter(|entry| entry.spec.id == case.plugin.as_str());
    let told = of_it.filter_map(|entry| entry.status?.operation);
    Ok(told.filter(|rollout| rollout.phase == OperationPhase::Running).map(|rollout| rollout.id).collect())
}

/// One that was recorded.
struct Recorded {
    id: String,
    runs: bool,
    /// What of whom, and how it was when that was recorded.
    what: String,
}

/// All that was recorded of both and of the plugin's versions.
async fn history(world: &World, case: &Case) -> Result<Vec<Recorded>, sqlx::Error> {
    let query = "SELECT id, phase = 'Running' AS runs,
                        format('%s of %s %s (%s), at %s: %s', operation->>'kind', resource, name, resource_uid,
                               recorded_at, operation) AS what
                   FROM core.operation
                  WHERE tenant = $1 OR tenant IS NULL AND resource = 'Plugin' AND starts_with(name, $2)";
    let mut superuser = world.database.connect().await;
    let versions = format!("{}-", case.plugin);
    let rows: Vec<(String, bool, String)> =
        sqlx::query_as(query).bind(case.slug.as_str()).bind(versions).fetch_all(&mut superuser).await?;
    Ok(rows.into_iter().map(|(id, runs, what)| Recorded { id, runs, what }).collect())
}
