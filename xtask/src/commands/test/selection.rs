//! Which tests are run, and on which API.

use std::{env, num::NonZero, process::Command, thread};

use crate::cargo::Workspace;

/// The variable that chooses an API, as `plexica-testkit` reads it.
const API: &str = "PLEXICA_TEST_API";
/// How many tests of a program run at the same time.
/// <https://doc.rust-lang.org/rustc/tests/index.html#--test-threads-num_threads>
const THREADS: &str = "RUST_TEST_THREADS";

/// Modules of the operator's tests in which most depends on what an API does: finalizers, conflicts, watches, owners.
/// They run on the standalone API as well, each time; the others by hand: they would add more minutes than they find.
const BOTH: &[&str] = &[
    "concurrency::",
    "confirm::",
    "crowd::",
    "death::",
    "dependency::",
    "install::",
    "keeper::",
    "needs::",
    "operation::",
    "removal::",
    "tenant::",
    "upgrade::",
];

/// Some of the tests.
#[derive(Debug, Clone, Copy)]
pub struct Selection {
    /// What is built, in Cargo's words.
    pub targets: &'static [&'static str],
    /// Of these, those whose names hold one of them; all if there is none.
    filters: &'static [&'static str],
    /// The API they run on, if not Kubernetes.
    api: Option<&'static str>,
    /// Whether they wait for other systems more than they work.
    waits: bool,
}

impl Selection {
    /// All tests of these.
    pub const fn all(targets: &'static [&'static str]) -> Self {
        Self { targets, filters: &[], api: None, waits: false }
    }

    /// All tests of these, which wait for other systems: two of them for each core at the same time, unless somebody says
    /// how many.
    pub const fn on_real_parts(targets: &'static [&'static str]) -> Self {
        Self { waits: true, ..Self::all(targets) }
    }

    /// The operator's once more. The packages are those that are built for the other tests, for the
    /// same features of libraries, so that nothing is built again.
    pub const STANDALONE: Self = Self {
        targets: &["--workspace", "--exclude=plexica-e2e", "--test=operator"],
        filters: BOTH,
        api: Some("standalone"),
        waits: true,
    };

    /// `cargo test`; what was asked for by hand takes the place of the filters.
    pub fn command(&self, workspace: &Workspace, arguments: &[String]) -> Command {
        let mut command = workspace.cargo_for_tests(&["test", "--no-fail-fast"]);
        command.args(self.targets).args(arguments);
        if arguments.is_empty() && !self.filters.is_empty() {
            command.arg("--").args(self.filters);
        }
        if let Some(api) = self.api {
            command.env(API, api);
        }
        if self.waits && env::var_os(THREADS).is_none() {
            let cores = thread::available_parallelism().map_or(1, NonZero::get);
            command.env(THREADS, (2 * cores).to_string());
        }
        command
    }

    /// As it is told when it fails.
    pub fn words(&self) -> String {
        let targets = self.targets.join(" ");
        match self.api {
            None => format!("cargo test {targets}"),
            Some(api) => format!("{API}={api} cargo test {targets}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    /// A filter that matches nothing would be missed by nobody.
    #[test]
    fn every_filter_is_a_module_with_tests() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../operator/tests/operator");
        for filter in BOTH {
            let module = folder.join(filter.trim_end_matches(':')).with_extension("rs");
            let text = fs::read_to_string(&module).unwrap_or_else(|error| panic!("{}: {error}", module.display()));
            assert!(text.contains("#[tokio::test"), "{} has no test", module.display());
        }
    }
}
