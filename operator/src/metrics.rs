//! What is counted.

use std::time::Duration;

use plexica_backends::System;
use plexica_crds::Reason;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// Which kind of resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

/// Which kind, and why it was not ready.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReason {
    kind: &'static str,
    reason: &'static str,
}

/// Which outside system.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfBackend {
    backend: &'static str,
    verb: &'static str,
    outcome: &'static str,
}

/// Which part of which kind, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPart {
    kind: String,
    part: String,
    outcome: &'static str,
}

/// Counters of the operator; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    reconciles: Family<OfKind, Counter>,
    problems: Family<OfReason, Counter>,
    durations: Family<OfKind, Histogram, fn() -> Histogram>,
    calls: Family<OfBackend, Counter>,
    changes: Family<OfBackend, Counter>,
    drift: Family<OfPart, Counter>,
}

impl Metrics {
    /// Counters that the registry shows.
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            reconciles: Family::default(),
            problems: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.002, 2.0, 14))),
            calls: Family::default(),
            changes: Family::default(),
            drift: Family::default(),
        };
        let registry = registry.sub_registry_with_prefix("plexica_operator");
        registry.register("reconciles", "Reconciles by kind", metrics.reconciles.clone());
        registry.register("problems", "Reconciles that ended without Ready, by reason", metrics.problems.clone());
        registry.register("reconcile_duration_seconds", "Duration of a reconcile", metrics.durations.clone());
        registry.register("backend_calls", "Verbs called at outside systems", metrics.calls.clone());
        registry.register("backend_changes", "Writes to outside systems", metrics.changes.clone());
        registry.register("drift", "Looks that found a part changed by somebody else", metrics.drift.clone());
        metrics
    }

    /// A part was found changed behind the operator's back.
    pub fn drifted(&self, kind: &str, part: &str, outcome: &'static str) {
        self.drift.get_or_create(&OfPart { kind: kind.into(), part: part.into(), outcome }).inc();
    }

    /// One reconcile ended.
    pub fn reconciled(&self, kind: &'static str, took: Duration, problem: Option<Reason>) {
        self.reconciles.get_or_create(&OfKind { kind }).inc();
        self.durations.get_or_create(&OfKind { kind }).observe(took.as_secs_f64());
        if let Some(reason) = problem {
            self.problems.get_or_create(&OfReason { kind, reason: reason.as_str() }).inc();
        }
    }

    /// A verb of a backend was called.
    pub fn called<T>(&self, system: System, verb: &'static str, result: &plexica_backends::Result<T>) {
        let outcome = if result.is_ok() { "ok" } else { "error" };
        self.calls.get_or_create(&OfBackend { backend: system.as_str(), verb, outcome }).inc();
    }

    /// A backend wrote this much.
    pub fn changed(&self, system: System, count: u64) {
        self.changes
            .get_or_create(&OfBackend { backend: system.as_str(), verb: "ensure", outcome: "ok" })
            .inc_by(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dashboard_asks_for_what_there_is() {
        let mut registry = Registry::default();
        let metrics = Metrics::new(&mut registry);
        metrics.reconciled("Tenant", Duration::from_millis(1), Some(Reason::Conflict));
        metrics.called(System::Postgres, "observe", &Ok(()));
        metrics.changed(System::Postgres, 1);
        metrics.drifted("Tenant", "schema", "repaired");
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        plexica_testkit::dashboard::asks_for_what_there_is("plexica_operator_", 6, &text);
    }
}
