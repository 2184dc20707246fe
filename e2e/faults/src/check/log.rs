//! What operators, plugins and services of this process said: no secret, no panic, no complaint that nothing explains.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use super::{key, neighbour};
use crate::{
    heard,
    proxy::{System, Troubles},
    world::{Violation, World, fails},
};

/// How it is said that a connection or an answer of Postgres was long in coming: that tells of a busy machine.
const BUSY: [&str; 2] = ["sqlx::pool::acquire: acquired connection, but", "sqlx::query: slow statement"];

/// Libraries say so of each call that failed, before the operator knows what to make of it.
const LIBRARY: [&str; 2] = [" kube_client::", " kube_lease_manager::"];

/// How it is said that something is somebody else's, which nothing of a run's tenants is, and all that is claimed is.
const FOREIGN: [&str; 4] =
    ["carries no ownership mark", "of the installation", "adoptionPolicy is Never", "so that its mark does not count"];

/// How it is said which system a complaint is about: by its name, by a library that speaks to nothing else, or by what
/// is done with nothing else.
const ABOUT: [(System, &[&str]); 4] = [
    (System::Postgres, &["Postgres", "sqlx::", "sqlx_core::", "asked=Database("]),
    (System::Keycloak, &["Keycloak"]),
    (System::S3, &[" S3", "=S3", "asked=Store"]),
    (
        System::Kubernetes,
        &[
            "Kubernetes",
            "kube_client::",
            "kube_lease_manager::",
            "kube_runtime::",
            "an event could not be published",
            "the Lease cannot be had",
        ],
    ),
];

/// What comes of any trouble that lasts: the data goes all the same.
const OUTLASTED: &str = "the plugin did not purge in time";

/// How a plugin says that the platform no longer knows its credential. Who is about to end has one whose time is over.
const LOCKED_OUT: &str = "the list of tenants could not be refreshed; what is known stays the platform answered 401";

/// What one of several operators meets of another's work: what it is about to read, make or remove has gone or come a
/// moment before; and a plugin's process, which ends with its own operator alone, has what the other has replaced.
const RACED: [&str; 9] = [
    "SQLSTATE 42704",
    "NoSuchBucket",
    r#"a program of Postgres failed doing="pg_dump of schema "#,
    "terminating connection due to administrator command",
    "error occurred while testing the connection on-release",
    "something of that name came into being",
    "the platform answered 401",
    "The tenant's database is not ready",
    "Others were changing the same; try again.",
];

/// How the core API says that it waits for the operator, which starts after it.
const EARLY: &str = "is not there; the operator makes it";

/// So long before it stops at most: another one of the same plugin serves, and it is kept for those who have not
/// heard. It stays as long as what is disturbed keeps the operator from looking again.
const LEAVING: Duration = Duration::from_secs(10);

/// Reads all logs.
///
/// # Errors
/// The first lines that should not be there.
pub async fn clean(world: &World) -> Result<(), Violation> {
    key::hide(world).await.or_else(|error| fails(format!("the platform's keys: {error}")))?;
    let (heard, new) = heard::all().or_else(|error| fails(format!("what services said: {error}")))?;
    let (log, plugins, secrets, troubles) =
        (world.log(), world.plugins_logs(), world.secrets(), world.script.troubles());
    let (rivals, neighbours) = (world.has_rivals(), neighbour::names(world));
    let said = |line: &str| {
        Said::by_operator(line).filter(|said| {
            !world.was_told_to_fail(line) && !said.is_of(&neighbours) && (!rivals || !said.is_of_a_race())
        })
    };
    let of_operators = log.lines().filter_map(|line| finding(line, said(line), &secrets, &troubles));
    let of_plugins = plugins.iter().flat_map(|log| of_plugin(log, &secrets, rivals, &troubles));
    let of_services = of_services(heard.split_at(new), &secrets);
    let bad: Vec<String> = of_operators.chain(of_plugins).chain(of_services).take(10).collect();
    if bad.is_empty() { Ok(()) } else { fails(format!("the log: {}", bad.join(" | "))) }
}

