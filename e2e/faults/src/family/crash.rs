//! The operator is killed right before and right after each write of each step, and the next one
//! finishes.

use plexica_testkit::Missing;
use rand::RngExt;

use super::{
    Effort, Row,
    lanes::{each, record},
};
use crate::{
    check::Expectation,
    proxy::Plan,
    story::{Order, Step},
    world::{Operator, World},
};

/// Of a sample, how many lives.
const SAMPLE: usize = 3;
/// Among that many first writes.
const EARLY: usize = 16;

/// Where the operator dies, in each step that has so many writes.
#[derive(Clone, Copy, Debug)]
struct Point {
    at: usize,
    after: bool,
    order: Order,
}

pub async fn run(effort: Effort, row: &mut Row) -> Result<(), Missing> {
    let mut points = Vec::new();
    if effort.quick {
        let mut random = effort.random();
        for _ in 0..SAMPLE {
            let order = Order::ALL[random.random_range(0..Order::ALL.len())];
            points.push(Point { at: random.random_range(0..EARLY), after: random.random(), order });
        }
    } else {
        for order in Order::ALL {
            let steps = record(effort, order, row).await?;
            let writes = steps.map(|peace| peace.calls.iter().filter(|call| call.writes).count());
            let most = writes.into_iter().max().unwrap_or_default();
            points.extend((0..most).flat_map(|at| [false, true].map(|after| Point { at, after, order })));
        }
    }
    each(effort, points, Expectation::Quiet, row, life).await
}

/// One tenant's life, with a death in every step that has so many writes.
async fn life(world: &World, operator: &mut Operator, point: Point, row: &mut Row) {
    let case = world.case();
    for step in Step::ALL {
        let Point { at, after, order } = point;
        world.script.set(Plan::Kill { at, after });
        step.ask(world, &case, order).await;
        let done = tokio::select! {
            () = world.script.killing() => None,
            done = step.done(world, &case) => Some(done),
        };
        let place = world.script.struck();
        // A call that is on hold would be for ever, even if all is done without it.
        let done = if let (Some(done), None) = (done, &place) {
            done
        } else {
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
}
