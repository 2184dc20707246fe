//! Telling people and counting.

use kube::Resource;
use plexica_crds::Reason;

use super::{Difference, Drift};
use crate::{
    context::Context,
    resource::{Note, publish},
};

/// Publishes an Event for each part that was repaired, and counts it and those that were left.
pub async fn tell<K: Resource<DynamicType = ()>>(context: &Context, object: &K, drift: &Drift) {
    let kind = K::kind(&());
    for Difference { part, .. } in &drift.kept {
        context.metrics.drifted(&kind, part, "kept");
    }
    let mut notes = Vec::new();
    for Difference { part, changes } in &drift.repaired {
        context.metrics.drifted(&kind, part, "repaired");
        let reason = Reason::DriftRepaired.to_string();
        notes.push(Note { warning: false, reason, text: format!("{part}: {changes}") });
    }
    publish(&context.recorder, object, notes).await;
}
