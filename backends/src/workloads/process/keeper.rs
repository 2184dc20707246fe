//! Keeping one child running.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitStatus,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use plexica_contract::tenancy::environment::CA_BUNDLE;
use tokio::{
    process::Child,
    sync::{broadcast, oneshot, watch},
    task::JoinHandle,
    time,
};
use tracing::{info, warn};

use super::{
    Settings,
    command::{Launch, free_port, resolve},
};
use crate::workloads::{Changed, Place, Workload};

/// The pause after a first death; doubled with each, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A child that lived this long died of something new.
const SETTLED: Duration = Duration::from_mins(1);
/// How long a child may take to end by itself, as the contract says.
pub(super) const GRACE: Duration = Duration::from_secs(30);
/// How long it may take when the operator itself ends: whoever stops a development platform waits
/// for it. The watchdog takes as long.
pub(super) const HURRY: Duration = Duration::from_secs(5);

/// What is known of the child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It was told to listen here.
    Running(SocketAddr),
    /// It is not running, and why.
    Down(String),
}

/// A task that keeps one workload's process running until it is told to stop.
#[derive(Debug)]
pub(super) struct Keeper {
    /// What runs.
    pub workload: Workload,
    life: watch::Receiver<Life>,
    stop: oneshot::Sender<Duration>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Starts the process and its keeper, which tells of every start and end.
    pub fn start(workload: Workload, settings: &Settings, log: PathBuf, changed: broadcast::Sender<Changed>) -> Self {
        let (stop, told_to_stop) = oneshot::channel();
        let (tell, life) = watch::channel(Life::Down("being started".into()));
        let launch = Launch {
            command: resolve(&workload.command, &settings.aliases),
            environment: environment(&workload.environment, settings.ca_bundle.as_deref()),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            log,
        };
        let told = Changed { plugin: workload.plugin.clone(), tenant: workload.tenant.clone() };
        let tell = move |now| {
            tell.send_replace(now);
            // An error means that nobody listens.
            let _ = changed.send(told.clone());
        };
        let task = tokio::spawn(keep(workload.place(), launch, tell, told_to_stop));
        Self { workload, life, stop, task }
    }

    /// How the process stands.
    pub fn life(&self) -> Life {
        self.life.borrow().clone()
    }

    /// Ends the process and waits until it has; after `grace` it is killed.
    pub async fn stop(self, grace: Duration) {
        // An error means that the task is gone already.
        let _ = self.stop.send(grace);
        // The task cannot panic, and one that was aborted with the runtime has no process left.
        let _ = self.task.await;
    }
}

/// What the child is started with: the workload's own, and where the CAs are.
fn environment(workload: &BTreeMap<String, String>, ca_bundle: Option<&Path>) -> BTreeMap<String, String> {
    let mut environment = workload.clone();
    environment.extend(ca_bundle.map(|path| (CA_BUNDLE.to_owned(), path.to_string_lossy().into_owned())));
    environment
}

async fn keep(place: Place, mut launch: Launch, tell: impl Fn(Life), mut stop: oneshot::Receiver<Duration>) {
    let mut pause = FIRST_PAUSE;
    let mut port = None;
    loop {
        let began = Instant::now();
        let started = free_port(port).and_then(|free| {
            port = Some(free);
            launch.listen.set_port(free);
            launch.spawn()
        });
        let why = match started {
            Ok(mut child) => {
                info!(workload = place.name, listen = %launch.listen, "plugin process started");
                tell(Life::Running(launch.listen));
                // What the watchdog watches; waiting for the child would close it.
                let _lifeline = child.stdin.take();
                tokio::select! {
                    ended = child.wait() => match ended {
                        Ok(status) => told(status, &launch.command),
                        Err(error) => format!("the process was lost ({error})"),
                    },
                    grace = &mut stop => return end(child, grace.unwrap_or(HURRY)).await,
                }
            }
            Err(error) => format!("the process could not be started ({error})"),
        };
        warn!(workload = place.name, log = %launch.log.display(), "{why}; it is started again");
        tell(Life::Down(why));
        if began.elapsed() > SETTLED {
            pause = FIRST_PAUSE;
        }
        tokio::select! {
            () = time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            _ = &mut stop => return,
        }
    }
}

