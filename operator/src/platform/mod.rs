//! What is there before any tenant: the platform's namespace and keys, schema `core` and realm.
//!
//! Keys come first, since nothing can be vouched for without them. The rest is tried again until it
//! is there, while what does not need it proceeds.

mod cluster;
mod identity;
mod keys;
mod namespace;
mod parts;
mod whose;

pub use cluster::uid as cluster_uid;
pub use keys::Keys;
pub use namespace::ensure as namespace;
pub use parts::keep;
pub use whose::Whose;

use std::time::Duration;

use futures::StreamExt;
use kube::Client;
use tokio_util::sync::CancellationToken;

use crate::{
    backoff::Backoff,
    outage::Outages,
    problem::{Problem, Remedy},
    settings::Settings,
};

/// The longest pause where nobody tells that a system is back: one operator, at its start.
const UNTOLD: Duration = Duration::from_secs(3);

/// The uid of the cluster, as soon as Kubernetes tells it; `None` if asked to stop before.
pub async fn cluster(client: &Client, stop: &CancellationToken) -> Option<String> {
    until_done("the cluster's identity", stop, None, || cluster::uid(client)).await
}

/// The platform's keys, as soon as Kubernetes lets us have them; `None` if asked to stop before.
pub async fn keys(client: &Client, settings: &Settings, stop: &CancellationToken) -> Option<Keys> {
    until_done("the platform's keys", stop, None, || namespace_and_keys(client, settings)).await
}

async fn namespace_and_keys(client: &Client, settings: &Settings) -> Result<Keys, Problem> {
    namespace::ensure(client, &settings.namespace).await?;
    keys::ensure(client, settings).await
}

/// Tries until it succeeds or is asked to stop; sooner when a system has returned.
async fn until_done<T, F>(
    what: &str,
    stop: &CancellationToken,
    outages: Option<&Outages>,
    attempt: impl Fn() -> F,
) -> Option<T>
where
    F: Future<Output = Result<T, Problem>>,
{
    let backoff = Backoff::default();
    let mut returned = outages.map(Outages::returned);
    let mut back = async || match &mut returned {
        Some(returned) => returned.next().await,
        None => std::future::pending().await,
    };
    loop {
        let problem = tokio::select! {
            result = attempt() => match result {
                Ok(done) => return Some(done),
                Err(problem) => problem,
            },
            () = stop.cancelled() => return None,
        };
        let pause: Duration = backoff.next((), (&problem).into(), rand::random());
        let pause = if outages.is_none() { untold(pause, problem.remedy()) } else { pause };
        tracing::warn!(what, reason = %problem.reason, "{problem} Tried again in {pause:?}.");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = back() => backoff.reset(&()),
            () = stop.cancelled() => return None,
        }
    }
}

/// The pause of who is not told that a system is back. Pure.
fn untold(pause: Duration, remedy: Remedy) -> Duration {
    if remedy == Remedy::Retry { pause.min(UNTOLD) } else { pause }
}

#[cfg(test)]
mod tests {
    use plexica_crds::Reason;

    use super::*;

    #[test]
    fn an_operator_that_starts_while_kubernetes_is_away_asks_every_few_seconds() {
        let (backoff, away) = (Backoff::default(), Problem::new(Reason::BackendUnavailable, "away"));
        let pauses = (0..20).map(|_| backoff.next((), (&away).into(), 1.0)).collect::<Vec<Duration>>();
        assert!(pauses.iter().any(|pause| *pause > UNTOLD), "where somebody tells, they grow");
        assert!(pauses.iter().all(|pause| untold(*pause, Remedy::Retry) <= UNTOLD), "{pauses:?}");
    }
}