/// Plugins reach all past the proxies: nothing that is disturbed is theirs.
fn of_plugin(log: &str, secrets: &[String], rivals: bool, troubles: &Troubles) -> Vec<String> {
    let lines: Vec<(&str, Value)> =
        log.lines().map(|line| (line, serde_json::from_str(line).unwrap_or_default())).collect();
    let stops: Vec<Timestamp> = lines.iter().filter(|(_, told)| told["message"] == "stopping").filter_map(at).collect();
    let leaves = |said: &Said| {
        let is_held_up = |from| {
            let at = [from, from + LEAVING];
            System::ALL.iter().any(|system| at.iter().any(|at| troubles.explain(*system, *at)))
        };
        let soon = |from| stops.iter().any(|stop| from <= *stop && (*stop <= from + LEAVING || is_held_up(from)));
        said.text.contains(LOCKED_OUT) && said.at.is_some_and(soon)
    };
    let none = Troubles::default();
    let found = lines.iter().filter_map(|line| {
        let said = Said::by_plugin(line).filter(|said| !leaves(said) && (!rivals || !said.is_of_a_race()));
        finding(line.0, said, secrets, &none)
    });
    found.collect()
}

/// They reach all past the proxies, too. What was complained of before somebody else has told.
fn of_services((before, new): (&str, &str), secrets: &[String]) -> Vec<String> {
    let none = Troubles::default();
    let said = |line: &str| Said::by_operator(line).filter(|said| !said.text.contains(EARLY));
    let before = before.lines().filter_map(|line| finding(line, None, secrets, &none));
    before.chain(new.lines().filter_map(|line| finding(line, said(line), secrets, &none))).collect()
}

fn at((_, told): &(&str, Value)) -> Option<Timestamp> {
    told["timestamp"].as_str()?.parse().ok()
}

/// A complaint.
struct Said {
    at: Option<Timestamp>,
    error: bool,
    /// By whom in the program, and what.
    text: String,
}

impl Said {
    fn by_operator(line: &str) -> Option<Self> {
        let error = line.contains(" ERROR ");
        let complains = error || line.contains(" WARN ");
        let at = line.split_whitespace().next().and_then(|word| word.parse().ok());
        complains.then(|| Self { at, error, text: line.to_owned() })
    }

    fn by_plugin(line: &(&str, Value)) -> Option<Self> {
        let word = |name: &str| line.1[name].as_str().unwrap_or_default();
        let complains = matches!(word("level"), "WARN" | "ERROR");
        let [error, cause] = ["error", "cause"].map(word);
        let text = format!("{}: {} {error} {cause}", word("target"), word("message"));
        complains.then(|| Self { at: at(line), error: word("level") == "ERROR", text })
    }

    fn says(&self, words: &[impl AsRef<str>]) -> bool {
        words.iter().any(|word| self.text.contains(word.as_ref()))
    }

    /// Whether it is what several operators at once meet of each other. To take for foreign what is the other's is not.
    fn is_of_a_race(&self) -> bool {
        self.says(&RACED) && !self.says(&FOREIGN)
    }

    /// Whether it claims that something is foreign, and names what is.
    fn is_of(&self, neighbours: &[String]) -> bool {
        self.says(&FOREIGN) && self.says(neighbours)
    }

    /// Whether something explains it.
    fn is_explained(&self, troubles: &Troubles) -> bool {
        if !self.error && self.says(&BUSY) {
            return true;
        }
        let explicable = !self.says(&FOREIGN) && (!self.error || self.says(&LIBRARY));
        let Some(at) = self.at.filter(|_| explicable) else { return false };
        let mut about = ABOUT.into_iter().filter(|(_, words)| self.says(words)).map(|(system, _)| system).peekable();
        if about.peek().is_none() {
            return self.says(&[OUTLASTED]) && System::ALL.iter().any(|system| troubles.explain(*system, at));
        }
        about.all(|system| troubles.explain(system, at))
    }
}

