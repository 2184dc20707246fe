//! Plugins as child processes on loopback, for machines without a cluster.
//!
//! The children live and die with the operator, so nothing is recorded and nothing is adopted: an
//! operator that starts again starts them again.

mod command;
mod keeper;

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

use async_trait::async_trait;
use futures::{StreamExt, stream::BoxStream};
use plexica_contract::{name::PluginId, tenancy::environment::LISTEN};
use tokio::sync::{Mutex, broadcast};
use tokio_stream::wrappers::BroadcastStream;
use url::Url;

use self::{
    command::log_path,
    keeper::{Keeper, Life},
};
use super::{
    Changed, Needs, Observed, Place, State, Workload, Workloads,
    health::{Health, Unwell},
    observed::Found,
};
use crate::{Changes, Error, Kind, Retired, System};

/// How long one goes on that nothing leads to any more: gateways hear of it by a watch.
const LINGER: Duration = Duration::from_secs(2);
/// Deaths and starts that a listener may be behind; those before are seen at the next resync.
const BACKLOG: usize = 1024;

/// How processes are started.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder of their logs.
    pub logs: PathBuf,
    /// Programs by the name that `runtime.command` may call them, such as `plexica` for the
    /// running executable.
    pub aliases: BTreeMap<String, PathBuf>,
    /// PEM file of CAs to trust besides the system's.
    pub ca_bundle: Option<PathBuf>,
}

/// Keeps child processes running.
#[derive(Debug)]
pub struct Processes {
    settings: Settings,
    health: Health,
    kept: Mutex<HashMap<Place, Kept>>,
    changed: broadcast::Sender<Changed>,
}

/// What is kept running in one place.
#[derive(Debug)]
struct Kept {
    keeper: Keeper,
    /// Whether it was seen healthy, so that requests may have been sent to it.
    served: bool,
    /// Those that served before it, and still do.
    former: Vec<Keeper>,
}

impl Kept {
    /// Ends all of them.
    async fn stop(self, grace: Duration) {
        let Self { keeper, served: _, former } = self;
        futures::future::join_all(former.into_iter().chain([keeper]).map(|keeper| keeper.stop(grace))).await;
    }
}

impl Processes {
    /// Starts nothing yet.
    ///
    /// # Errors
    /// When the folder of logs cannot be made.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        std::fs::create_dir_all(&settings.logs).map_err(|error| {
            Error::new(
                System::Workloads,
                Kind::Invalid,
                format!("the folder of plugins' logs cannot be made ({})", error.kind()),
                format!("Make {} a folder that this user may write to.", settings.logs.display()),
            )
        })?;
        let health = Health::new()
            .map_err(|error| Error::unavailable(System::Workloads, "no HTTP client can be made").because(error))?;
        let (changed, _) = broadcast::channel(BACKLOG);
        Ok(Self { settings, health, kept: Mutex::default(), changed })
    }

    async fn state(&self, life: Life) -> State {
        match life {
            Life::Down(why) => State::Starting(why),
            Life::Running(address) => match self.ask(address).await {
                Ok(endpoint) => State::Ready { endpoint },
                // Without its port, which is another after each start of the operator.
                Err(why) => State::Starting(format!("the process runs, and its health check at {LISTEN} says: {why}")),
            },
        }
    }

    async fn ask(&self, address: SocketAddr) -> Result<Url, Unwell> {
        let endpoint = Url::parse(&format!("http://{address}")).map_err(|error| Unwell::Silent(error.to_string()))?;
        self.health.check(&endpoint).await?;
        Ok(endpoint)
    }
}

fn started(place: &Place) -> String {
    format!("started the process {}", place.name)
}

#[async_trait]
impl Workloads for Processes {
    fn needs(&self) -> Needs {
        Needs::Command
    }

