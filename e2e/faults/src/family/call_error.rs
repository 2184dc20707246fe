//! Calls fail: once, and for a minute.

use std::{collections::BTreeSet, time::Duration};

use plexica_testkit::Missing;
use rand::seq::{IndexedRandom, SliceRandom};

use super::{
    Effort, Row,
    lanes::{each, record},
};
use crate::{
    check::Expectation,
    proxy::{Call, Fault, Plan, Shape, System},
    story::{Order, STEPS, Step},
    world::{Operator, World, fails},
};

const MINUTE: Duration = Duration::from_mins(1);

/// What fails in each step, and how.
#[derive(Clone, Debug)]
struct Point {
    calls: [Option<Shape>; STEPS],
    fault: Fault,
    lasting: Duration,
}

pub async fn run(effort: Effort, row: &mut Row) -> Result<(), Missing> {
    let recorded = record(effort, Order::Forwards, row).await?.map(|peace| peace.calls);
    let mut points = Vec::new();
    let mut random = effort.random();
    for system in System::ALL {
        let once = in_each_step(&recorded, |call| call.system == system);
        if effort.quick {
            let (calls, fault) = (once.choose(&mut random), Fault::SHORT.choose(&mut random));
            points.extend(calls.cloned().zip(fault.copied()).map(|(calls, fault)| Point {
                calls,
                fault,
                lasting: Duration::ZERO,
            }));
            continue;
        }
        let long = in_each_step(&recorded, |call| call.system == system && call.writes);
        eprintln!(
            "call-error: {} lives in which a call to {system:?} fails, {} for a minute, per fault",
            once.len(),
            long.len()
        );
        points.extend(long.iter().cloned().map(|calls| Point { calls, fault: Fault::Pause, lasting: Duration::ZERO }));
        for fault in Fault::SHORT {
            for (which, lasting) in [(&once, Duration::ZERO), (&long, MINUTE)] {
                points.extend(which.iter().cloned().map(|calls| Point { calls, fault, lasting }));
            }
        }
    }
    // Lanes are to end at about the same time.
    points.shuffle(&mut random);
    each(effort, points, Expectation::Trouble, row, life).await
}

/// The different calls of each step, dealt out to as few lives as can be.
fn in_each_step(recorded: &[Vec<Call>; STEPS], wanted: impl Fn(&Call) -> bool) -> Vec<[Option<Shape>; STEPS]> {
    let shapes: [Vec<Shape>; STEPS] = std::array::from_fn(|step| {
        let shapes: BTreeSet<Shape> = recorded[step].iter().filter(|call| wanted(call)).map(Call::shape).collect();
        shapes.into_iter().collect()
    });
    let most = shapes.iter().map(Vec::len).max().unwrap_or_default();
    (0..most).map(|nth| std::array::from_fn(|step| shapes[step].get(nth).cloned())).collect()
}

/// One tenant's life, with the fault in every step that has one.
async fn life(world: &World, operator: &mut Operator, point: Point, row: &mut Row) {
    let (case, Point { calls, fault, lasting }) = (world.case(), point);
    for (step, call) in Step::ALL.into_iter().zip(calls) {
        world.script.set(call.clone().map_or(Plan::Clean, |call| Plan::Fail { call, fault, lasting }));
        step.ask(world, &case, Order::Forwards).await;
        let done = step.done(world, &case).await;
        let struck = world.script.struck().is_some();
        row.tried += usize::from(struck);
        if call.is_some() && !struck {
            eprintln!("{step:?}: {call:?} was not called this time");
        }
        world.script.set(Plan::Clean);
        let place = call.map_or_else(|| "no call".into(), |call| format!("{:?} {}", call.system, call.what));
        if !row.note(format!("{step:?}: {fault:?} for {lasting:?} of {place}"), done) {
            break;
        }
        if !operator.runs() {
            row.note(format!("{step:?}: {fault:?} of {place}"), fails("the operator ended by itself"));
            *operator = world.operator();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_of_every_step_is_in_one_life() {
        let call = |what: &str| Call { system: System::S3, what: what.into(), writes: false };
        let mut recorded = [const { Vec::new() }; STEPS];
        recorded[0] = vec![call("one"), call("two"), call("one"), call("three")];
        recorded[2] = vec![call("two")];
        let lives = in_each_step(&recorded, |_| true);
        let seen = |step: usize| lives.iter().filter_map(|life| life[step].clone()).count();
        assert_eq!((lives.len(), seen(0), seen(1), seen(2)), (3, 3, 0, 1));
    }
}
