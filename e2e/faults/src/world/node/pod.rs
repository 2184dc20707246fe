//! A pod: the plugin of these runs as a process, with what the container of a Deployment is given.

use std::{fs::OpenOptions, net::SocketAddr, path::Path, process::Stdio, time::Duration};

use k8s_openapi::api::core::v1::Secret;
use plexica_contract::{path::HEALTH, tenancy::environment};
use tokio::process::{Child, Command};

use crate::plugin;

/// The port of a container, and of a Service.
pub const PORT: u16 = 8080;
/// How long a probe may take.
const PROBE: Duration = Duration::from_secs(1);

/// Runs `$@` for as long as whoever holds the other end of standard input lives, so that no pod outlives this program.
const SCRIPT: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- &
child=$!
{ read -r _ <&3; kill -TERM "$child"; } &
watch=$!
exec 3<&-
wait "$child"
kill -KILL "$watch"
"#;

/// One pod. It is told to end when this is dropped.
#[derive(Debug)]
pub struct Pod {
    /// Of which pod template.
    pub template: u64,
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    is_ready: bool,
}

impl Pod {
    /// Starts one with the environment in the Secret.
    ///
    /// # Panics
    /// When this program cannot be started again.
    pub fn start(template: u64, secret: Secret, log: &Path) -> Self {
        let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let address = own_address();
        let environment = secret.data.unwrap_or_default().into_iter();
        let child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(std::env::current_exe().unwrap())
            .arg(plugin::ARGUMENT)
            .env_clear()
            .envs(environment.map(|(name, value)| (name, String::from_utf8_lossy(&value.0).into_owned())))
            .env(environment::LISTEN, address.to_string())
            // Nothing is sent to one that is told to end.
            .env(environment::SHUTDOWN_DELAY, "0")
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { template, address, child, is_ready: false }
    }

    /// Whether it has not ended by itself.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether it has answered when it was asked last.
    pub const fn was_ready(&self) -> bool {
        self.is_ready
    }

    /// Whether it has answered once.
    pub async fn is_ready(&mut self) -> bool {
        if !self.is_ready {
            let answer = reqwest::Client::new().get(format!("http://{}{HEALTH}", self.address)).timeout(PROBE).send();
            self.is_ready = answer.await.is_ok_and(|answer| answer.status().is_success());
        }
        self.is_ready
    }
}

/// One of the sixteen million addresses of this machine to itself, as pods and Services have them.
pub fn own_address() -> SocketAddr {
    let [second, third, fourth] = rand::random::<[u8; 3]>();
    ([127, second.max(1), third, fourth.clamp(1, 254)], PORT).into()
}
