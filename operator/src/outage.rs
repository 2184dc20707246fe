//! Notices that a system which was down answers again: what failed for it is then tried at once,
//! and not when its pause ends, which may have grown to minutes.

use std::time::Duration;

use futures::{Stream, StreamExt, future::join_all};
use plexica_backends::System;
use tokio::sync::{Notify, broadcast};
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::CancellationToken;

use crate::context::Context;

/// How often a system that is down is asked.
const PAUSE: Duration = Duration::from_secs(1);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Database(String),
    Keycloak,
    Store,
    Kubernetes,
}

impl Asked {
    const fn system(&self) -> System {
        match self {
            Self::Database(_) => System::Postgres,
            Self::Keycloak => System::Keycloak,
            Self::Store => System::S3,
            Self::Kubernetes => System::Kubernetes,
        }
    }

    /// Whether it answers, with a refusal for all we care.
    async fn answers(&self, context: &Context) -> bool {
        let answered = |result: plexica_backends::Result<()>| !result.is_err_and(|error| error.is_passing());
        let asking = async {
            match self {
                Self::Database(name) => match context.databases.get(name) {
                    Ok(database) => answered(database.ping().await),
                    Err(_) => true,
                },
                Self::Keycloak => answered(context.realms.ping().await),
                Self::Store => answered(context.store.ping().await),
                Self::Kubernetes => context.client.apiserver_version().await.is_ok(),
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or(false)
    }
}

/// Which systems may be down, and who waits for their return.
#[derive(Debug)]
pub struct Outages {
    asked: Vec<(Asked, Notify)>,
    returned: broadcast::Sender<()>,
}

impl Outages {
    /// Of these databases, and the systems there is one of.
    pub fn new<'a>(databases: impl Iterator<Item = &'a str>) -> Self {
        let databases = databases.map(|name| Asked::Database(name.to_owned()));
        let asked = databases.chain([Asked::Keycloak, Asked::Store, Asked::Kubernetes]);
        Self { asked: asked.map(|asked| (asked, Notify::new())).collect(), returned: broadcast::Sender::new(16) }
    }

    /// A call to the system failed in a way that passes.
    pub fn suspect(&self, system: System) {
        for (_, suspected) in self.asked.iter().filter(|(asked, _)| asked.system() == system) {
            suspected.notify_one();
        }
    }

    /// Tells each time that a system has returned, from now on.
    pub fn returned(&self) -> impl Stream<Item = ()> + Send + Unpin + use<> {
        // Who missed one was told of another.
        BroadcastStream::new(self.returned.subscribe()).map(|_| ())
    }

    /// Looks after all of them until `stop` is cancelled.
    pub async fn watch(&self, context: &Context, stop: &CancellationToken) {
        stop.run_until_cancelled(join_all(self.asked.iter().map(|(asked, suspected)| async {
            loop {
                suspected.notified().await;
                self.until_returned(asked, context).await;
                // Many that fail are one suspicion.
                tokio::time::sleep(PAUSE).await;
            }
        })))
        .await;
    }

    /// A system that answers is not down, whatever becomes of one call or another: that has a pause
    /// of its own, which grows.
    async fn until_returned(&self, asked: &Asked, context: &Context) {
        if asked.answers(context).await {
            return;
        }
        tracing::warn!(?asked, "is down");
        while !asked.answers(context).await {
            tokio::time::sleep(PAUSE).await;
        }
        tracing::info!(?asked, "is back");
        // Nobody may be waiting.
        let _told = self.returned.send(());
    }
}
