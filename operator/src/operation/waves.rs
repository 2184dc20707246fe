//! A version that comes to its tenants in waves, as one operation. It follows from where its rollout stands, which
//! is about to be written beside it.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_crds::{
    OperationKind, OperationPhase, OperationStatus, OperationStep, Plugin, StepPhase,
    plugin::{RolloutPhase, RolloutStatus},
};

use super::next::{begin, progress};

/// The waves: those that go first come to the version, prove it, and all others follow.
const WAVES: [&str; 3] = ["Canary", "Bake", "Others"];

/// The operation that belongs into the status beside that rollout, and why the entry itself cannot be, if so.
pub fn next(
    plugin: &Plugin,
    (rollout, refused): (Option<&RolloutStatus>, Option<&str>),
    id: impl FnOnce() -> String,
    now: Timestamp,
) -> Option<OperationStatus> {
    let last = plugin.status.as_ref().and_then(|status| status.operation.as_ref());
    let goes_on = last.filter(|last| last.phase.goes_on());
    let Some(rollout) = rollout.filter(|rollout| is_in_waves(plugin, rollout)) else {
        let ended = goes_on.map(|last| OperationStatus {
            phase: OperationPhase::Superseded,
            completed_at: Some(Time(now)),
            ..last.clone()
        });
        return ended.or_else(|| last.cloned());
    };
    let is_open = rollout.phase == RolloutPhase::Open;
    let is_complete = rollout.phase != RolloutPhase::Stopped && is_idle(rollout);
    let begun = match (goes_on, last) {
        (Some(last), _) => last.clone(),
        // Who comes to a version that is open to all is no rollout of it.
        (None, Some(last)) if last.phase == OperationPhase::Succeeded && is_open => return Some(last.clone()),
        (None, last) if is_complete || refused.is_some() => return last.cloned(),
        (None, _) => begin(OperationKind::Rollout, id(), now),
    };
    let phase = match rollout.phase {
        _ if refused.is_some() => OperationPhase::Failed,
        RolloutPhase::Stopped => OperationPhase::Failed,
        _ if is_complete => OperationPhase::Succeeded,
        RolloutPhase::Open | RolloutPhase::Canary => OperationPhase::Running,
    };
    let resumed = begun.phase == OperationPhase::Failed && phase != OperationPhase::Failed;
    // It failed once, however often that is looked at.
    let since = begun.completed_at.filter(|_| begun.phase == phase).unwrap_or(Time(now));
    let was_open = plugin
        .status
        .as_ref()
        .and_then(|last| last.rollout.as_ref())
        .is_some_and(|last| last.phase == RolloutPhase::Open);
    let steps = steps((rollout, refused, is_complete), was_open, &begun.steps);
    Some(OperationStatus {
        phase,
        generation: plugin.metadata.generation,
        completed_at: (phase != OperationPhase::Running).then_some(since),
        retries: begun.retries + i64::from(resumed),
        progress: progress(&steps),
        steps,
        ..begun
    })
}

/// Whether it is to reach anybody who waits for others.
fn is_in_waves(plugin: &Plugin, rollout: &RolloutStatus) -> bool {
    let has_canary = plugin.spec.rollout.as_ref().is_some_and(|rollout| rollout.canary.is_some());
    let leaves = plugin.metadata.deletion_timestamp.is_some() || plugin.spec.yanked.is_some();
    has_canary && !leaves && rollout.total > 0
}

/// Whether nobody is to come to it, and nobody proves it.
fn is_idle(rollout: &RolloutStatus) -> bool {
    let bakes = rollout.phase == RolloutPhase::Canary && rollout.baking_since.is_some();
    rollout.migrated >= rollout.total && !bakes
}

/// Each wave; the one that it has come to says the rest.
fn steps(
    (rollout, refused, is_complete): (&RolloutStatus, Option<&str>, bool),
    was_open: bool,
    last: &[OperationStep],
) -> Vec<OperationStep> {
    let is_there = rollout.baking_since.is_some();
    // A rollout that stopped does not say whether that was before it opened: what was told of it before does.
    let had_baked = was_open || last.iter().any(|step| step.name == WAVES[1] && step.phase == StepPhase::Done);
    let is_open = rollout.phase == RolloutPhase::Open;
    let has_stopped = rollout.phase == RolloutPhase::Stopped;
    let has_baked = is_open || has_stopped && is_there && had_baked;
    let done = [is_there || is_open || is_complete, has_baked || is_complete, is_complete];
    let at = done.iter().position(|done| !done);
    let step = |(nth, (name, done)): (usize, (&str, bool))| {
        let is_at = at == Some(nth);
        let phase = match done {
            true => StepPhase::Done,
            false if is_at && (has_stopped || refused.is_some()) => StepPhase::Failed,
            false => StepPhase::Waiting,
        };
        let message = if is_at { refused.unwrap_or(&rollout.message) } else { "" };
        OperationStep { name: name.to_owned(), phase, message: message.to_owned() }
    };
    WAVES.into_iter().zip(done).enumerate().map(step).collect()
}

#[cfg(test)]
#[path = "waves_tests.rs"]
mod tests;
