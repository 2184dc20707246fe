//! What runs, started in order and stopped in the reverse.

use std::time::Duration;

use futures::future::select_all;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{Error, postgres};

/// Longer than any part drains requests or a plugin takes to end.
const STOP: Duration = Duration::from_secs(30);

/// In which a server that loses its sessions has ended.
const NOTICE: Duration = Duration::from_secs(1);

/// The running parts, first started first.
#[derive(Default)]
pub struct Platform {
    postgres: Option<postgres::Server>,
    parts: Vec<Part>,
}

struct Part {
    name: &'static str,
    stop: CancellationToken,
    ended: JoinHandle<String>,
}

impl Platform {
    /// Takes the database, which is stopped after everything else.
    pub fn keep_postgres(&mut self, server: postgres::Server) -> &mut postgres::Server {
        tracing::info!(part = "Postgres", "started");
        self.postgres.insert(server)
    }

    /// Takes a part; `ended` resolves when it has stopped, with the reason if nobody asked it to.
    pub fn keep(
        &mut self,
        name: &'static str,
        stop: CancellationToken,
        ended: impl Future<Output = String> + Send + 'static,
    ) {
        tracing::info!(part = name, "started");
        self.parts.push(Part { name, stop, ended: tokio::spawn(ended) });
    }

    /// Returns when somebody asks for the end, or with the part that ended by itself.
    pub async fn until_ended(&mut self, interrupted: &CancellationToken) -> Result<(), Error> {
        let Self { postgres, parts } = self;
        let postgres = async {
            match postgres {
                Some(server) => server.ended().await,
                None => std::future::pending().await,
            }
        };
        let ended = select_all(parts.iter_mut().map(|part| {
            Box::pin(async {
                let reason = (&mut part.ended).await.unwrap_or_else(|error| error.to_string());
                Error::Ended { part: part.name, reason }
            })
        }));
        let error = tokio::select! {
            () = interrupted.cancelled() => return Ok(()),
            error = postgres => error,
            (error, _, _) = ended => error,
        };
        Err(self.cause(error).await)
    }

    /// Without the database everything else fails, too: then that is what is told.
    pub async fn cause(&mut self, error: Error) -> Error {
        match &mut self.postgres {
            Some(server) if !matches!(error, Error::Postgres { .. }) => {
                timeout(NOTICE, server.ended()).await.unwrap_or(error)
            }
            _ => error,
        }
    }

    /// Stops everything, last first, and waits for each: a plugin must not see its database go.
    pub async fn stop(self) {
        for part in self.parts.into_iter().rev() {
            part.stop.cancel();
            // One that ended by itself was waited for already, and must not be again.
            if !part.ended.is_finished() && timeout(STOP, part.ended).await.is_err() {
                tracing::error!(part = part.name, "does not stop: going on without waiting for it");
            }
            tracing::info!(part = part.name, "stopped");
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await;
        }
    }
}
