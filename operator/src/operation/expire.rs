//! Old operations go.

use std::time::Duration;

use plexica_backends::{
    System,
    postgres::operation::{DAYS, expire},
};
use tokio_util::sync::CancellationToken;

use crate::{context::Context, problem::Problem};

/// How often they are looked for.
const PAUSE: Duration = Duration::from_hours(1);

/// Removes them again and again, until `stop` is cancelled.
pub async fn keep_bounded(context: &Context, stop: &CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_some() {
        match once(context).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "operations of more than {DAYS} days ago were removed"),
            Err(problem) => tracing::warn!("old operations were not removed: {problem}"),
        }
    }
}

async fn once(context: &Context) -> Result<u64, Problem> {
    let database = context.databases.default_database()?;
    context.tried(System::Postgres, "expire", expire(database, DAYS)).await
}
