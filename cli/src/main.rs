//! `plexica`: the command line of the platform.

mod bootstrap;
mod cluster;
mod dev;
mod error;
mod explain_condition;
#[cfg(test)]
mod fixture;
mod install;
mod plan;
mod plugin;
mod preflight;
mod resource;
mod restore;
mod run_plugin;
mod standalone;
mod state;
mod table;
mod token;
mod watch;
mod whole_file;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use plexica_service::secret_file;

/// Tenants and their plugins, on Kubernetes or on one laptop.
#[derive(Debug, Parser)]
#[command(name = "plexica", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole platform on this machine.
    Dev(Box<dev::Options>),
    /// Say what Postgres, Keycloak, S3 and Kubernetes still lack for Plexica.
    Preflight(Box<preflight::Options>),
    /// Prepare Postgres and Keycloak for Plexica, as their administrator.
    Bootstrap(Box<bootstrap::Options>),
    /// The Kubernetes API for machines without a cluster, as a service of its own.
    #[command(subcommand)]
    Standalone(standalone::Command),
    /// Create or change resources from files.
    Apply(resource::apply::Options),
    /// Say what applying files would create, migrate, grant, route, restart and take away.
    Plan(plan::Options),
    /// For who writes a plugin.
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// Install plugins for one tenant or many; with --with-dependencies also what they need.
    Install(install::InstallOptions),
    /// Uninstall plugins from one tenant or many.
    Uninstall(install::UninstallOptions),
    /// Let installed plugins serve again, for one tenant or many.
    Enable(install::SwitchOptions),
    /// Stop plugins from serving, for one tenant or many; their data stays.
    Disable(install::SwitchOptions),
    /// Change a plugin's configuration, for one tenant or many.
    Configure(install::ConfigureOptions),
    /// Show resources.
    Get(resource::get::Options),
    /// Delete resources.
    Delete(resource::delete::Options),
    /// Bring a tenant back from its final backup.
    Restore(restore::Options),
    /// Wait until a resource has a condition or is gone.
    Wait(resource::wait::Options),
    /// Build a plugin anew whenever its source changes, and have what was built take the place of what runs.
    Watch(watch::Options),
    /// Print an access token of a tenant's user.
    Token(token::Options),
    /// Say what a condition's reason means and what to do about it.
    ExplainCondition(explain_condition::Options),
    /// Run a first-party plugin (the process runner of dev mode does this).
    #[command(hide = true)]
    RunPlugin(run_plugin::Options),
}

fn main() -> ExitCode {
    let started = std::time::Instant::now();
    match parsed().and_then(|cli| run(cli.command, started)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("plexica: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parsed() -> Result<Cli, error::Error> {
    Ok(Cli::parse_from(secret_file::arguments(&Cli::command(), std::env::args_os())?))
}

fn run(command: Command, started: std::time::Instant) -> Result<ExitCode, error::Error> {
    // A plugin builds a small runtime of its own: its idle memory is part of what it promises.
    if let Command::RunPlugin(options) = command {
        return run_plugin::run(&options).map(|()| ExitCode::SUCCESS);
    }
    // The only error is that a provider is installed already, which is what is wanted.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(error::Error::Runtime)?;
    let outcome = runtime.block_on(async {
        match command {
            Command::Dev(options) => dev::run(&options, started).await,
            Command::Preflight(options) => preflight::run(&options).await,
            Command::Bootstrap(options) => bootstrap::run(&options).await,
            Command::Standalone(command) => standalone::run(command).await,
            Command::Apply(options) => resource::apply::run(options).await,
            Command::Plan(options) => return plan::run(options).await,
            Command::Plugin(command) => plugin::run(&command),
            Command::Install(options) => install::install(options).await,
            Command::Uninstall(options) => install::uninstall(options).await,
            Command::Enable(options) => install::switch(options, true).await,
            Command::Disable(options) => install::switch(options, false).await,
            Command::Configure(options) => install::configure(options).await,
            Command::Get(options) => resource::get::run(options).await,
            Command::Delete(options) => resource::delete::run(options).await,
            Command::Restore(options) => restore::run(options).await,
            Command::Wait(options) => resource::wait::run(options).await,
            Command::Watch(options) => watch::run(&options).await,
            Command::Token(options) => token::run(options).await,
            Command::ExplainCondition(options) => explain_condition::run(&options),
            Command::RunPlugin(_) => Ok(()),
        }
        .map(|()| ExitCode::SUCCESS)
    });
    // What is still under way is not to be waited for.
    runtime.shutdown_background();
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_consistent() {
        Cli::command().debug_assert();
    }
}
