//! What provisioning costs, on the real parts, beside the bare minimum of the same calls.
//!
//! `cargo xtask bench provisioning` runs it and prints one table. The sections are measured one
//! after another; one that fails or lacks a part says so and does not hide the others.

mod api;
mod apply;
mod cargo;
mod dev;
mod identity;
mod images;
mod memory;
mod operator;
mod outcome;
mod parts;
mod plain;
mod program;
mod resync;
mod standalone;
mod stats;
mod suspend;
mod table;
mod tenants;
mod tidy;

use std::{process::ExitCode, time::Duration};

use outcome::{Result, Stop};
use table::Table;

/// Altogether five minutes, builds aside.
const PROVISIONING: Duration = Duration::from_secs(130);
const TIDYING: Duration = Duration::from_mins(1);
const API: Duration = Duration::from_secs(35);
const DEV: Duration = Duration::from_secs(75);

fn main() -> ExitCode {
    plexica_testkit::tls();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(standalone::ARGUMENT) {
        return told("the standalone API", runtime.block_on(standalone::run(arguments.next())));
    }
    runtime.block_on(measure())
}

async fn measure() -> ExitCode {
    let table = Table::default();
    let images = table.clone();
    // Builds are not measured, so they come first.
    eprintln!("building the programs");
    let (operator, plexica) = (cargo::build("plexica-operator").await, cargo::build("plexica").await);
    let sections = [
        section("tenants", PROVISIONING + TIDYING, provisioning(table.clone(), operator)).await,
        section("the API", API, api::measure(table.clone())).await,
        section("plexica dev", DEV, dev(table.clone(), plexica)).await,
        section("images", DEV, async move { images::measure(&images) }).await,
    ];
    println!("\n{table}");
    if sections.iter().all(|code| *code == ExitCode::SUCCESS) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn provisioning(table: Table, operator: Result<std::path::PathBuf>) -> Result<()> {
    let program = operator?;
    let parts = parts::Parts::find().await?;
    let measured = async {
        let operator = apply::measure(&table, &parts, &program).await?;
        resync::measure(&table, &parts, &program, operator).await
    };
    let measured = tokio::time::timeout(PROVISIONING, measured).await;
    // What was made goes in any case.
    tidy::tidy(&parts).await?;
    measured.unwrap_or_else(|_| outcome::failed(format!("took longer than {PROVISIONING:?}")))
}

async fn dev(table: Table, plexica: Result<std::path::PathBuf>) -> Result<()> {
    dev::measure(table, &plexica?).await
}

/// Runs one section on a task of its own, so that a panic or a hang is its own as well.
async fn section(name: &str, limit: Duration, work: impl Future<Output = Result<()>> + Send + 'static) -> ExitCode {
    eprintln!("measuring {name}");
    let task = tokio::spawn(work);
    let abort = task.abort_handle();
    let result = match tokio::time::timeout(limit, task).await {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => outcome::failed(error.to_string()),
        Err(_) => {
            abort.abort();
            outcome::failed(format!("took longer than {limit:?}"))
        }
    };
    told(name, result)
}

fn told(name: &str, result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Skipped(reason)) => {
            eprintln!("SKIPPED {name}: {reason}");
            ExitCode::SUCCESS
        }
        Err(Stop::Failed(reason)) => {
            eprintln!("FAILED {name}: {reason}");
            ExitCode::FAILURE
        }
    }
}
