//! Set-up of real parts, tests, benches, images, crdgen.

mod cache;
mod cargo;
mod commands;
mod error;
mod files;
mod generated;
mod image;
mod linked;
mod parts;
mod ports;
mod process;
mod sbom;
mod state;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cache::Cache;
use crate::cargo::Workspace;
use crate::error::Result;

/// Tasks of this repository. What they need is got once and kept in the cache folder.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Starts real parts, unless they run, and prints how tests find them.
    Up {
        /// postgres, postgres15, postgres17, keycloak, minio, versitygw, docker, registry, kubernetes=t0|t1|t2;
        /// none: what the tests of the crates need.
        parts: Vec<String>,
    },
    /// Prints how tests find the running parts.
    Env,
    /// Runs everything that has to be true: format, lints, tests on the real parts.
    Test {
        /// Only these steps.
        #[arg(long, value_delimiter = ',')]
        only: Vec<commands::test::Step>,
        /// Arguments for `cargo test`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Builds the container images, as files for engines and registries, and says what each is made of.
    Images {
        /// Gives them to an engine on this machine.
        #[arg(long, value_enum, value_name = "ENGINE")]
        load: Vec<commands::images::Engine>,
        /// Pushes them to a registry, such as `registry.example/team`.
        #[arg(long, value_name = "REGISTRY")]
        push: Option<commands::images::Registry>,
        /// How the result is printed.
        #[arg(long, value_enum, default_value = "table")]
        output: commands::images::Output,
    },
    /// Writes the CRDs into the chart.
    Crdgen {
        /// Only tells whether they are up to date.
        #[arg(long)]
        check: bool,
    },
    /// Writes the chart's README from its values.
    Chartdoc {
        /// Only tells whether it is up to date.
        #[arg(long)]
        check: bool,
    },
    /// Measures, on the real parts but for `policy`.
    Bench {
        /// A file of `e2e/benches`, without `.rs`; or `policy`.
        name: String,
    },
    /// Tries to break the operator on the real parts, in every way there is or in a sample of them.
    Faults {
        /// `--quick`, `--family <name>`, `--seed <number>`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Stops parts and removes their data; none named: all of them.
    Down {
        /// As for `up`.
        parts: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let cache = Cache::open()?;
    match task {
        Task::Up { parts } => commands::up(&cache, &parts),
        Task::Env => commands::env(&cache),
        Task::Test { only, arguments } => commands::test::run(&cache, &Workspace::open(&cache)?, &only, &arguments),
        Task::Images { load: engines, push: registry, output } => {
            let wanted = commands::images::Wanted { engines, registry };
            commands::images::run(&cache, &Workspace::open(&cache)?, &wanted, output)
        }
        Task::Crdgen { check } => commands::crdgen::run(&Workspace::open(&cache)?, check),
        Task::Chartdoc { check } => commands::chartdoc::run(&cache, &Workspace::open(&cache)?, check),
        Task::Bench { name } => commands::bench::run(&cache, &Workspace::open(&cache)?, &name),
        Task::Faults { arguments } => commands::faults::run(&cache, &Workspace::open(&cache)?, &arguments),
        Task::Down { parts } => commands::down(&cache, &parts),
    }
}