/// What is told of an end: the watchdog, a shell, ends like this for a program that it cannot start, and so does one that
/// starts another by a shell.
/// <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_08_02>
fn told(status: ExitStatus, command: &[String]) -> String {
    let program = command.first().map(String::as_str).unwrap_or_default();
    match status.code() {
        Some(127) => format!("the process ended ({status}): {program}, or what it starts, was not found"),
        Some(126) => format!("the process ended ({status}): {program}, or what it starts, may not be run by this user"),
        _ => format!("the process ended ({status})"),
    }
}

/// Asks the child's process group to end, then makes it.
async fn end(mut child: Child, grace: Duration) {
    let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw) else {
        return;
    };
    // An error means that the group is gone already.
    let _ = killpg(group, Signal::SIGTERM);
    if time::timeout(grace, child.wait()).await.is_err() {
        let _ = killpg(group, Signal::SIGKILL);
        let _ = child.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;
    use crate::ownership::Mark;

    #[test]
    fn an_end_says_what_to_look_at() {
        let said = |code: i32| told(ExitStatus::from_raw(code << 8), &["/opt/crm".into(), "serve".into()]);
        assert_eq!(said(127), "the process ended (exit status: 127): /opt/crm, or what it starts, was not found");
        assert!(said(126).contains("/opt/crm, or what it starts, may not be run"));
        assert_eq!(said(3), "the process ended (exit status: 3)");
    }

    /// A child that takes its time to end and then says so in its log.
    fn slow(folder: &Path, ca_bundle: Option<PathBuf>) -> (Keeper, PathBuf) {
        let script =
            "trap 'sleep 1; echo done; exit 0' TERM; echo \"ca=$PLEXICA_CA_BUNDLE\"; while :; do sleep 0.05; done";
        let workload = Workload {
            namespace: "ns".into(),
            owner: Mark { installation: "i".into(), kind: "Plugin".into(), name: "crm".into(), uid: "1".into() },
            plugin: "crm".parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            tenant: None,
            image: None,
            command: ["/bin/sh", "-c", script].map(str::to_owned).into(),
            port: 8080,
            replicas: 1,
            resources: None,
            environment: BTreeMap::new(),
        };
        let settings = Settings { logs: folder.into(), aliases: BTreeMap::new(), ca_bundle };
        let log = folder.join("log");
        (Keeper::start(workload, &settings, log.clone(), broadcast::channel(8).0), log)
    }

    async fn says(log: &Path, text: &str) {
        let said = || std::fs::read_to_string(log).is_ok_and(|log| log.contains(text));
        let wait = async {
            while !said() {
                time::sleep(Duration::from_millis(10)).await;
            }
        };
        time::timeout(Duration::from_secs(20), wait).await.expect(text);
    }

    #[tokio::test]
    async fn a_child_ends_by_itself_unless_it_takes_too_long() {
        assert_eq!(GRACE, Duration::from_secs(30), "the contract's");
        for (grace, ends) in [(GRACE, true), (Duration::from_millis(100), false)] {
            let folder = tempfile::tempdir().unwrap();
            let (keeper, log) = slow(folder.path(), None);
            says(&log, "ca=\n").await;
            keeper.stop(grace).await;
            assert_eq!(std::fs::read_to_string(log).unwrap().contains("done"), ends, "{grace:?}");
        }
    }

    #[tokio::test]
    async fn a_child_is_told_where_the_cas_are() {
        let folder = tempfile::tempdir().unwrap();
        let (keeper, log) = slow(folder.path(), Some("/etc/company-ca.pem".into()));
        says(&log, "ca=/etc/company-ca.pem\n").await;
        keeper.stop(Duration::ZERO).await;
    }
}
