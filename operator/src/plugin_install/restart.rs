//! Starting a plugin's processes again. How often that was is part of what they are started with, so
//! that others come up beside those that run, as when credentials are rotated.

use plexica_backends::{System, postgres::restart};
use plexica_contract::manifest::Reload;
use plexica_crds::PluginInstall;

use super::{Step, configuration::wants_restart, desired, validate::Valid};
use crate::context::Context;

/// How often it was.
pub async fn restarts(context: &Context, valid: &Valid) -> Step<i64> {
    let reload = valid.manifest.configuration.as_ref().map(|configuration| configuration.reload);
    if reload.unwrap_or_default() == Reload::Live {
        return Ok(0);
    }
    let username = desired::username(&valid.slug, &valid.manifest.id, valid.isolation);
    let platform = context.databases.default_database()?;
    let counted = restart::count(platform, &username, &valid.manifest.version);
    context.tried(System::Postgres, "observe", counted).await
}

/// Records that it is done once more, if that is wanted; how often that makes, and whether it was wanted.
pub async fn turn(context: &Context, install: &PluginInstall, valid: &Valid) -> Step<(i64, bool)> {
    let restarts = restarts(context, valid).await?;
    if !valid.enabled || !wants_restart(install, valid) {
        return Ok((restarts, false));
    }
    let username = desired::username(&valid.slug, &valid.manifest.id, valid.isolation);
    let platform = context.databases.default_database()?;
    let advanced = restart::advance(platform, &username, &valid.manifest.version, restarts);
    let changes = context.tried(System::Postgres, "ensure", advanced).await?;
    context.wrote(System::Postgres, &changes);
    // Another operator may have been faster.
    let restarts = if changes.is_empty() { self::restarts(context, valid).await? } else { restarts + 1 };
    Ok((restarts, true))
}
