//! `plexica dev`: how soon it is ready, what it takes, how soon a plugin serves.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use kube::{
    Api, Client, Config,
    api::PostParams,
    config::{KubeConfigOptions, Kubeconfig},
    runtime::wait::await_condition,
};
use plexica_crds::{PluginInstall, Tenant};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};

use crate::{
    outcome::{Result, failed},
    program::{Program, descendants, proportional, resident},
    stats::{median, ms},
    suspend::{self, Line, User},
    table::Table,
};

const READY: Duration = Duration::from_secs(40);
const SERVED: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(5);
const TENANTS: [&str; 3] = ["beta", "gamma", "delta"];
/// What would make it use parts of others.
const PARTS: [&str; 5] = ["DATABASE_URL", "KEYCLOAK_URL", "S3_ENDPOINT", "KUBECONFIG", "RUST_LOG"];

/// What `--output json` prints.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    gateway: String,
    kubeconfig: PathBuf,
    ready_ms: f64,
}

pub async fn measure(table: Table, plexica: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    // Another user's Postgres has to get into it.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let log = folder.path().join("log");
    let data = folder.path().join("data");
    let kept = [std::ffi::OsStr::new("--data-dir"), data.as_os_str()];

    let (program, summary) = start(plexica, &log, &["--ephemeral".as_ref()]).await?;
    table.add("dev --ephemeral: ready", summary.ready_ms, "ms");
    program.stop().await?;
    let (program, summary) = start(plexica, &log, &kept).await?;
    table.add("dev: ready, first start in a folder", summary.ready_ms, "ms");
    program.stop().await?;
    let (program, summary) = start(plexica, &log, &kept).await?;
    table.add("dev: ready, second start", summary.ready_ms, "ms");
    memory(&table, program.pid())?;

    let client = client(&summary.kubeconfig).await?;
    let (mut installed, mut users) = (Vec::new(), Vec::new());
    for tenant in TENANTS {
        let (took, token) = install(&client, &summary, plexica, &data, tenant).await?;
        installed.push(ms(took));
        users.push(User { tenant: tenant.to_owned(), token });
    }
    let what = format!("dev: install → first request served, median of {}", TENANTS.len());
    table.add(what, median(&installed), "ms");
    let core_api = core_api(&data)?;
    suspend::measure(&table, &Line { client, gateway: summary.gateway, core_api }, &users).await?;
    program.stop().await
}

async fn start(plexica: &Path, log: &Path, arguments: &[&std::ffi::OsStr]) -> Result<(Program, Summary)> {
    let mut command = Command::new(plexica);
    command.args(["dev", "--output", "json", "--port", "0"]).args(arguments);
    for part in PARTS {
        command.env_remove(part);
    }
    let mut program = Program::start(&mut command, log)?;
    let Some(stdout) = program.stdout() else { return failed("it has no output") };
    let line = timeout(READY, BufReader::new(stdout).lines().next_line()).await;
    match line {
        Ok(Ok(Some(line))) => Ok((program, serde_json::from_str(&line)?)),
        _ => failed(format!("plexica dev is not ready: {}", std::fs::read_to_string(log).unwrap_or_default())),
    }
}

/// By what each process is. Postgres' share its buffers, which count once.
fn memory(table: &Table, pid: u32) -> Result<()> {
    table.add("dev: resident, plexica itself", resident(pid)?, "MB");
    let below = descendants(pid)?;
    let (mut plugin, mut postgres) = (0.0, 0.0);
    for (pid, command) in &below {
        if command.contains("run-plugin") && !is_shell(command) {
            plugin += resident(*pid)?;
        } else if command.contains("postgres") {
            postgres += proportional(*pid)?;
        }
    }
    table.add("dev: resident, plugin crm", plugin, "MB");
    table.add("dev: Postgres, all of its processes, shared memory once", postgres, "MB");
    Ok(())
}

/// The watchdog of a plugin has its command line too.
fn is_shell(command: &str) -> bool {
    command.starts_with("sh ") || command.starts_with("/bin/sh ")
}

async fn client(kubeconfig: &Path) -> Result<Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

/// From applying an install for a tenant that is Ready to the first answer of the plugin; and a token of a user.
async fn install(
    client: &Client,
    dev: &Summary,
    plexica: &Path,
    data: &Path,
    tenant: &str,
) -> Result<(Duration, String)> {
    let email = format!("ada@{tenant}.test");
    let tenants: Api<Tenant> = Api::all(client.clone());
    let object = serde_json::from_value(json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "Tenant", "metadata": { "name": tenant },
        "spec": { "displayName": tenant, "admin": { "email": email } },
    }))?;
    tenants.create(&PostParams::default(), &object).await?;
    timeout(SERVED, await_condition(tenants, tenant, |tenant: Option<&Tenant>| tenant.is_some_and(is_ready))).await??;

    let http = reqwest::Client::new();
    let token = token(plexica, data, tenant, &email).await?;
    let url = format!("{}/api/plugins/crm/contacts", dev.gateway);
    if ask(&http, &url, &token).await?.is_success() {
        return failed("the plugin answers before it is installed");
    }
    let installs: Api<PluginInstall> = Api::namespaced(client.clone(), "plexica-system");
    let object = serde_json::from_value(json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall",
        "metadata": { "name": format!("{tenant}-crm"), "namespace": "plexica-system" },
        "spec": { "tenantRef": { "name": tenant }, "plugin": { "id": "crm" } },
    }))?;
    let began = Instant::now();
    installs.create(&PostParams::default(), &object).await?;
    until(&http, &url, &token, StatusCode::is_success).await?;
    Ok((began.elapsed(), token))
}

async fn ask(http: &reqwest::Client, url: &str, token: &str) -> reqwest::Result<StatusCode> {
    http.get(url).bearer_auth(token).send().await.map(|answer| answer.status())
}

/// Asks until the answer is such a one.
async fn until(http: &reqwest::Client, url: &str, token: &str, wanted: fn(&StatusCode) -> bool) -> Result<()> {
    let began = Instant::now();
    loop {
        let last = ask(http, url, token).await?;
        if wanted(&last) {
            return Ok(());
        }
        if began.elapsed() > SERVED {
            return failed(format!("{url} still answers {last} after {SERVED:?}"));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Where `dev` has put it.
fn core_api(data: &Path) -> Result<String> {
    let ports: BTreeMap<String, u16> = serde_json::from_slice(&std::fs::read(data.join("ports.json"))?)?;
    let port = ports.get("core-api").map_or_else(|| failed("no port of the core API is known"), Ok)?;
    Ok(format!("http://127.0.0.1:{port}"))
}

fn is_ready(tenant: &Tenant) -> bool {
    let mut conditions = tenant.status.iter().flat_map(|status| &status.conditions);
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// The tenant's first user has no password yet; who owns the data folder needs none.
async fn token(plexica: &Path, data: &Path, tenant: &str, user: &str) -> Result<String> {
    let mut command = Command::new(plexica);
    command.args(["token", "--tenant", tenant, "--user", user, "--data-dir"]).arg(data).env_remove("KUBECONFIG");
    let output = command.output().await?;
    if !output.status.success() {
        return failed(format!("plexica token: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
