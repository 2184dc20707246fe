//! How often a plugin's workloads were started again.

use plexica_contract::name::PluginVersion;

use super::Provisioner;
use super::failure::failure;
use crate::{Changes, Result};

/// How often it was.
pub async fn count(provisioner: &Provisioner, username: &str, version: &PluginVersion) -> Result<i64> {
    let found = sqlx::query_scalar("SELECT restarts FROM core.workload_restart WHERE username = $1 AND version = $2")
        .bind(username)
        .bind(version.to_string())
        .fetch_optional(provisioner.pool())
        .await;
    Ok(found.map_err(failure(&format!("read how often {username} was started again")))?.unwrap_or_default())
}

/// Records one more than `from`; nothing if that is not what is recorded any more, since another operator
/// was faster.
pub async fn advance(provisioner: &Provisioner, username: &str, version: &PluginVersion, from: i64) -> Result<Changes> {
    let wrote = sqlx::query(
        "INSERT INTO core.workload_restart AS known (username, version, restarts) VALUES ($1, $2, $3 + 1)
         ON CONFLICT (username, version) DO UPDATE SET restarts = excluded.restarts WHERE known.restarts = $3",
    )
    .bind(username)
    .bind(version.to_string())
    .bind(from)
    .execute(provisioner.pool())
    .await
    .map_err(failure(&format!("record that {username} is started again")))?
    .rows_affected();
    Ok((0..wrote).map(|_| format!("recorded that the workload of {username} {version} is started again")).collect())
}

/// Forgets how often the user's workloads were.
pub async fn retire(provisioner: &Provisioner, username: &str) -> Result<Changes> {
    let removed = sqlx::query("DELETE FROM core.workload_restart WHERE username = $1")
        .bind(username)
        .execute(provisioner.pool())
        .await
        .map_err(failure(&format!("forget how often {username} was started again")))?
        .rows_affected();
    Ok((0..removed).map(|_| format!("forgot how often {username} was started again")).collect())
}
