//! Which generation of credentials the install's workload has. Its record is written before anything
//! else of a rotation.

use jiff::{SignedDuration, Timestamp};
use plexica_backends::{Generation, System, postgres::generation};
use plexica_crds::{CredentialStatus, PluginInstall, plugin_install::Isolation};

use super::{Step, desired, restart, sweep::settled, upgrade::kept, validate::Valid};
use crate::{
    context::Context,
    resource::{Note, has_left},
    rotation::{Due, ended, rotated, status},
};

/// When to look again at a generation that ought to have ended and is still in use.
const HELD: SignedDuration = SignedDuration::from_secs(10);

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
    let username = desired::username(&valid.slug, &valid.manifest.id, valid.isolation);
    let platform = context.databases.default_database()?;
    let find = || context.tried(System::Postgres, "observe", generation::find(platform, &username));
    let found = find().await?;
    let born = install.metadata.creation_timestamp.as_ref().map(|born| born.0);
    let now = Timestamp::now();
    let due = valid.rotation.due(&found, born, now);
    let (next, note) = match due {
        // What does not serve yet, or not any more, has nothing that could be replaced.
        Due::Rotate if valid.enabled && serves(install) => {
            let next = found.next(valid.rotation.requests.clone(), now);
            let note = rotated("workload", next.number, valid.rotation.until(&next));
            (next, note)
        }
        Due::End if !in_use(context, install, valid, found.number) => (found.alone(), ended("workload", found.number)),
        Due::Rotate | Due::End | Due::Nothing => {
            let held = (due == Due::End).then(|| now.checked_add(HELD).ok()).flatten();
            let look_at = held.or_else(|| valid.rotation.next(&found, born).filter(|at| *at > now));
            let told = status(&found, &valid.rotation);
            return Ok(Turn { told, generation: found, restarts, begun, note: None, look_at });
        }
    };
    let advanced = generation::advance(platform, &username, &found, &next);
    let changes = context.tried(System::Postgres, "ensure", advanced).await?;
    context.wrote(System::Postgres, &changes);
    // Another operator may have been faster.
    let (generation, note) = if changes.is_empty() { (find().await?, None) } else { (next, Some(note)) };
    let look_at = valid.rotation.next(&generation, born).filter(|at| *at > now);
    Ok(Turn { told: status(&generation, &valid.rotation), generation, restarts, begun, note, look_at })
}

/// Whether requests may still come to a workload that has the generation before.
fn in_use(context: &Context, install: &PluginInstall, valid: &Valid, number: u32) -> bool {
    let behind = |install: &PluginInstall| {
        let credentials = install.status.as_ref().and_then(|status| status.credentials.as_ref());
        // One that was installed by an earlier release has the first.
        let old = credentials.map_or(1, |credentials| credentials.generation) < i64::from(number);
        // What is kept to go back to has what it was started with.
        serves(install) && (old || kept(install).is_some())
    };
    let shares = |other: &PluginInstall| {
        valid.isolation == Isolation::Shared
            // One that is to have its own may still be served by the shared one.
            && (other.spec.isolation == Isolation::Shared || !settled(other))
            && other.spec.plugin.id == valid.manifest.id.as_str()
            && other.metadata.uid != install.metadata.uid
            && !has_left(other)
    };
    behind(install) || context.installs.state().iter().any(|other| shares(other) && behind(other))
}

fn serves(install: &PluginInstall) -> bool {
    install.status.as_ref().is_some_and(|status| status.route.is_some())
}
