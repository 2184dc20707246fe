//! What of the plan is there. Reads only.

use plexica_backends::{System, workloads::Counts};

use super::{Change, Observed, objects, usage};
use crate::{context::Context, tenant::validate::Valid};

/// Reads what the change has to do with: while the plan in force is the one of the spec and says nothing of
/// the namespace, that is nothing.
pub async fn observe(context: &Context, valid: &Valid, change: Change) -> Observed {
    let usage = usage::read(context, valid, &change);
    let objects = async {
        // Only a cluster counts what runs in a namespace.
        if context.settings.counts != Counts::Pods || !change.reaches_namespace() {
            return None;
        }
        let found = objects::observe(&context.client, &valid.namespace);
        Some(context.tried(System::Kubernetes, "observe", found).await)
    };
    let (usage, objects) = futures::join!(usage, objects);
    Observed { change, usage, objects }
}
