//! What the operators said: no secret, no panic, and no complaint that nothing explains.

use crate::world::{Violation, World, fails};

/// How it is said that a connection or an answer of Postgres was long in coming.
const BUSY: [&str; 2] = ["sqlx::pool::acquire: acquired connection, but", "sqlx::query: slow statement"];

/// Libraries say so of each call that failed, before the operator knows what to make of it.
const LIBRARY: [&str; 2] = [" kube_client::", " kube_lease_manager::"];

/// How it is said that something is somebody else's, which nothing of a run's tenants is.
const FOREIGN: [&str; 4] =
    ["carries no ownership mark", "of the installation", "adoptionPolicy is Never", "so that its mark does not count"];

/// Which complaints a family brings about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// None: nothing fails but the operator.
    Quiet,
    /// Warnings of systems that do not answer or refuse.
    Trouble,
    /// All that a plugin says that has lost its platform and its database.
    Loss,
}

/// Reads the whole log.
///
/// # Errors
/// The first lines that should not be there.
pub fn clean(world: &World, expected: Expectation) -> Result<(), Violation> {
    let (log, plugins, secrets) = (world.log(), world.plugins_log(), world.secrets());
    let told = log.lines().filter(|line| !world.was_told_to_fail(line));
    let of_operators = told.filter_map(|line| finding(line, &secrets, expected));
    // Plugins lose their platform and their database whenever the operator or a proxy goes.
    let of_plugins = plugins.lines().filter_map(|line| finding(line, &secrets, Expectation::Loss));
    let bad: Vec<String> = of_operators.chain(of_plugins).take(10).collect();
    if bad.is_empty() { Ok(()) } else { fails(format!("the log: {}", bad.join(" | "))) }
}

fn finding(line: &str, secrets: &[String], expected: Expectation) -> Option<String> {
    if secrets.iter().any(|secret| line.contains(secret.as_str())) {
        return Some("a line holds a secret".into());
    }
    // That Postgres was waited for tells of a busy machine, not of the operator.
    let busy = BUSY.iter().any(|told| line.contains(told));
    let (warns, fails) = (line.contains(" WARN "), line.contains(" ERROR "));
    let expects = match expected {
        Expectation::Quiet => false,
        Expectation::Trouble => {
            (!fails || LIBRARY.iter().any(|said| line.contains(said)))
                && !FOREIGN.iter().any(|told| line.contains(told))
        }
        Expectation::Loss => true,
    };
    let told = line.contains("panicked at") || ((warns || fails) && !busy && !expects);
    told.then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found() {
        let secrets = ["hush".to_owned()];
        for (line, quiet, trouble, loss) in [
            ("2026 INFO reconciled", false, false, false),
            ("2026 WARN Keycloak: no answer", true, false, false),
            ("2026 WARN reconcile: sqlx::pool::acquire: acquired connection, but time to acquire", false, false, false),
            ("2026 ERROR a task ended by itself", true, true, false),
            ("2026 ERROR reconcile{name=x}: kube_client::client::builder: failed with error", true, false, false),
            ("2026 WARN realm x exists and carries no ownership mark of Plexica", true, true, false),
            ("2026 INFO password hush", true, true, true),
            ("thread 'main' panicked at src/x.rs", true, true, true),
        ] {
            assert_eq!(finding(line, &secrets, Expectation::Quiet).is_some(), quiet, "{line}");
            assert_eq!(finding(line, &secrets, Expectation::Trouble).is_some(), trouble, "{line}");
            assert_eq!(finding(line, &secrets, Expectation::Loss).is_some(), loss, "{line}");
        }
    }
}
