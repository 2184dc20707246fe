//! Credentials of workloads for the core API: only their digests are stored.

use super::Provisioner;
use super::failure::failure;
use super::scram::digest;
use crate::{Changes, Generation, Result, Secret};

/// Stores the digest of the user's password beside those it has: two versions of a plugin run side
/// by side during an upgrade.
pub async fn ensure(provisioner: &Provisioner, username: &str, password: &Secret) -> Result<Changes> {
    let changes = differences(provisioner, username, password).await?;
    if changes.is_empty() {
        return Ok(changes);
    }
    let doing = format!("store the credential of {username}");
    sqlx::query("INSERT INTO core.plugin_credential (username, sha256) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(username)
        .bind(digest(password))
        .execute(provisioner.pool())
        .await
        .map_err(failure(&doing))?;
    Ok(changes)
}

/// What [`ensure`] would write.
pub async fn differences(provisioner: &Provisioner, username: &str, password: &Secret) -> Result<Changes> {
    let known: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM core.plugin_credential WHERE username = $1 AND sha256 = $2)")
            .bind(username)
            .bind(digest(password))
            .fetch_one(provisioner.pool())
            .await
            .map_err(failure(&format!("read the credential of {username}")))?;
    Ok(if known { Changes::none() } else { Changes::from_iter([format!("stored a credential of {username}")]) })
}

/// Removes the user's credentials except those of the passwords in `keep`.
pub async fn retire(provisioner: &Provisioner, username: &str, keep: &[Secret]) -> Result<Changes> {
    let keep: Vec<Vec<u8>> = keep.iter().map(digest).collect();
    let removed = sqlx::query("DELETE FROM core.plugin_credential WHERE username = $1 AND sha256 <> ALL ($2)")
        .bind(username)
        .bind(keep)
        .execute(provisioner.pool())
        .await
        .map_err(failure(&format!("remove credentials of {username}")))?
        .rows_affected();
    Ok((0..removed).map(|_| format!("removed a credential of {username}")).collect())
}

/// Removes the user's credentials except those of the passwords in `keep`, unless another generation than
/// `known` is in force by now: what is to be kept is not known then.
pub async fn settle(provisioner: &Provisioner, username: &str, keep: &[Secret], known: &Generation) -> Result<Changes> {
    let keep: Vec<Vec<u8>> = keep.iter().map(digest).collect();
    let doing = format!("remove credentials of {username}");
    // Each look at each install comes here: what writes nothing is not to begin to write.
    let more = "SELECT EXISTS (SELECT FROM core.plugin_credential WHERE username = $1 AND sha256 <> ALL ($2))";
    let more = sqlx::query_scalar(more).bind(username).bind(&keep).fetch_one(provisioner.pool()).await;
    if !more.map_err(failure(&doing))? {
        return Ok(Changes::none());
    }
    // A generation is recorded before it has credentials, so that no statement sees these alone.
    let removed = sqlx::query(
        "DELETE FROM core.plugin_credential WHERE username = $1 AND sha256 <> ALL ($2) AND NOT EXISTS (
             SELECT FROM core.credential_generation WHERE username = $1 AND (generation, previous) <> ($3, $4))",
    )
    .bind(username)
    .bind(keep)
    .bind(i64::from(known.number))
    .bind(known.previous)
    .execute(provisioner.pool())
    .await
    .map_err(failure(&doing))?
    .rows_affected();
    Ok((0..removed).map(|_| format!("removed a credential of {username}")).collect())
}
