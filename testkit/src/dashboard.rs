//! The chart's dashboard for Grafana.

use std::collections::BTreeSet;

const DASHBOARD: &str = include_str!("../../charts/plexica/dashboards/plexica.json");

/// The metrics that it asks for and whose names begin so.
pub fn metrics(prefix: &str) -> BTreeSet<&'static str> {
    let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let names = DASHBOARD.match_indices(prefix).filter_map(|(at, _)| DASHBOARD[at..].split(is_end).next());
    names.collect()
}