    async fn observe(&self, desired: &Workload) -> Result<Observed, Error> {
        let life = {
            let kept = self.kept.lock().await;
            kept.get(&desired.place()).map(|Kept { keeper, .. }| (keeper.workload == *desired, keeper.life()))
        };
        Ok(match life {
            None => Observed { state: State::Absent, found: Found::Process { current: false } },
            // What runs with an older desired state is about to be followed, so it is not ready.
            Some((false, _)) => Observed {
                state: State::Starting("the process is started again with its new settings".into()),
                found: Found::Process { current: false },
            },
            Some((true, life)) => {
                let state = self.state(life).await;
                if matches!(state, State::Ready { .. })
                    && let Some(kept) = self.kept.lock().await.get_mut(&desired.place())
                {
                    kept.served |= kept.keeper.workload == *desired;
                }
                Observed { state, found: Found::Process { current: true } }
            }
        })
    }

    async fn differences(&self, desired: &Workload, observed: &Observed) -> Result<Changes, Error> {
        Ok(match observed.found {
            Found::Process { current: true } => Changes::none(),
            _ => Changes::from_iter([started(&desired.place())]),
        })
    }

    fn digest(&self, _: &Workload) -> Option<String> {
        None
    }

    async fn ensure(&self, desired: &Workload, observed: &Observed) -> Result<Changes, Error> {
        if matches!(observed.found, Found::Process { current: true }) {
            return Ok(Changes::none());
        }
        let place = desired.place();
        let mut kept = self.kept.lock().await;
        // Another reconcile of the same Shared workload may have come first.
        if kept.get(&place).is_some_and(|kept| kept.keeper.workload == *desired) {
            return Ok(Changes::none());
        }
        let log = log_path(&self.settings.logs, &place.namespace, &place.name);
        let change = started(&place);
        let keeper = Keeper::start(desired.clone(), &self.settings, log, self.changed.clone());
        let (mut former, mut useless) = (Vec::new(), None);
        if let Some(Kept { keeper, served, former: before }) = kept.remove(&place) {
            former = before;
            // Requests go on to what served until they are sent to the new one.
            if served {
                former.push(keeper);
            } else {
                useless = Some(keeper);
            }
        }
        kept.insert(place, Kept { keeper, served: false, former });
        drop(kept);
        // Outside the lock: a child may take its time to end, and others need not wait for it.
        if let Some(keeper) = useless {
            keeper.stop(keeper::GRACE).await;
        }
        Ok(Changes::from_iter([change]))
    }

    async fn settle(&self, desired: &Workload) {
        let former = match self.kept.lock().await.get_mut(&desired.place()) {
            Some(kept) => std::mem::take(&mut kept.former),
            None => return,
        };
        for keeper in former {
            tokio::spawn(async move {
                tokio::time::sleep(LINGER).await;
                keeper.stop(keeper::GRACE).await;
            });
        }
    }

    async fn retire(&self, place: &Place) -> Result<Retired, Error> {
        let kept = self.kept.lock().await.remove(place);
        match kept {
            Some(kept) => {
                kept.stop(keeper::GRACE).await;
                Ok(Retired::Removed)
            }
            None => Ok(Retired::Gone),
        }
    }

    async fn list(&self, namespace: &str, plugin: &PluginId) -> Result<Vec<Place>, Error> {
        let kept = self.kept.lock().await;
        let of_plugin = |(place, kept): (&Place, &Kept)| {
            (place.namespace == namespace && kept.keeper.workload.plugin == *plugin).then(|| place.clone())
        };
        Ok(kept.iter().filter_map(of_plugin).collect())
    }

    fn changes(&self) -> BoxStream<'static, Changed> {
        BroadcastStream::new(self.changed.subscribe()).filter_map(async |changed| changed.ok()).boxed()
    }

    async fn stop(&self) {
        let all = std::mem::take(&mut *self.kept.lock().await);
        futures::future::join_all(all.into_values().map(|kept| kept.stop(keeper::HURRY))).await;
    }
}
