//! Which generation of credentials the install's workload has. Its record is written before anything
//! else of a rotation.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use plexica_backends::{Generation, System, postgres::generation};
use plexica_crds::{CredentialStatus, PluginInstall, plugin_install::Isolation};

use super::{Step, configuration::wants_restart, desired, restart, sweep::settled, upgrade::kept, validate::Valid};
use crate::{
    context::Context,
    resource::{Note, has_left},
    rotation::{Due, ended, rotated, status},
};

/// The generation in force, and what was done about it.
#[derive(Clone, Debug)]
pub struct Turn {
    /// In force.
    pub generation: Generation,
    /// How often the workload was started again with what it has.
    pub restarts: i64,
    /// Whether that was wanted, and is begun.
    pub begun: bool,
    /// What is told of it.
    pub told: CredentialStatus,
    /// What was done.
    pub note: Option<Note>,
    /// When something is due next.
    pub look_at: Option<Timestamp>,
}

/// Reads which generation is in force, and records the next one, or the end of the one before, if that
/// is due.
pub async fn turn(context: &Context, install: &PluginInstall, valid: &Valid) -> Step<Turn> {
    let (restarts, begun) = restart::turn(context, install, valid).await?;
    let found = find(context, valid).await?;
    let (born, now) = (born(install), Timestamp::now());
    let Some((next, note)) = due(context, install, valid, &found, now) else {
        let look_at = valid.rotation.look_again(&found, born, now);
        let told = status(&found, &valid.rotation);
        return Ok(Turn { told, generation: found, restarts, begun, note: None, look_at });
    };
    let username = desired::username(&valid.slug, &valid.manifest.id, valid.isolation);
    let advanced = generation::advance(context.databases.default_database()?, &username, &found, &next);
    let changes = context.tried(System::Postgres, "ensure", advanced).await?;
    context.wrote(System::Postgres, &changes);
    // Another operator may have been faster.
    let (generation, note) = if changes.is_empty() { (find(context, valid).await?, None) } else { (next, note) };
    let look_at = valid.rotation.look_again(&generation, born, now);
    Ok(Turn { told: status(&generation, &valid.rotation), generation, restarts, begun, note, look_at })
}

/// The turn that would be taken, and which generation is in force until then. Reads only.
pub async fn foresee(context: &Context, install: &PluginInstall, valid: &Valid) -> Step<(Turn, Generation)> {
    let restarts = restart::restarts(context, valid).await?;
    let found = find(context, valid).await?;
    let due = due(context, install, valid, &found, Timestamp::now());
    let (generation, note) = due.unwrap_or_else(|| (found.clone(), None));
    let begun = valid.enabled && wants_restart(install, valid);
    let told = status(&generation, &valid.rotation);
    let restarts = restarts + i64::from(begun);
    Ok((Turn { told, generation, restarts, begun, note, look_at: None }, found))
}

async fn find(context: &Context, valid: &Valid) -> Step<Generation> {
    let username = desired::username(&valid.slug, &valid.manifest.id, valid.isolation);
    let platform = context.databases.default_database()?;
    context.tried(System::Postgres, "observe", generation::find(platform, &username)).await
}

fn born(install: &PluginInstall) -> Option<Timestamp> {
    install.metadata.creation_timestamp.as_ref().map(|born| born.0)
}

/// The generation that comes after the one that was found, if it is time for that, and what is said of it.
fn due(
    context: &Context,
    install: &PluginInstall,
    valid: &Valid,
    found: &Generation,
    now: Timestamp,
) -> Option<(Generation, Option<Note>)> {
    let sharers = || sharers(install, valid, &context.installs.state());
    match valid.rotation.due(found, born(install), now) {
        // What does not serve yet, or not any more, has nothing that could be replaced.
        Due::Rotate if valid.enabled && serves(install) => {
            let next = found.next(valid.rotation.requests.clone(), now);
            let note = rotated("workload", next.number, valid.rotation.until(&next));
            Some((next, Some(note)))
        }
        // Nobody signs in yet: what comes up has the next one from the start, and no other beside it. Not
        // the one there is: it may be that of an install that is gone, which somebody asked to replace.
        Due::Rotate if valid.enabled && is_new(install) && sharers().iter().all(|other| is_new(other)) => {
            Some((found.next(valid.rotation.requests.clone(), now).alone(), None))
        }
        Due::End if !in_use(install, &sharers(), found.number) => {
            Some((found.alone(), Some(ended("workload", found.number))))
        }
        Due::Rotate | Due::End | Due::Nothing => None,
    }
}

/// Those that sign in like the install, besides itself.
fn sharers(install: &PluginInstall, valid: &Valid, all: &[Arc<PluginInstall>]) -> Vec<Arc<PluginInstall>> {
    let shares = |other: &&Arc<PluginInstall>| {
        valid.isolation == Isolation::Shared
            // One that is to have its own may still be served by the shared one.
            && (other.spec.isolation == Isolation::Shared || !settled(other))
            && other.spec.plugin.id == valid.manifest.id.as_str()
            && other.metadata.uid != install.metadata.uid
            && !has_left(&***other)
    };
    all.iter().filter(shares).cloned().collect()
}

/// Whether requests may still come to a workload that has the generation before.
fn in_use(install: &PluginInstall, sharers: &[Arc<PluginInstall>], number: u32) -> bool {
    let all = || sharers.iter().map(AsRef::as_ref).chain([install]);
    let upstream =
        |install: &PluginInstall| install.status.as_ref()?.route.as_ref().map(|route| route.upstream.clone());
    // Whoever cannot be looked after now tells of what it had then. Where it leads to the same place as one
    // that is looked after, that is what it has.
    let followed: BTreeSet<String> = all().filter(|one| !is_behind(one, number)).filter_map(upstream).collect();
    all().any(|one| {
        // What is kept to go back to has what it was started with.
        let stays = is_behind(one, number) && !upstream(one).is_some_and(|upstream| followed.contains(&upstream));
        serves(one) && (stays || kept(one).is_some())
    })
}

fn is_behind(install: &PluginInstall, number: u32) -> bool {
    let credentials = install.status.as_ref().and_then(|status| status.credentials.as_ref());
    // One that was installed by an earlier release has the first.
    credentials.map_or(1, |credentials| credentials.generation) < i64::from(number)
}

fn is_new(install: &PluginInstall) -> bool {
    install.status.as_ref().is_none_or(|status| status.version.is_none())
}

fn serves(install: &PluginInstall) -> bool {
    install.status.as_ref().is_some_and(|status| status.route.is_some())
}

#[cfg(test)]
#[path = "rotation_tests.rs"]
mod tests;
