//! What a `main` does.

use std::{error::Error, net::SocketAddr, process::ExitCode};

use clap::Parser;
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt,
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

use crate::{Running, healthcheck, kubernetes, secret_file, telemetry::Traces};

/// Reads the configuration, starts the service and waits for its end or a signal; or asks the one that runs whether it is
/// well, if the program is called with `healthcheck`. Faults are told on the log, with their causes, and by the exit code.
pub fn main<C, E>(start: impl AsyncFnOnce(C, kube::Client, CancellationToken) -> Result<Running, E>) -> ExitCode
where
    C: Parser,
    E: Error + Send + Sync + 'static,
{
    let command = healthcheck::beside(C::command());
    let name = command.get_name().to_owned();
    tls_provider();
    let arguments = match secret_file::arguments(&command, std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => {
            logs();
            return failed(&error);
        }
    };
    let matches = command.get_matches_from(arguments);
    if let Some(service) = healthcheck::asked(&matches) {
        return check(service);
    }
    let config = C::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let prepared = prepare(&name);
    let (runtime, traces) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            logs();
            return failed(&*error);
        }
    };
    let code = runtime.block_on(async {
        match run(config, start).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&*error),
        }
    });
    if let Some(traces) = traces {
        traces.end();
    }
    // Everything has ended, or is not to be waited for.
    runtime.shutdown_background();
    code
}

/// An engine shows what is said as it is.
fn check(service: SocketAddr) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let url = format!("http://{service}/readyz");
    let asked = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        let asked = healthcheck::ask(reqwest::Client::builder(), &url);
        runtime.block_on(asked).map_err(|error| error.to_string())
    });
    match asked {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The runtime, and logs and traces as the environment says.
fn prepare(name: &str) -> Result<(Runtime, Option<Traces>), Box<dyn Error + Send + Sync>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let traces = Traces::from_environment(name, runtime.handle())?;
    let _already_there = record(traces.as_ref());
    Ok((runtime, traces))
}

async fn run<C, E>(
    config: C,
    start: impl AsyncFnOnce(C, kube::Client, CancellationToken) -> Result<Running, E>,
) -> Result<(), Box<dyn Error + Send + Sync>>
where
    E: Error + Send + Sync + 'static,
{
    let Signals { stop, now } = signals()?;
    tokio::select! {
        outcome = serve(config, start, stop) => outcome,
        () = now.cancelled() => Err("asked to stop a second time: what was under way is cut off".into()),
    }
}

async fn serve<C, E>(
    config: C,
    start: impl AsyncFnOnce(C, kube::Client, CancellationToken) -> Result<Running, E>,
    stop: CancellationToken,
) -> Result<(), Box<dyn Error + Send + Sync>>
where
    E: Error + Send + Sync + 'static,
{
    let client = kubernetes::client().await?;
    let running = start(config, client, stop).await?;
    tracing::info!(addr = %running.addr, metrics = %running.metrics_addr, "started");
    running.stopped().await?;
    Ok(())
}

fn failed(error: &dyn Error) -> ExitCode {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    tracing::error!("{text}");
    ExitCode::FAILURE
}

/// Logs to standard error: level by `RUST_LOG` (`info` without), one JSON object per line if
/// `PLEXICA_LOG_FORMAT=json`.
pub fn logs() {
    // Somebody else's subscriber (a test's, the CLI's) is as good: then nothing is to do.
    let _already_there = record(None);
}

/// Logs, and traces beside them: neither's filter is the other's.
fn record(traces: Option<&Traces>) -> Result<(), TryInitError> {
    let filter = filter();
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> =
        if std::env::var("PLEXICA_LOG_FORMAT").is_ok_and(|format| format == "json") {
            lines.json().with_filter(filter).boxed()
        } else {
            lines.with_filter(filter).boxed()
        };
    tracing_subscriber::registry().with(lines).with(traces.map(Traces::layer)).try_init()
}

/// What is logged: as `RUST_LOG` says, but never what a client of Docker logs below `info`, which has plugins'
/// environments in it, credentials and all.
pub fn filter() -> EnvFilter {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    match "bollard=info".parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    }
}

/// Makes aws-lc-rs the process' TLS provider, once.
pub fn tls_provider() {
    let _already_there = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// What the terminal or a supervisor asked for.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Cancelled at the first SIGTERM, SIGINT or SIGHUP: finish and stop.
    pub stop: CancellationToken,
    /// Cancelled at a further SIGTERM or SIGINT: stop at once.
    pub now: CancellationToken,
}

/// Takes the signals from now on.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn signals() -> std::io::Result<Signals> {
    let asked = Signals { stop: CancellationToken::new(), now: CancellationToken::new() };
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // A closed terminal's; under nohup it stays ignored.
    let is_ignored = std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hangup(&status));
    let mut hangup = if is_ignored { None } else { Some(signal(SignalKind::hangup())?) };
    let Signals { stop, now } = asked.clone();
    tokio::spawn(async move {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
            _ = hung_up => {}
        }
        tracing::info!("asked to stop");
        stop.cancel();
        // A terminal that closes says so more than once, and some supervisors after their SIGTERM:
        // only a person or a supervisor who loses patience asks for it twice.
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop at once");
        now.cancel();
    });
    Ok(asked)
}

/// Whether a process with this `/proc/<pid>/status` was started to outlive its terminal.
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    // Signals are counted from 1, which is SIGHUP.
    mask & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_seen() {
        for (status, is_ignored) in [
            ("Name:\tx\nSigIgn:\t0000000000001001\n", true),
            ("SigIgn:\t0000000000001000\n", false),
            ("SigIgn:\t?\n", false),
            ("", false),
        ] {
            assert_eq!(ignores_hangup(status), is_ignored, "{status}");
        }
    }
}
