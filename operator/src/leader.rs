//! Terms of leadership: a Lease keeps replicas from doing the same twice. It guards nothing, since
//! two at once do no harm.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};
use kube_lease_manager::{LeaseCreateMode, LeaseManagerBuilder, LeaseManagerError};
use tokio_util::sync::CancellationToken;

use crate::{platform, problem::Problem};

const LEASE: &str = "plexica-operator";
/// Before the Lease is asked for again after an error, and between two looks whether it is there.
const PAUSE: Duration = Duration::from_secs(5);
/// How long giving the Lease back may take; after that it ends by itself.
const GIVE_BACK: Duration = Duration::from_secs(3);

/// Why there is no candidacy.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{0}")]
    Namespace(Problem),
    #[error(transparent)]
    Lease(#[from] LeaseManagerError),
}

/// Runs `work` during each term, until `stop` is cancelled; `waiting` is told when another leads.
pub async fn terms<F>(
    client: &Client,
    namespace: &str,
    stop: &CancellationToken,
    waiting: impl Fn(),
    work: impl Fn(CancellationToken) -> F,
) where
    F: Future<Output = ()>,
{
    while !stop.is_cancelled() {
        if let Err(error) = candidacy(client, namespace, stop, &waiting, &work).await {
            tracing::warn!(%error, "the Lease cannot be had; it is tried again");
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = stop.cancelled() => {}
            }
        }
    }
}

/// Comes back when somebody has removed the Lease.
async fn removed(client: &Client, namespace: &str) {
    let leases = Api::<Lease>::namespaced(client.clone(), namespace);
    loop {
        tokio::time::sleep(PAUSE).await;
        if matches!(leases.get_metadata_opt(LEASE).await, Ok(None)) {
            return;
        }
    }
}

async fn candidacy<F>(
    client: &Client,
    namespace: &str,
    stop: &CancellationToken,
    waiting: &impl Fn(),
    work: &impl Fn(CancellationToken) -> F,
) -> Result<(), Error>
where
    F: Future<Output = ()>,
{
    let manager = async {
        // Outside of a cluster nobody else makes it.
        platform::namespace(client, namespace).await.map_err(Error::Namespace)?;
        let builder = LeaseManagerBuilder::new(client.clone(), LEASE)
            .with_namespace(namespace)
            .with_create_mode(LeaseCreateMode::AutoCreate)
            .with_duration(15)
            .with_grace(5);
        Ok::<_, Error>(builder.build().await?)
    };
    let manager = tokio::select! {
        manager = manager => manager?,
        () = stop.cancelled() => return Ok(()),
    };
    let (mut leading, task) = manager.watch().await;
    loop {
        waiting();
        tokio::select! {
            // Asked to stop, it does not begin another term.
            biased;
            () = stop.cancelled() => break,
            // The next candidacy makes it again, which this one does only when it begins.
            () = removed(client, namespace) => return Ok(()),
            held = leading.wait_for(|held| *held) => if held.is_err() { break },
        }
        tracing::info!("leading");
        let term = stop.child_token();
        let lost = async {
            // An error means that the Lease is not kept any more.
            let _ = leading.wait_for(|held| !*held).await;
            term.cancel();
        };
        tokio::select! {
            () = work(term.clone()) => {}
            () = async { lost.await; std::future::pending().await } => {}
        }
        tracing::info!("not leading any more");
    }
    drop(leading);
    // The Lease is given back, so that the next one need not wait for its end.
    match tokio::time::timeout(GIVE_BACK, task).await {
        Ok(Ok(Err(error))) => Err(error.into()),
        Ok(Ok(Ok(_)) | Err(_)) | Err(_) => Ok(()),
    }
}
