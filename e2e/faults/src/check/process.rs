//! What runs of a plugin.

use super::{Expected, Owners, logins};
use crate::world::{Case, World};

/// What runs although nobody is served by it, or with another tenant's rights. Processes are children of their
/// operator: of two, each has its own, and nobody runs more than one with them.
pub fn check(world: &World, case: &Case, expected: Expected, owners: &Owners) -> Vec<String> {
    if world.operators() != 1 {
        return Vec::new();
    }
    let running = world.logins_of_processes(&case.plugin);
    let wanted =
        if matches!(expected, Expected::Running { .. }) { logins(case, owners.isolation).to_vec() } else { Vec::new() };
    let odd: Vec<&String> = running.iter().filter(|login| !wanted.contains(login)).collect();
    let mut findings = Vec::new();
    if !odd.is_empty() {
        findings.push(format!("the plugin {} still runs as {odd:?}", case.plugin));
    }
    if running.is_empty() && !wanted.is_empty() {
        findings.push(format!("no process of the plugin {} runs", case.plugin));
    }
    findings
}
