//! Many realms in the real Keycloak.

use std::time::{Duration, Instant};

use futures::StreamExt;
use plexica_crds::tenant;
use plexica_testkit::{Missing, keycloak::SECRET};
use serde_json::{Value, json};

use super::super::{Effort, Row};
use crate::world::{Case, Violation, World, fails};

const WHOLE: [usize; 3] = [10, 100, 300];
const SHORT: [usize; 3] = [2, 4, 8];
/// How many of the last are made one after the other, to see how long one takes.
const ALONE: usize = 2;
const ALONE_OF_MANY: usize = 8;
/// Tenants that come or go at the same time.
const HANDS: usize = 4;
/// The longest token, in bytes: servers take 8 KiB of headers as a rule.
const TOKEN: usize = 4096;
/// How much longer a realm may take with many than with few.
const GROWTH: f64 = 2.0;

pub async fn run(effort: Effort, row: &mut Row) -> Result<(), Missing> {
    let world = World::new(effort.platform).await?;
    let operator = world.operator();
    let (mut cases, mut times) = (Vec::new(), Vec::new());
    for mark in if effort.quick { SHORT } else { WHOLE } {
        let more: Vec<Case> = (cases.len()..mark).map(|_| world.case()).collect();
        let (together, alone) = more.split_at(more.len() - if effort.quick { ALONE } else { ALONE_OF_MANY });
        let together = futures::stream::iter(together).map(|case| made(&world, case)).buffer_unordered(HANDS);
        let mut found: Vec<_> = together.collect().await;
        let begun = Instant::now();
        for case in alone {
            found.push(made(&world, case).await);
        }
        let each = begun.elapsed() / u32::try_from(alone.len()).unwrap();
        row.tried += more.len();
        for finding in found {
            row.note(format!("{mark} realms"), finding);
        }
        let token = token(&world).await;
        eprintln!("{mark} realms: a tenant is Ready after {each:.1?}; the operator's token has {token} bytes");
        if token > TOKEN {
            row.note(format!("{mark} realms"), fails(format!("the operator's token has {token} bytes")));
        }
        times.push(each);
        cases.extend(more);
    }
    let [few, .., many] = times.as_slice() else { return Ok(()) };
    if !effort.quick && many.as_secs_f64() > few.as_secs_f64() * GROWTH {
        row.note("growth", fails(format!("a tenant takes {many:.1?} instead of {few:.1?}")));
    }
    let gone = futures::stream::iter(&cases).map(|case| gone(&world, case)).buffer_unordered(HANDS);
    for finding in gone.collect::<Vec<_>>().await {
        row.note("all realms go", finding);
    }
    row.end(&world, operator).await;
    Ok(())
}

async fn made(world: &World, case: &Case) -> Result<(), Violation> {
    world.apply_tenant(case, json!({})).await;
    world
        .converges(&format!("{} is ready", case.slug), async || {
            let tenant = world.tenant(case).await?;
            let status = tenant.status.unwrap_or_default();
            if status.phase == Some(tenant::Phase::Ready) { Ok(()) } else { Err(format!("{:?}", status.conditions)) }
        })
        .await
}

async fn gone(world: &World, case: &Case) -> Result<(), Violation> {
    world.apply_tenant(case, json!({ "deletionPolicy": "Delete", "skipFinalBackup": true })).await;
    world.delete_tenant(case).await;
    world
        .converges(&format!("{} is gone", case.slug), async || {
            let tenant = world.tenants().get_opt(case.slug.as_str()).await.map_err(|error| error.to_string())?;
            tenant.map_or(Ok(()), |tenant| Err(format!("{:?}", tenant.status)))
        })
        .await
}

/// How long the operator's token is.
async fn token(world: &World) -> usize {
    let form =
        [("grant_type", "client_credentials"), ("client_id", &world.issuer.client_id), ("client_secret", SECRET)];
    let url = format!("{}/realms/master/protocol/openid-connect/token", world.issuer.url);
    let answer = reqwest::Client::new().post(&url).form(&form).timeout(Duration::from_mins(1)).send().await.unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    answer["access_token"].as_str().map_or(usize::MAX, str::len)
}
