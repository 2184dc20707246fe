//! Which generation of credentials a plugin's workloads have.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::Provisioner;
use super::failure::failure;
use crate::{Changes, Generation, Result};

/// What is recorded for the user name; the first generation where nothing is.
pub async fn find(provisioner: &Provisioner, username: &str) -> Result<Generation> {
    let row = sqlx::query(
        "SELECT generation, extract(epoch FROM rotated_at)::bigint AS rotated_at, requests, previous
           FROM core.credential_generation WHERE username = $1",
    )
    .bind(username)
    .fetch_optional(provisioner.pool())
    .await;
    let found = row.and_then(|row| row.as_ref().map(decode).transpose());
    Ok(found.map_err(failure(&format!("read the generation of {username}")))?.unwrap_or_default())
}

fn decode(row: &PgRow) -> std::result::Result<Generation, sqlx::Error> {
    let (number, rotated_at): (i64, Option<i64>) = (row.try_get("generation")?, row.try_get("rotated_at")?);
    let requests: Vec<String> = row.try_get("requests")?;
    Ok(Generation {
        number: u32::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))?,
        rotated_at: rotated_at.and_then(|second| Timestamp::from_second(second).ok()),
        requests: requests.into_iter().collect(),
        previous: row.try_get("previous")?,
    })
}

/// Records `to` in the place of `from`; nothing if that is not what is recorded any more, since another
/// operator was faster.
pub async fn advance(provisioner: &Provisioner, username: &str, from: &Generation, to: &Generation) -> Result<Changes> {
    let Generation { number, rotated_at, requests, previous } = to;
    let wrote = sqlx::query(
        "INSERT INTO core.credential_generation AS known (username, generation, rotated_at, requests, previous)
         VALUES ($1, $2, to_timestamp($3::bigint), $4, $5)
         ON CONFLICT (username) DO UPDATE SET generation = excluded.generation, rotated_at = excluded.rotated_at,
             requests = excluded.requests, previous = excluded.previous
         WHERE known.generation = $6 AND known.previous = $7",
    )
    .bind(username)
    .bind(i64::from(*number))
    .bind(rotated_at.map(Timestamp::as_second))
    .bind(requests.iter().cloned().collect::<Vec<_>>())
    .bind(previous)
    .bind(i64::from(from.number))
    .bind(from.previous)
    .execute(provisioner.pool())
    .await
    .map_err(failure(&format!("record the generation of {username}")))?
    .rows_affected();
    Ok((0..wrote).map(|_| format!("recorded generation {number} of the credentials of {username}")).collect())
}
