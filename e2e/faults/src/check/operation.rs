//! Whether what was done about a tenant and its install is over, as they and the history tell.

use plexica_crds::{OperationPhase, OperationStatus};

use crate::world::{Case, World};

pub async fn check(world: &World, case: &Case) -> Vec<String> {
    let tenant = world.tenants().get_opt(case.slug.as_str()).await.ok().flatten();
    let install = world.installs().get_opt(&World::install_name(case)).await.ok().flatten();
    let told =
        [tenant.and_then(|tenant| tenant.status?.operation), install.and_then(|install| install.status?.operation)];
    let mut findings: Vec<String> = told.iter().flatten().filter_map(unfinished).collect();
    findings.extend(history(world, case).await.unwrap_or_else(|error| vec![format!("no history: {error}")]));
    findings
}

fn unfinished(operation: &OperationStatus) -> Option<String> {
    let over = operation.phase == OperationPhase::Succeeded && operation.completed_at.is_some();
    (!over).then(|| format!("{:?} is {:?}: {:?}", operation.kind, operation.phase, operation.steps))
}

async fn history(world: &World, case: &Case) -> Result<Vec<String>, sqlx::Error> {
    let query = "SELECT format('%s %s is %s in the history', operation ->> 'kind', id, phase) FROM core.operation
                 WHERE tenant = $1 AND phase = 'Running'";
    let mut superuser = world.database.connect().await;
    sqlx::query_scalar(query).bind(case.slug.as_str()).fetch_all(&mut superuser).await
}
