//! From watches to the next snapshot.

use std::{fmt::Debug, sync::Arc, time::Duration};

use kube::{Client, Resource, runtime::reflector::Store};
use plexica_crds::{Plugin, PluginInstall, Tenant};
use plexica_service::{Tasks, watch};
use serde::de::DeserializeOwned;
use tokio::{sync::Notify, time};

use super::platform_realm;
use crate::{
    feed::Feed,
    snapshot::{Sources, build},
};

/// From one snapshot to the next: a snapshot is made of everything, whatever changed.
const PAUSE: Duration = Duration::from_millis(50);

/// Watches the three kinds and the platform's realm, and puts a new snapshot in place after each
/// change, or after several that come at once. The first needs all of them: half a list would be a wrong answer.
pub fn follow(tasks: &Tasks, client: &Client, namespace: String, feed: Feed) {
    let changed = Arc::new(Notify::new());
    let tell = || {
        let changed = Arc::clone(&changed);
        move || changed.notify_one()
    };
    let tenants = all::<Tenant>(tasks, client, tell());
    let plugins = all::<Plugin>(tasks, client, tell());
    let installs = all::<PluginInstall>(tasks, client, tell());
    let mut platform = platform_realm::follow(tasks, client, &namespace, tell());
    let shutdown = tasks.shutdown();
    tasks.spawn("the routes", async move {
        let build_on_change = async {
            let first = async {
                tokio::join!(tenants.wait_until_ready(), plugins.wait_until_ready(), installs.wait_until_ready())
            };
            if let (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) = first.await {
                tracing::error!(%error, "a watch ended before its first list");
                return;
            }
            if platform.wait_for(|platform| platform.answered).await.is_err() {
                tracing::error!("the watch of the platform's realm ended before its first answer");
                return;
            }
            loop {
                feed.publish(build(&Sources {
                    platform: platform.borrow().realm.clone(),
                    namespace: &namespace,
                    tenants: &tenants.state(),
                    plugins: &plugins.state(),
                    installs: &installs.state(),
                }));
                time::sleep(PAUSE).await;
                changed.notified().await;
            }
        };
        shutdown.run_until_cancelled(build_on_change).await;
    });
}

/// Those of a kind, whatever changes of one: a route left as it was would be a wrong answer.
fn all<K>(tasks: &Tasks, client: &Client, changed: impl Fn() + Send + Sync + 'static) -> Store<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    watch::follow(tasks, client, |one: &K| one.meta().resource_version.clone(), move |_| changed())
}
