//! Specs change at random, faster than anybody can follow; in the end all is as if the last one had
//! been applied alone, and no data is gone.

mod fields;

use std::time::Duration;

use fields::{INSTALL, PLUGIN, TENANT, change, settle};
use plexica_testkit::Missing;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;

use super::{Effort, Row, lanes::each};
use crate::{
    check,
    story::{FIRST, Order, SECOND, Step},
    world::{Case, Violation, World, converges, fails},
};

const WHOLE: (usize, usize) = (10, 200);
const SHORT: (usize, usize) = (1, 60);

pub async fn run(effort: Effort, row: &mut Row) -> Result<(), Missing> {
    let mut random = effort.random();
    let (sequences, length) = if effort.quick { SHORT } else { WHOLE };
    let seeds: Vec<u64> = (0..sequences).map(|_| random.random()).collect();
    each(effort, seeds, check::Expectation::Quiet, row, async |world, _, seed, row| {
        let found = one(world, &mut StdRng::seed_from_u64(seed), length, row).await;
        row.note(format!("sequence {seed} of seed {}", effort.seed), found);
    })
    .await
}

async fn one(world: &World, random: &mut StdRng, length: usize, row: &mut Row) -> Result<(), Violation> {
    let case = world.case();
    Step::Create.ask(world, &case, Order::Forwards).await;
    Step::Create.done(world, &case).await?;
    let (mut tenant, mut install) = (json!({}), json!({ "plugin": { "version": FIRST } }));
    let mut plugin = json!({});
    world.apply_plugin_with(&case, SECOND, plugin.clone()).await;
    for _ in 0..length {
        row.tried += 1;
        match random.random_range(0..5) {
            0 => {
                change(&mut plugin, PLUGIN, random);
                world.apply_plugin_with(&case, SECOND, plugin.clone()).await;
            }
            1 | 2 => {
                change(&mut tenant, TENANT, random);
                world.apply_tenant(&case, tenant.clone()).await;
            }
            _ => {
                change(&mut install, INSTALL, random);
                world.apply_install(&case, install.clone()).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
    }
    // The last word is one that can be, and in force.
    settle(&mut tenant, &mut install, &mut plugin);
    world.apply_plugin_with(&case, SECOND, plugin.clone()).await;
    world.apply_tenant(&case, tenant.clone()).await;
    world.apply_install(&case, install.clone()).await;
    Step::Upgrade.done(world, &case).await?;

    let alone = world.case();
    world.apply_plugin(&alone, FIRST).await;
    world.apply_plugin_with(&alone, SECOND, plugin.clone()).await;
    world.apply_tenant(&alone, tenant.clone()).await;
    world.apply_install(&alone, install.clone()).await;
    same(world, &case, &alone)
        .await
        .or_else(|Violation(text)| fails(format!("{tenant} {install} {plugin}: {text}")))?;
    for case in [&case, &alone] {
        Step::Remove.ask(world, case, Order::Forwards).await;
        Step::Remove.done(world, case).await?;
    }
    Ok(())
}

/// Waits until both are alike.
async fn same(world: &World, changed: &Case, alone: &Case) -> Result<(), Violation> {
    converges("both are alike", async || {
        let (changed, alone) = (check::snapshot(world, changed).await, check::snapshot(world, alone).await);
        if changed == alone { Ok(()) } else { Err(format!("{changed} after changes, {alone} alone")) }
    })
    .await
}
