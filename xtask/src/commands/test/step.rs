//! The steps, in the order they run: what is quick to fail comes first.

use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::output::{self, Counts, End};
use super::report::Outcome;
use super::selection::Selection;
use super::{chart, deny};
use crate::cache::Cache;
use crate::cargo::Workspace;
use crate::commands::{crdgen, faults, images};
use crate::error::Result;
use crate::parts::{self, Part, Tier, docker, kubernetes, stand_in};
use crate::state::State;
use crate::{files, process};

/// The parts of the path through a cluster with pods; Keycloak's database is on Postgres 17.
const T2: [Part; 7] = [
    Part::Postgres(parts::Server::V17),
    Part::Postgres(parts::Server::T2),
    Part::Keycloak,
    Part::Minio,
    Part::Kubernetes(Tier::T2),
    Part::Docker,
    Part::Registry,
];

/// The parts that the operator's tests want where the API is our own.
const STANDALONE: [Part; 3] = [Part::Postgres(parts::Server::V17), Part::Keycloak, Part::Minio];

/// With it they are built; all other packages with them, for the same features of libraries as elsewhere, so that nothing is
/// built again.
const END_TO_END: &str = "--features=plexica-e2e/t2";

/// For whose images a stand-in is needed where registries are out of reach.
const TRIAL: &str = "examples/trial/dependencies.yaml";

/// How long one run of tests may take, their build with it: none hangs for ever.
const DEADLINE: Duration = Duration::from_mins(40);

/// One step of `cargo xtask test`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// rustfmt.
    Fmt,
    /// Licences, sources, duplicate and vulnerable dependencies.
    Deny,
    /// Lints.
    Clippy,
    /// The chart has the CRDs that the types say.
    Crds,
    /// The chart's README is what its values say; `helm lint`, and the rendered manifests against the Kubernetes schemas.
    Chart,
    /// Tests within the crates and in the documentation.
    Unit,
    /// Tests on the real parts, those of dev mode among them.
    Parts,
    /// The operator's tests once more, on the standalone API.
    Standalone,
    /// A sample of all that is tried to break the operator.
    Faults,
    /// Runners of plugins, each by the same tests; the path through a cluster with pods, chart, tenant, plugin, request and
    /// row, with all that a tenant goes through; and the latter in dev mode.
    T2,
    /// What a tenant goes through with Compose, on a Docker engine.
    Compose,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Fmt,
        Self::Deny,
        Self::Clippy,
        Self::Crds,
        Self::Chart,
        Self::Unit,
        Self::Parts,
        Self::Standalone,
        Self::Faults,
        Self::T2,
        Self::Compose,
    ];

    /// As it is named on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Deny => "deny",
            Self::Clippy => "clippy",
            Self::Crds => "crds",
            Self::Chart => "chart",
            Self::Unit => "unit",
            Self::Parts => "parts",
            Self::Standalone => "standalone",
            Self::Faults => "faults",
            Self::T2 => "t2",
            Self::Compose => "compose",
        }
    }

    /// Whether the step is better for a part that runs.
    pub fn wants(self, part: Part) -> bool {
        match self {
            Self::Standalone => STANDALONE.contains(&part),
            Self::Faults => Part::DEFAULT.contains(&part),
            Self::Unit | Self::Parts => Part::DEFAULT.contains(&part) || part == Part::Kubernetes(Tier::T1),
            Self::T2 => T2.contains(&part),
            Self::Compose => part == Part::Docker,
            // The schemas that manifests are checked against are the API server's own.
            Self::Chart => part == Part::Kubernetes(Tier::T0),
            Self::Fmt | Self::Deny | Self::Clippy | Self::Crds => false,
        }
    }

    /// Whether it wants a part as it was at first, and not with what the tests before have left in it.
    pub fn wants_anew(self, part: Part) -> bool {
        // Each realm makes every call of Keycloak's administrator slower, who has roles in all of them, and what is
        // disturbed has so much time to recover.
        part == Part::Keycloak && self == Self::Faults
    }

    /// Runs it.
    pub fn run(self, cache: &Cache, workspace: &Workspace, arguments: &[String]) -> Outcome {
        let plain = |cargo: &[&str]| done(process::run_aloud(&mut workspace.cargo(cargo)));
        let tests = |selections: &[Selection]| run_tests(workspace, selections, arguments);
        match self {
            Self::Fmt => plain(&["fmt", "--all", "--check"]),
            Self::Deny => deny::run(cache, workspace),
            Self::Clippy => {
                plain(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "--deny=warnings"])
            }
            Self::Crds => done(crdgen::run(workspace, true)),
            Self::Chart => done(chart::run(cache, workspace)),
            Self::Unit => {
                tests(&[Selection::all(&["--workspace", "--lib", "--bins"]), Selection::all(&["--workspace", "--doc"])])
            }
            // The end-to-end tests have a step of their own, and a feature that only it turns on.
            Self::Parts => tests(&[Selection::on_real_parts(&["--workspace", "--exclude=plexica-e2e", "--test=*"])]),
            Self::Standalone => tests(&[Selection::STANDALONE]),
            Self::Faults => faults(workspace),
            Self::T2 => t2(cache, workspace, arguments),
            Self::Compose => compose(cache, workspace, arguments),
        }
    }
}

