//! From apply to Ready, beside the bare minimum of the same calls.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, future::try_join_all, stream};

use crate::{
    operator::Operator,
    outcome::Result,
    parts::Parts,
    plain::Plain,
    stats::{median, ms},
    table::Table,
    tenants::Tenants,
};

pub const PAIRS: usize = 10;
pub const AT_ONCE: usize = 50;
/// As many as the operator works on at the same time.
const CONCURRENCY: usize = 16;
/// So that it does not fall into the measurement.
const NO_RESYNC: Duration = Duration::from_hours(1);

/// Measures, and leaves the operator with its tenants.
pub async fn measure(table: &Table, parts: &Parts, program: &Path) -> Result<Operator> {
    let operator = Operator::start(parts, program, NO_RESYNC).await?;
    let plain = Plain::new(parts).await?;
    let mut tenants = Tenants::watch(parts);
    // Connections and tokens of both.
    one(parts, &mut tenants, "w", 0).await?;
    plain.provision(&parts.slug("v", 0)).await?;

    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for number in 0..PAIRS {
        ours.push(ms(one(parts, &mut tenants, "o", number).await?));
        let began = Instant::now();
        plain.provision(&parts.slug("p", number)).await?;
        bare.push(ms(began.elapsed()));
    }
    table.compare(format!("tenant: apply → Ready, median of {PAIRS}"), median(&ours), median(&bare), "ms");

    let (ours, bare) = (many(parts, &mut tenants).await?, many_plain(parts, &plain).await?);
    let last = |samples: &[f64]| samples.iter().copied().fold(0.0, f64::max);
    table.compare(format!("{AT_ONCE} tenants at once: until the last is Ready"), last(&ours), last(&bare), "ms");
    table.compare(format!("{AT_ONCE} tenants at once: median of each"), median(&ours), median(&bare), "ms");
    Ok(operator)
}

async fn one(parts: &Parts, tenants: &mut Tenants, prefix: &str, number: usize) -> Result<Duration> {
    let slug = parts.slug(prefix, number);
    let began = tenants.apply(&slug).await?;
    Ok(tenants.ready(&slug).await?.duration_since(began))
}

/// How long after the first apply each was Ready.
async fn many(parts: &Parts, tenants: &mut Tenants) -> Result<Vec<f64>> {
    let slugs: Vec<_> = (0..AT_ONCE).map(|number| parts.slug("m", number)).collect();
    let began = Instant::now();
    try_join_all(slugs.iter().map(|slug| tenants.apply(slug))).await?;
    let mut samples = Vec::new();
    for slug in &slugs {
        samples.push(ms(tenants.ready(slug).await?.duration_since(began)));
    }
    Ok(samples)
}

async fn many_plain(parts: &Parts, plain: &Plain) -> Result<Vec<f64>> {
    let began = Instant::now();
    let all = stream::iter(0..AT_ONCE).map(|number| {
        let slug = parts.slug("q", number);
        async move { plain.provision(&slug).await.map(|()| ms(began.elapsed())) }
    });
    all.buffer_unordered(CONCURRENCY).try_collect().await
}
