//! The chart's dashboard for Grafana.

use std::collections::BTreeSet;

const DASHBOARD: &str = include_str!("../../charts/plexica/dashboards/plexica.json");

/// That each metric it asks for whose name begins so is in what a service tells, in the format of Prometheus.
///
/// # Panics
/// When one is not there, or it asks for fewer than `least`.
pub fn asks_for_what_there_is(prefix: &str, least: usize, told: &str) {
    let asked = metrics(prefix);
    assert!(asked.len() >= least, "{asked:?}");
    for name in asked {
        assert!(told.contains(&format!("\n{name}")), "{name} is not in:\n{told}");
    }
}

fn metrics(prefix: &str) -> BTreeSet<&'static str> {
    let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let names = DASHBOARD.match_indices(prefix).filter_map(|(at, _)| DASHBOARD[at..].split(is_end).next());
    names.collect()
}
