//! What `/metrics` tells.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    target: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Counts fetches of realms' keys.
#[derive(Clone, Debug, Default)]
pub struct Fetches(Family<Outcome, Counter>);

impl Fetches {
    /// One more.
    pub fn count(&self, good: bool) {
        let outcome = if good { "success" } else { "failure" };
        self.0.get_or_create(&Outcome { outcome }).inc();
    }
}

/// All of the gateway's metrics.
#[derive(Debug)]
pub struct Metrics {
    requests: Family<Request, Counter>,
    duration: Histogram,
    refused: Family<Reason, Counter>,
    upstream_failures: Family<Reason, Counter>,
    /// Connections that are open.
    pub connections: Gauge,
    /// Routes in the snapshot.
    pub routes: Gauge,
    /// Realms in the snapshot.
    pub realms: Gauge,
    /// Fetches of realms' keys.
    pub fetches: Fetches,
}

impl Metrics {
    /// All at zero, registered.
    pub fn new(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("plexica_gateway");
        let buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
        let metrics = Self {
            requests: Family::default(),
            duration: Histogram::new(buckets),
            refused: Family::default(),
            upstream_failures: Family::default(),
            connections: Gauge::default(),
            routes: Gauge::default(),
            realms: Gauge::default(),
            fetches: Fetches::default(),
        };
        registry.register("requests", "Requests answered", metrics.requests.clone());
        registry.register("request_duration_seconds", "Until the head of the answer", metrics.duration.clone());
        registry.register("tokens_refused", "Tokens refused", metrics.refused.clone());
        registry.register("upstream_failures", "Requests without an answer", metrics.upstream_failures.clone());
        registry.register("connections", "Open connections", metrics.connections.clone());
        registry.register("routes", "Routes to plugins", metrics.routes.clone());
        registry.register("realms", "Realms whose tokens are taken", metrics.realms.clone());
        registry.register("key_fetches", "Fetches of realms' keys", metrics.fetches.0.clone());
        metrics
    }

    /// A request was answered.
    pub fn answered(&self, target: String, status: u16, after: Duration) {
        self.requests.get_or_create(&Request { target, status }).inc();
        self.duration.observe(after.as_secs_f64());
    }

    /// A token was refused.
    pub fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }

    /// An upstream did not answer.
    pub fn upstream_failed(&self, reason: &'static str) {
        self.upstream_failures.get_or_create(&Reason { reason }).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dashboard_asks_for_what_there_is() {
        let mut registry = Registry::default();
        let metrics = Metrics::new(&mut registry);
        metrics.answered("core-api".into(), 200, Duration::from_millis(1));
        metrics.refused("expired");
        metrics.upstream_failed("timeout");
        metrics.fetches.count(true);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        plexica_testkit::dashboard::asks_for_what_there_is("plexica_gateway_", 8, &text);
    }
}
