//! Transactions that nobody leaves open.

use sqlx::{PgPool, Postgres, Transaction};
use tracing::Instrument;

/// Begins a transaction that is rolled back when who asks for it gives up, as on a timeout. The pool's own `begin` leaves it
/// open then, for who has the connection next, and what that one writes is not kept
/// (<https://github.com/transact-rs/sqlx/issues/4393>, mended after 0.9.0).
pub async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    // A task goes on without who waits for it.
    let begun = tokio::spawn(async move { pool.begin().await }.in_current_span());
    begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}
