//! Specs change at random, faster than anybody can follow; in the end all is as if the last one had
//! been applied alone, and no data is gone.

use std::time::Duration;

use plexica_testkit::Missing;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

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
    world.apply_plugin(&case, SECOND).await;
    let (mut tenant, mut install) = (json!({}), json!({ "plugin": { "version": FIRST } }));
    for _ in 0..length {
        row.tried += 1;
        if random.random() {
            change(&mut tenant, TENANT, random);
            world.apply_tenant(&case, tenant.clone()).await;
        } else {
            change(&mut install, INSTALL, random);
            world.apply_install(&case, install.clone()).await;
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
    }
    // The last word is one that can be, and in force.
    tenant["suspend"] = json!(false);
    install["enabled"] = json!(true);
    install["plugin"]["version"] = json!(SECOND);
    world.apply_tenant(&case, tenant.clone()).await;
    world.apply_install(&case, install.clone()).await;
    Step::Upgrade.done(world, &case).await?;

    let alone = world.case();
    for version in [FIRST, SECOND] {
        world.apply_plugin(&alone, version).await;
    }
    world.apply_tenant(&alone, tenant.clone()).await;
    world.apply_install(&alone, install.clone()).await;
    same(world, &case, &alone).await.or_else(|Violation(text)| fails(format!("{tenant} {install}: {text}")))?;
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

/// A field, and the values it is given: the edges of its range, among them absence (`null`).
type Field = (&'static [&'static str], fn() -> Vec<Value>);

const TENANT: &[Field] = &[
    (&["plan"], || vec![Value::Null, json!("p"), json!("p".repeat(63))]),
    (&["admin"], || {
        vec![Value::Null, json!({ "email": "ada@acme.test" }), json!({ "email": "ada@acme.test", "firstName": "Ada" })]
    }),
    (&["suspend"], || vec![Value::Null, json!(true), json!(false)]),
    (&["domains"], || {
        let many: Vec<String> = (0..32).map(|number| format!("d{number}.acme.test")).collect();
        vec![Value::Null, json!([]), json!(["app.acme.test"]), json!(many)]
    }),
    (&["adoptionPolicy"], || vec![Value::Null, json!("Never"), json!("IfRetained")]),
    (&["deletionPolicy"], || vec![Value::Null, json!("Retain"), json!("Delete")]),
];

const INSTALL: &[Field] = &[
    (&["enabled"], || vec![Value::Null, json!(true), json!(false)]),
    (&["isolation"], || vec![Value::Null, json!("Shared"), json!("Dedicated")]),
    (&["grantedPermissions"], || vec![Value::Null, json!([]), json!(["none:such:permission"])]),
    (&["deletionPolicy"], || vec![Value::Null, json!("Retain"), json!("Delete")]),
    (&["plugin", "version"], || {
        vec![Value::Null, json!(FIRST), json!(SECOND), json!("^2"), json!("9.9.9"), json!("not semver")]
    }),
];

/// Gives one field another value.
fn change(spec: &mut Value, fields: &[Field], random: &mut StdRng) {
    let Some((path, values)) = fields.choose(random) else { return };
    let Some(value) = values().choose(random).cloned() else { return };
    let Some((name, above)) = path.split_last() else { return };
    let place = above.iter().fold(spec, |place, name| &mut place[*name]);
    match place {
        Value::Object(fields) if value.is_null() => drop(fields.remove(*name)),
        place => place[*name] = value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_takes_every_value_and_goes_again() {
        let mut random = StdRng::seed_from_u64(7);
        let (mut spec, mut seen, mut absent) = (json!({ "plugin": {} }), std::collections::BTreeSet::new(), 0);
        for _ in 0..2_000 {
            change(&mut spec, INSTALL, &mut random);
            seen.insert(spec["plugin"]["version"].to_string());
            absent += usize::from(spec.get("enabled").is_none());
        }
        assert_eq!(seen.len(), 6, "{seen:?}");
        assert!(absent > 0);
    }
}
