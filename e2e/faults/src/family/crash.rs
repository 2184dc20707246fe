//! The operator is killed right before and right after each write of each step, and the next one
//! finishes.

use rand::RngExt;

use super::{Effort, Row};
use crate::{
    check::Expectation,
    proxy::Plan,
    story::{Order, Step},
    world::{Operator, World},
};

/// Far more writes than any step takes.
const ENDLESS: usize = 200;
/// Of a sample, how many lives.
const SAMPLE: usize = 3;
/// Among that many first writes.
const EARLY: usize = 16;

/// Where the operator dies.
#[derive(Clone, Copy, Debug)]
struct Point {
    at: usize,
    after: bool,
    order: Order,
}

pub async fn run(world: &World, effort: Effort, row: &mut Row) {
    let mut operator = world.operator();
    if effort.quick {
        let mut random = effort.random();
        for _ in 0..SAMPLE {
            let order = Order::ALL[random.random_range(0..Order::ALL.len())];
            let point = Point { at: random.random_range(0..EARLY), after: random.random(), order };
            life(world, &mut operator, point, row).await;
        }
    } else {
        for order in Order::ALL {
            for after in [false, true] {
                for at in 0..ENDLESS {
                    if !life(world, &mut operator, Point { at, after, order }, row).await {
                        break;
                    }
                }
            }
        }
    }
    row.end(world, operator, Expectation::Quiet).await;
}

/// One tenant's life, with a death in every step that has so many writes; whether any had.
async fn life(world: &World, operator: &mut Operator, point: Point, row: &mut Row) -> bool {
    let (case, mut struck) = (world.case(), false);
    for step in Step::ALL {
        let Point { at, after, order } = point;
        world.script.set(Plan::Kill { at, after });
        step.ask(world, &case, order).await;
        let done = tokio::select! {
            () = world.script.killing() => None,
            done = step.done(world, &case) => Some(done),
        };
        let place = world.script.struck();
        let done = if let Some(done) = done {
            done
        } else {
            struck = true;
            row.tried += 1;
            operator.kill();
            world.script.set(Plan::Clean);
            *operator = world.operator();
            step.done(world, &case).await
        };
        world.script.set(Plan::Clean);
        let place = place.map_or_else(|| "no write".into(), |call| format!("{:?} {}", call.system, call.what));
        if !row.note(format!("{step:?} {point:?} ({place})"), done) {
            break;
        }
    }
    struck
}
