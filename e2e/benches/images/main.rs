//! What the images weigh, and how soon and with how much memory a plugin's serves.
//!
//! `cargo xtask bench images` builds what is published, loads it into a Docker engine of its own, and prints one table. The
//! baseline is what is aimed at.

#[path = "../provisioning/memory.rs"]
mod memory;
#[path = "../provisioning/outcome.rs"]
mod outcome;
#[path = "../provisioning/stats.rs"]
mod stats;
#[path = "../provisioning/table.rs"]
mod table;

use std::{
    fs,
    net::TcpListener,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use k8s_openapi::jiff::Timestamp;
use memory::kilobytes;
use outcome::{Result, Stop, failed, found};
use plexica_contract::{path::HEALTH, tenancy::environment as variable};
use plexica_testkit::docker::Engine;
use serde::Deserialize;
use stats::{median, ms};
use table::Table;

/// How often one is started.
const STARTS: usize = 15;
/// How long one is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(10);
/// How long one may take to start.
const PATIENCE: Duration = Duration::from_secs(30);
const PLUGIN: &str = "plexica/crm";

/// What is aimed at, in MB of 10^6 bytes and in milliseconds.
const PLUGIN_SIZE: f64 = 10.0;
const PLATFORM_SIZE: f64 = 40.0;
const PLUGIN_MEMORY: f64 = 5.0;
const PLUGIN_START: f64 = 150.0;

/// As `cargo xtask images --output json` has it.
#[derive(Deserialize)]
struct Image {
    name: String,
    tag: String,
    bytes: u64,
    archive: String,
}

fn main() -> std::process::ExitCode {
    plexica_testkit::tls();
    let table = Table::default();
    let measured = tokio::runtime::Runtime::new().map_err(Stop::from).and_then(|tokio| tokio.block_on(measure(&table)));
    println!("\n{table}");
    match measured {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(Stop::Skipped(why) | Stop::Failed(why)) => {
            eprintln!("FAILED {why}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "megabytes")]
async fn measure(table: &Table) -> Result<()> {
    let images: Vec<Image> = serde_json::from_str(&std::env::var("PLEXICA_BENCH_IMAGES")?)?;
    for image in &images {
        let aim = if image.name == PLUGIN { PLUGIN_SIZE } else { PLATFORM_SIZE };
        table.compare(format!("{}: pulled", image.name), image.bytes as f64 / 1e6, aim, "MB");
        table.add(format!("{}: unpacked", image.name), fs::metadata(&image.archive)?.len() as f64 / 1e6, "MB");
    }
    let Some(plugin) = images.iter().find(|image| image.name == PLUGIN) else {
        return failed(format!("there is no image {PLUGIN}"));
    };
    let engine = found(Engine::find())?;
    let mut starts = Vec::new();
    let mut last = None;
    for _ in 0..STARTS {
        let running = Running::start(&engine, plugin).await?;
        starts.push(ms(running.after));
        last = Some(running);
    }
    let figure = format!("{PLUGIN}: started → healthy, median of {STARTS}");
    table.compare(figure, median(&starts), PLUGIN_START, "ms");
    if let Some(running) = last {
        tokio::time::sleep(IDLE).await;
        let pid = engine.docker(&["inspect", "--format", "{{.State.Pid}}", &running.id]);
        let status = format!("/proc/{pid}/status");
        for (what, field) in [("resident", "VmRSS:"), ("resident, its own and not the program's", "RssAnon:")] {
            table.compare(
                format!("{PLUGIN}: {what}, idle"),
                kilobytes(&status, field)? * 1.024 / 1e3,
                PLUGIN_MEMORY,
                "MB",
            );
        }
    }
    Ok(())
}

/// A container of the plugin; it goes when this is dropped.
struct Running<'a> {
    engine: &'a Engine,
    id: String,
    /// From its start by the engine until it was healthy.
    after: Duration,
}

impl<'a> Running<'a> {
    /// With a platform that is away, which it goes on asking for.
    async fn start(engine: &'a Engine, Image { name, tag, .. }: &Image) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let environment = [
            (variable::PLUGIN_ID, "crm".to_owned()),
            (variable::PLUGIN_VERSION, tag.clone()),
            (variable::INSTALLATION, "bench".to_owned()),
            (variable::PLATFORM_URL, "http://127.0.0.1:9".to_owned()),
            (variable::CREDENTIAL_USER, "crm".to_owned()),
            (variable::CREDENTIAL_PASSWORD, "none".to_owned()),
            (variable::PLATFORM_KEYS, r#"{"keys":[]}"#.to_owned()),
            (variable::DATABASE_URL, "postgres://crm:none@127.0.0.1:9/plexica".to_owned()),
            (variable::LISTEN, format!("127.0.0.1:{port}")),
        ]
        .map(|(name, value)| format!("{name}={value}"));
        let image = format!("{name}:{tag}");
        let run = ["run", "--detach", "--network=host", "--read-only", "--cap-drop=ALL"];
        let environment = environment.iter().flat_map(|one| ["--env", one]);
        let arguments: Vec<String> =
            run.into_iter().chain(environment).chain([image.as_str()]).map(str::to_owned).collect();
        // It may be healthy before the command line comes back.
        let started = tokio::task::spawn_blocking({
            let engine = engine.clone();
            move || engine.docker(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        });
        let healthy = tokio::time::timeout(PATIENCE, healthy(port)).await;
        let id = started.await?;
        let mut running = Self { engine, id, after: Duration::ZERO };
        let Ok(healthy) = healthy else { return failed("the plugin does not become healthy") };
        let began = engine.docker(&["inspect", "--format", "{{.State.StartedAt}}", &running.id]);
        let began = Duration::try_from(began.parse::<Timestamp>()?.duration_since(Timestamp::UNIX_EPOCH))?;
        running.after = healthy.duration_since(UNIX_EPOCH)?.saturating_sub(began);
        Ok(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.engine.docker(&["rm", "--force", &self.id]);
    }
}

/// When it first answers that it is.
async fn healthy(port: u16) -> SystemTime {
    let http = reqwest::Client::new();
    let url = format!("http://127.0.0.1:{port}{HEALTH}");
    loop {
        if http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return SystemTime::now();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
