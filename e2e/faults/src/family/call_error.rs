//! Calls fail: once, and for a minute.

use std::time::Duration;

use rand::RngExt;

use super::{Effort, Row};
use crate::{
    check::Expectation,
    proxy::{Fault, Plan, System},
    story::{Order, Step},
    world::{Operator, World},
};

/// Far more calls to one system than any step takes.
const ENDLESS: usize = 300;
const MINUTE: Duration = Duration::from_mins(1);
/// Of a sample, among how many first calls.
const EARLY: usize = 12;

pub async fn run(world: &World, effort: Effort, row: &mut Row) {
    let mut operator = world.operator();
    let mut random = effort.random();
    for system in System::ALL {
        if effort.quick {
            let fault = Fault::ALL[random.random_range(0..Fault::ALL.len())];
            let plan = Plan::Fail { system, at: random.random_range(0..EARLY), fault, lasting: Duration::ZERO };
            life(world, &mut operator, plan, row).await;
            continue;
        }
        for fault in Fault::ALL {
            for at in 0..ENDLESS {
                let plan = Plan::Fail { system, at, fault, lasting: Duration::ZERO };
                if !life(world, &mut operator, plan, row).await {
                    break;
                }
            }
            let plan = Plan::Fail { system, at: 0, fault, lasting: MINUTE };
            life(world, &mut operator, plan, row).await;
        }
    }
    row.end(world, operator, Expectation::Trouble).await;
}

/// One tenant's life, with the fault in every step that has so many calls; whether any had.
async fn life(world: &World, operator: &mut Operator, plan: Plan, row: &mut Row) -> bool {
    let (case, mut struck) = (world.case(), false);
    for step in Step::ALL {
        world.script.set(plan);
        step.ask(world, &case, Order::Forwards).await;
        let done = step.done(world, &case).await;
        let place = world.script.struck();
        world.script.set(Plan::Clean);
        if place.is_some() {
            struck = true;
            row.tried += 1;
        }
        let place = place.map_or_else(|| "no call".into(), |call| call.what);
        if !row.note(format!("{step:?} {plan:?} ({place})"), done) {
            break;
        }
        if !operator.runs() {
            row.violations.push(format!("{step:?} {plan:?}: the operator ended by itself"));
            *operator = world.operator();
        }
    }
    struck
}
