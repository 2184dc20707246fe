//! The operator, as a process of its own.

use std::{
    net::TcpListener,
    path::Path,
    time::{Duration, Instant},
};

use tokio::process::Command;

use crate::{
    outcome::{Result, failed},
    parts::Parts,
    program::Program,
};

const READY: Duration = Duration::from_mins(1);
/// How often its numbers are looked at.
const LOOK: Duration = Duration::from_millis(100);

pub struct Operator {
    program: Program,
    base: String,
}

impl Operator {
    /// Starts it, for the tenants of this run, and waits until it is ready.
    pub async fn start(parts: &Parts, program: &Path, resync: Duration) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(program);
        command
            .env("RUST_LOG", "warn")
            .env("KUBECONFIG", &parts.kubeconfig)
            .env("DATABASE_URL", &parts.database_url)
            .env("KEYCLOAK_URL", &parts.account.url)
            .env("KEYCLOAK_CLIENT_ID", &parts.account.client_id)
            .env("KEYCLOAK_CLIENT_SECRET", &parts.account.client_secret)
            .env("S3_ENDPOINT", &parts.store.endpoint)
            .env("S3_ACCESS_KEY_ID", &parts.store.access_key)
            .env("S3_SECRET_ACCESS_KEY", &parts.store.secret_key)
            .env("PLEXICA_CORE_API_URL", "http://127.0.0.1:1")
            .env("PLEXICA_METRICS_LISTEN", address.to_string())
            .env("PLEXICA_INSTALLATION", format!("bench-{}", parts.mark))
            .env("PLEXICA_NAMESPACE", format!("bench-{}", parts.mark))
            .env("PLEXICA_PLATFORM_REALM", format!("bench-{}", parts.mark))
            .env("PLEXICA_SELECTOR", parts.selector())
            .env("PLEXICA_RESYNC", resync.as_secs().to_string());
        let program = Program::start(&mut command, &parts.folder.path().join("operator.log"))?;
        let operator = Self { program, base: format!("http://{address}") };
        let deadline = Instant::now() + READY;
        while !reqwest::get(format!("{}/readyz", operator.base)).await.is_ok_and(|answer| answer.status().is_success())
        {
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(parts.folder.path().join("operator.log")).unwrap_or_default();
                return failed(format!("the operator is not ready after {READY:?}: {log}"));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(operator)
    }

    pub const fn pid(&self) -> u32 {
        self.program.pid()
    }

    /// What it counted as written, to any backend.
    pub async fn changes(&self) -> Result<f64> {
        self.counted("plexica_operator_backend_changes_total", "").await
    }

    /// The sum of a counter over all labels that hold this text.
    async fn counted(&self, counter: &str, label: &str) -> Result<f64> {
        let text = reqwest::get(format!("{}/metrics", self.base)).await?.text().await?;
        let lines = text.lines().filter(|line| line.starts_with(counter) && line.contains(label));
        let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        // Not `sum`, which makes -0 of nothing.
        Ok(values.fold(0.0, |sum, value| sum + value))
    }

    /// Waits until it has reconciled tenants this often.
    pub async fn reconciled(&self, times: f64) -> Result<f64> {
        loop {
            let counted = self.counted("plexica_operator_reconciles_total", "kind=\"Tenant\"").await?;
            if counted >= times {
                return Ok(counted);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    pub async fn stop(self) -> Result<()> {
        self.program.stop().await
    }
}