/// What a step cannot do without.
fn running(part: Part, what: &str, cache: &Cache) -> std::result::Result<State, Outcome> {
    match parts::running(part, cache) {
        Ok(Some(state)) => Ok(state),
        Ok(None) => Err(Outcome::Skipped(format!("no {what} runs; see above"))),
        Err(error) => Err(Outcome::Failed(error.to_string())),
    }
}

fn t2(cache: &Cache, workspace: &Workspace, arguments: &[String]) -> Outcome {
    let found = || {
        let state = running(Part::Kubernetes(Tier::T2), "cluster with a node", cache)?;
        let engine = running(Part::Docker, "Docker engine", cache)?;
        Ok((state, engine, running(Part::Registry, "registry", cache)?))
    };
    let (state, engine, registry) = match found() {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let loaded = images::build_for_tests(cache, workspace).and_then(|built| {
        let registry = images::Registry::of_tests(&registry)?;
        built.iter().try_for_each(|image| {
            kubernetes::node::import(&state, &image.archive)?;
            docker::load(&engine, &image.archive)?;
            registry.push(image)
        })?;
        let (resources, archive) = (workspace.root().join(TRIAL), workspace.target().join("images/stand-in.tar"));
        stand_in::write(cache, &engine, &resources, &archive)?;
        kubernetes::node::import(&state, &archive)?;
        files::remove(&archive)
    });
    if let Err(error) = loaded {
        return Outcome::Failed(error.to_string());
    }
    let runners = Selection::all(&["--workspace", END_TO_END, "--test=runners"]);
    let line = Selection::all(&["--workspace", END_TO_END, "--test=t2"]);
    let laptop = Selection::all(&["--workspace", END_TO_END, "--test=dev"]);
    run_tests(workspace, &[runners, line, laptop], arguments)
}

fn compose(cache: &Cache, workspace: &Workspace, arguments: &[String]) -> Outcome {
    let engine = match running(Part::Docker, "Docker engine", cache) {
        Ok(engine) => engine,
        Err(outcome) => return outcome,
    };
    let loaded = images::build_for_tests(cache, workspace)
        .and_then(|built| built.iter().try_for_each(|image| docker::load(&engine, &image.archive)))
        .and_then(|()| stand_in::import(cache, &engine));
    match loaded {
        Ok(()) => run_tests(workspace, &[Selection::all(&["--workspace", END_TO_END, "--test=compose"])], arguments),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// What the sample is drawn with: the same in each run, so that a red one comes from a change.
const SEED: &str = "13627912058604120714";

/// The sample; others are drawn by hand.
fn faults(workspace: &Workspace) -> Outcome {
    let quick = ["--quick", "--seed", SEED].map(str::to_owned);
    let until = Instant::now() + DEADLINE;
    match faults::sample(workspace, &quick).and_then(|mut command| output::count(&mut command, until)) {
        Ok((counts, End::Succeeded)) => Outcome::Done(counts),
        Ok((counts, _)) => Outcome::TestsFailed(counts, "the operator was broken: see VIOLATION above".into()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn done(result: Result<()>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done(Counts::default()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Runs `cargo test` once per selection; a later one runs even when an earlier failed.
fn run_tests(workspace: &Workspace, selections: &[Selection], arguments: &[String]) -> Outcome {
    let mut counts = Counts::default();
    let mut failure = None;
    for selection in selections {
        let until = Instant::now() + DEADLINE;
        match output::count(&mut selection.command(workspace, arguments), until) {
            Ok((found, end)) => {
                let how = match end {
                    End::Succeeded => None,
                    End::Failed => Some("failed".to_owned()),
                    End::Late => Some(format!("hung: killed {} min after it began", DEADLINE.as_secs() / 60)),
                };
                failure = failure.or(how.map(|how| format!("{} {how}", selection.words())));
                counts.add(found);
                if end == End::Late {
                    break;
                }
            }
            Err(error) => failure = failure.or(Some(error.to_string())),
        }
    }
    match failure {
        None => Outcome::Done(counts),
        Some(reason) => Outcome::TestsFailed(counts, reason),
    }
}
