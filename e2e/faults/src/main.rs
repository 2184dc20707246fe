//! Tries to break the operator, on real parts, and says whether it did.
//!
//! | module | holds |
//! |---|---|
//! | `proxy/` | proxies before Postgres, Keycloak, S3 and Kubernetes, and the script they follow |
//! | `world/` | real parts, the operator as a process, what is applied |
//! | `story/` | what happens to one tenant: the steps that are disturbed |
//! | `check/` | whether the world is as the resources ask |
//! | `family/` | ways to disturb it |
//! | `plugin.rs` | the plugin of these runs |
//! | `heard.rs` | what services say that run in this process |

// It is a test: what is not as documented ends it, and a panic is its way of saying so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod check;
mod family;
mod heard;
mod plugin;
mod proxy;
mod story;
mod world;

use std::{process::ExitCode, time::Instant};

use clap::Parser;
use plexica_testkit::api_server::Flavour;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    family::{Effort, Family, InPeace, Row, Share},
    world::{Platform, Runner, fails},
};

/// What is tried.
#[derive(Parser, Debug)]
#[command(name = "cargo xtask faults", about = "Tries to break the operator, on real parts")]
struct Arguments {
    /// A sample, for minutes.
    #[arg(long)]
    quick: bool,
    /// Only these.
    #[arg(long, value_delimiter = ',')]
    family: Vec<Family>,
    /// What the sample is drawn with; random, and printed, if it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// How many operators, each with its own tenants, are tried at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..))]
    lanes: u8,
    /// A part of everything, such as 1/3: the parts of one seed are the whole together.
    #[arg(long, default_value = "1/1", conflicts_with = "quick", requires = "seed")]
    share: Share,
    /// Of `call-error`, what fails in places that hold one of these, such as `Return: ServerError for 60s of Postgres SELECT`:
    /// in one life, which each lane leads.
    #[arg(long, conflicts_with_all = ["quick", "share"])]
    only: Vec<String>,
    /// Whose API server: `kubernetes` or `standalone`.
    #[arg(long, default_value_t)]
    api: Flavour,
    /// What runs plugins: the operator itself, as processes, or Deployments, for which the harness is the cluster.
    #[arg(long, value_enum, default_value_t = Runner::Process)]
    runner: Runner,
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(plugin::ARGUMENT) {
        return match plugin::run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    let Arguments { quick, family, seed, lanes, share, only, api, runner } = Arguments::parse();
    if api == Flavour::Standalone && runner == Runner::Kubernetes {
        eprintln!("the standalone API serves no Deployments");
        return ExitCode::FAILURE;
    }
    let effort = Effort {
        quick,
        seed: seed.unwrap_or_else(rand::random),
        lanes: lanes.into(),
        platform: Platform { api, runner },
        share,
        only: only.leak(),
    };
    let families = if family.is_empty() { Family::ALL.to_vec() } else { family };
    heard::listen().expect("a place for what services say");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let tried = runtime.block_on(async {
        let mut told = signal(SignalKind::terminate()).expect("signals can be watched");
        tokio::select! {
            rows = run(&families, effort) => Some(rows),
            _ = tokio::signal::ctrl_c() => None,
            _ = told.recv() => None,
        }
    });
    // What runs for the world has ended with it by now.
    let Some(tried) = tried else { return ExitCode::FAILURE };
    match tried {
        Ok(rows) if rows.iter().all(|row| row.violations.is_empty()) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(missing) => {
            eprintln!("{missing}");
            ExitCode::FAILURE
        }
    }
}

/// One family after the other.
async fn run(families: &[Family], effort: Effort) -> Result<Vec<Row>, plexica_testkit::Missing> {
    let Platform { api, runner } = effort.platform;
    eprintln!("seed {}, on the API server of {api}, with the runner {runner}", effort.seed);
    let (in_peace, mut rows) = (InPeace::default(), Vec::new());
    for family in families {
        let begun = Instant::now();
        let mut row = family.run(effort, &in_peace).await?;
        if row.tried == 0 && effort.share == Share::default() {
            row.note("the end", fails("nothing was tried"));
        }
        rows.push(row);
        eprintln!("{}: took {:.0?}", family.name(), begun.elapsed());
    }
    println!("{:<10} | {:<12} | {:>12} | {:>10} | {:>10}", "API", "family", "points tried", "violations", "not tried");
    for Row { family, tried, untried, violations } in &rows {
        let (api, family, violations) = (api.name(), family.name(), violations.len());
        println!("{api:<10} | {family:<12} | {tried:>12} | {violations:>10} | {untried:>10}");
    }
    Ok(rows)
}
