//! Versions that need each other, so that none could be the first.

use std::collections::BTreeSet;

use super::{On, Release};

/// The circle that `start` closes among `others`, as people read it: `a 1.0.0 → b ^1, b 1.0.0 → a ^1`.
pub fn circle<'a>(start: &'a Release, others: &[&'a Release]) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut links = Vec::new();
    leads_back(start, start, others, &mut seen, &mut links).then(|| links.join(", "))
}

fn leads_back<'a>(
    at: &'a Release,
    start: &'a Release,
    others: &[&'a Release],
    seen: &mut BTreeSet<&'a str>,
    links: &mut Vec<String>,
) -> bool {
    for need in at.needs.iter().filter(|need| !need.optional) {
        links.push(format!("{at} → {need}"));
        let back = match &need.on {
            On::Plugin(id) => *id == start.id,
            // Somebody else may provide it, too.
            On::Interface(_) => need.met_by(start) && !others.iter().any(|other| need.met_by(other)),
        };
        if back {
            return true;
        }
        let next = others.iter().copied().filter(|other| need.concerns(other) && other.id != start.id);
        for other in next {
            if seen.insert(&other.id) && leads_back(other, start, others, seen, links) {
                return true;
            }
        }
        links.pop();
    }
    false
}

/// Whether a version needs the other, by itself or by way of others.
pub fn relies_on<'a>(release: &'a Release, on: &Release, others: &[&'a Release]) -> bool {
    let mut seen = BTreeSet::from([release.id.as_str()]);
    let mut next = vec![release];
    while let Some(at) = next.pop() {
        for need in at.needs.iter().filter(|need| !need.optional) {
            if need.met_by(on) {
                return true;
            }
            next.extend(others.iter().filter(|other| need.met_by(other) && seen.insert(&other.id)));
        }
    }
    false
}
