//! What `/metrics` tells.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    method: String,
    path: String,
    status: u16,
}

/// Counts and times requests.
#[derive(Clone, Debug)]
pub struct Metrics {
    requests: Family<Request, Counter>,
    duration: Histogram,
}

impl Metrics {
    /// All at zero, registered.
    pub fn new(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("plexica_core_api");
        let buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
        let metrics = Self { requests: Family::default(), duration: Histogram::new(buckets) };
        registry.register("requests", "Requests answered", metrics.requests.clone());
        registry.register("request_duration_seconds", "Until the head of the answer", metrics.duration.clone());
        metrics
    }

    /// A request was answered. The path is the route's, so that there are few.
    pub fn answered(&self, method: &str, path: &str, status: u16, after: Duration) {
        let method =
            if matches!(method, "GET" | "POST" | "PATCH" | "DELETE" | "PUT" | "HEAD") { method } else { "other" };
        self.requests.get_or_create(&Request { method: method.into(), path: path.into(), status }).inc();
        self.duration.observe(after.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dashboard_asks_for_what_there_is() {
        let mut registry = Registry::default();
        let metrics = Metrics::new(&mut registry);
        metrics.answered("GET", "/api/v1/tenants", 200, Duration::from_millis(1));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        plexica_testkit::dashboard::asks_for_what_there_is("plexica_core_api_", 2, &text);
    }
}