fn finding(line: &str, said: Option<Said>, secrets: &[String], troubles: &Troubles) -> Option<String> {
    if secrets.iter().any(|secret| line.contains(secret.as_str())) {
        return Some("a line holds a secret".into());
    }
    let bad = line.contains("panicked at") || said.is_some_and(|said| !said.is_explained(troubles));
    bad.then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-11-29T03:15:20.649258Z";

    fn troubled(systems: &[System]) -> Troubles {
        let (at, mut troubles) = (AT.parse().unwrap(), Troubles::default());
        for system in systems {
            troubles.add(*system, (at, at));
        }
        troubles
    }

    #[test]
    fn operators_complain_of_what_was_disturbed_alone() {
        use System::{Keycloak, Kubernetes, Postgres, S3};
        let all = System::ALL.as_slice();
        for (said, explained_by) in [
            ("INFO reconciled", Some([].as_slice())),
            ("WARN reconcile{name=x}: plexica_operator::problem: no answer system=Keycloak", Some(&[Keycloak])),
            ("WARN plexica_operator::problem: it cannot be reached system=S3 cause=dispatch failure", Some(&[S3])),
            ("WARN plexica_operator::operation::ledger: not recorded yet: Postgres: it is busy", Some(&[Postgres])),
            ("WARN plexica_operator::outage: is down asked=Database(\"default\")", Some(&[Postgres])),
            ("WARN plexica_operator::outage: is down asked=Store", Some(&[S3])),
            ("WARN sqlx_core::pool::connection: error occurred while testing", Some(&[Postgres])),
            ("WARN sqlx::pool::acquire: acquired connection, but time to acquire", Some(&[])),
            ("ERROR reconcile{name=x}: kube_client::client::builder: failed with error", Some(&[Kubernetes])),
            ("WARN plexica_operator::resource::event: an event could not be published", Some(&[Kubernetes])),
            ("WARN plexica_operator::problem: Keycloak names Kubernetes", Some(&[Keycloak, Kubernetes])),
            ("WARN x: the plugin did not purge in time (it is started); its data is removed", Some(&[S3])),
            ("WARN x: a lifecycle call got no answer", None),
            ("ERROR a task ended by itself", None),
            ("ERROR Keycloak: it ended", None),
            ("WARN Keycloak: realm x carries no ownership mark of Plexica", None),
            ("INFO password hush", None),
            ("INFO thread 'main' panicked at src/x.rs", None),
        ] {
            let line = format!("{AT}  {said}");
            let found =
                |systems: &[System]| finding(&line, Said::by_operator(&line), &["hush".into()], &troubled(systems));
            assert_eq!(found(all).is_some(), explained_by.is_none(), "{said}");
            let Some(systems) = explained_by else { continue };
            assert_eq!(found(systems), None, "{said}");
            for less in (0..systems.len()).map(|nth| [&systems[..nth], &systems[nth + 1..]].concat()) {
                assert!(found(&less).is_some(), "{said} while {less:?} were disturbed");
            }
        }
        let early = "2026-11-29T03:15:20Z  WARN plexica_operator::problem: system=Keycloak";
        assert!(finding(early, Said::by_operator(early), &[], &troubled(all)).is_some(), "before it was disturbed");
        let timeless = "and then  WARN system=Keycloak";
        assert!(finding(timeless, Said::by_operator(timeless), &[], &troubled(all)).is_some());
    }

    #[test]
    fn plugins_complain_of_nothing() {
        let all = System::ALL.as_slice();
        for (level, target, message, bad) in [
            ("INFO", "plexica_sdk::serve", "listening", false),
            ("WARN", "plexica_sdk::keys", "the platform's keys could not be refreshed; the old ones stay", true),
            ("ERROR", "plexica_sdk::panic", "a handler failed", true),
            ("WARN", "sqlx::query", "slow statement: execution time exceeded alert threshold", false),
            ("INFO", "x", "hush", true),
        ] {
            let line = format!(r#"{{"timestamp":"{AT}","level":"{level}","message":"{message}","target":"{target}"}}"#);
            assert_eq!(of_plugin(&line, &["hush".into()], false, &troubled(all)).is_empty(), !bad, "{line}");
        }
        for (line, bad) in [("Terminated", false), ("thread 'main' panicked at src/x.rs", true)] {
            assert_eq!(of_plugin(line, &[], false, &troubled(all)).is_empty(), !bad, "{line}");
        }
    }

    #[test]
    fn a_plugin_that_is_locked_out_is_about_to_stop() {
        let line = |second, level, message, error| {
            let at = format!("2026-11-29T03:15:{second}Z");
            format!(r#"{{"timestamp":"{at}","level":"{level}","message":"{message}","error":"{error}"}}"#)
        };
        let refused = "the list of tenants could not be refreshed; what is known stays";
        let (unknown, broken) = ("the platform answered 401 Unauthorized", "the platform answered 500");
        for (stops, error, disturbed, bad) in [
            (24, unknown, &[][..], false),
            (31, unknown, &[], true),
            (31, unknown, &[System::Postgres], false),
            (19, unknown, &[System::Postgres], true),
            (24, broken, &[System::Postgres], true),
        ] {
            let log = [line(20, "WARN", refused, error), line(stops, "INFO", "stopping", "")].join("\n");
            assert_eq!(of_plugin(&log, &[], false, &troubled(disturbed)).is_empty(), !bad, "{log}");
        }
    }

    #[test]
    fn services_complain_of_nothing_but_that_they_are_early() {
        let waits =
            format!("{AT}  WARN plexica_core_api::kubernetes::keys: Secret s is not there; the operator makes it\n");
        let complains = format!("{AT} ERROR plexica_core_api: recorded operations cannot be read\n");
        let tells = format!("{AT}  INFO plexica_core_api: hush\n");
        for (before, new, bad) in [
            ("", &waits, 0),
            ("", &complains, 1),
            (complains.as_str(), &waits, 0),
            (tells.as_str(), &waits, 1),
            ("", &tells, 1),
        ] {
            assert_eq!(of_services((before, new), &["hush".into()]).len(), bad, "{before}{new}");
        }
    }

    #[test]
    fn several_operators_may_complain_of_each_other_and_of_nothing_else() {
        let of_a_race = |line: &str| Said::by_operator(line).unwrap().is_of_a_race();
        assert!(of_a_race("2026 WARN could not read what role r owns: Postgres answered SQLSTATE 42704"));
        let dump = r#"2026 WARN dump::process: a program of Postgres failed doing="pg_dump of schema s" status=1"#;
        assert!(of_a_race(dump));
        assert!(!of_a_race("2026 WARN could not set up login l: Postgres answered SQLSTATE 42501"));
        assert!(!of_a_race("2026 WARN schema s carries no ownership mark"));
        let ended =
            r#"{"level":"ERROR","cause":"error returned: terminating connection due to administrator command"}"#;
        assert_eq!([true, false].map(|rivals| of_plugin(ended, &[], rivals, &Troubles::default()).len()), [0, 1]);
        for word in RACED {
            for foreign in FOREIGN {
                assert!(!of_a_race(&format!("2026 WARN {word}: schema s {foreign}")), "{word} {foreign}");
            }
        }
    }

    #[test]
    fn a_secret_or_a_panic_is_found_in_what_nobody_need_explain() {
        for (line, bad) in [("it is NoSuchBucket", 0), ("hush NoSuchBucket", 1), ("panicked at x: NoSuchBucket", 1)] {
            let log = format!(r#"{{"timestamp":"{AT}","level":"WARN","message":"{line}"}}"#);
            assert_eq!(of_plugin(&log, &["hush".into()], true, &Troubles::default()).len(), bad, "{line}");
        }
    }

    #[test]
    fn foreign_is_what_is_claimed_of_somebody_else_alone() {
        let neighbours = ["faults1-a2-n1-b3".to_owned(), "tenant_n1_b3".to_owned()];
        for (text, expected) in [
            ("2026 WARN the schema tenant_n1_b3 exists and carries no ownership mark of Plexica", true),
            ("2026 WARN the realm faults1-a2-n1-b3 exists and carries no ownership mark of Plexica", true),
            ("2026 WARN the realm faults1-a2-t1-b3 exists and carries no ownership mark of Plexica", false),
            ("2026 WARN the schema tenant_n1_b3 was removed", false),
        ] {
            assert_eq!(Said::by_operator(text).unwrap().is_of(&neighbours), expected, "{text}");
        }
    }
}
