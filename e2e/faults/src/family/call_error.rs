//! Calls fail: once, and for a minute.

use std::{collections::BTreeSet, time::Duration};

use plexica_testkit::Missing;
use rand::{Rng, seq::SliceRandom};

use super::{
    Effort, Row,
    lanes::{each, record},
};
use crate::{
    check::Expectation,
    proxy::{Call, Failing, Fault, Plan, Shape, System},
    story::{Order, STEPS, Step},
    world::{Operator, World, fails},
};

const MINUTE: Duration = Duration::from_mins(1);
/// Of a sample, how many lives.
const SAMPLE: usize = 3;

/// What fails in each step: of each system one call at most, so that none hides another.
#[derive(Clone, Debug, Default)]
struct Point([Vec<Failing>; STEPS]);

pub async fn run(effort: Effort, row: &mut Row) -> Result<(), Missing> {
    let recorded = record(effort, Order::Forwards, row).await?.map(|peace| peace.calls);
    let mut random = effort.random();
    let once = Fault::SHORT.map(|fault| (fault, Duration::ZERO));
    let mut points = deal(&recorded, |_| true, &once, &mut random);
    if !effort.quick {
        let long = Fault::SHORT.map(|fault| (fault, MINUTE)).into_iter().chain([(Fault::Pause, Duration::ZERO)]);
        let long = deal(&recorded, |call| call.writes, &long.collect::<Vec<_>>(), &mut random);
        eprintln!("call-error: {} lives, and {} in which it lasts", points.len(), long.len());
        points.extend(long);
    }
    // Lanes are to end at about the same time.
    points.shuffle(&mut random);
    if effort.quick {
        points.truncate(SAMPLE);
    }
    each(effort, points, Expectation::Trouble, row, life).await
}

/// Each of these ways to fail for each different call of each step, dealt out to as few lives as can be.
fn deal(
    recorded: &[Vec<Call>; STEPS],
    wanted: impl Fn(&Call) -> bool,
    ways: &[(Fault, Duration)],
    random: &mut impl Rng,
) -> Vec<Point> {
    let mut lives: Vec<Point> = Vec::new();
    for (step, calls) in recorded.iter().enumerate() {
        for system in System::ALL {
            let calls = calls.iter().filter(|call| call.system == system && wanted(call));
            let shapes: BTreeSet<Shape> = calls.map(Call::shape).collect();
            let fails = |call: &Shape| {
                let call = call.clone();
                ways.iter().map(move |&(fault, lasting)| Failing { call: call.clone(), fault, lasting })
            };
            let mut failing: Vec<Failing> = shapes.iter().flat_map(fails).collect();
            failing.shuffle(random);
            lives.resize_with(lives.len().max(failing.len()), Point::default);
            for (life, failing) in lives.iter_mut().zip(failing) {
                life.0[step].push(failing);
            }
        }
    }
    lives
}

/// One tenant's life, with what fails in every step.
async fn life(world: &World, operator: &mut Operator, Point(point): Point, row: &mut Row) {
    let case = world.case();
    for (step, failing) in Step::ALL.into_iter().zip(point) {
        let places = failing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", and ");
        let all = failing.len();
        world.script.set(Plan::Fail(failing));
        step.ask(world, &case, Order::Forwards).await;
        let done = step.done(world, &case).await;
        let missed = world.script.missed();
        row.tried += all - missed.len();
        for missed in missed {
            eprintln!("{step:?}: not called this time: {missed}");
        }
        world.script.set(Plan::Clean);
        if !row.note(format!("{step:?}: {places}"), done) {
            break;
        }
        if !operator.runs() {
            row.note(format!("{step:?}: {places}"), fails("the operator ended by itself"));
            *operator = world.operator();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn every_call_of_every_step_fails_in_every_way_and_one_of_a_system_at_a_time() {
        let call = |system, what: &str| Call { system, what: what.into(), writes: what != "read" };
        let mut recorded = [const { Vec::new() }; STEPS];
        recorded[0] = ["one", "two", "one", "read"].map(|what| call(System::S3, what)).into();
        recorded[2] = vec![call(System::S3, "two"), call(System::Postgres, "two")];
        let ways = [(Fault::Reset, MINUTE), (Fault::Delay, Duration::ZERO)];
        let lives = deal(&recorded, |call| call.writes, &ways, &mut StdRng::seed_from_u64(1));
        assert_eq!(lives.len(), 4);
        for (step, system, expected) in [
            (0, System::S3, 4),
            (0, System::Postgres, 0),
            (1, System::S3, 0),
            (2, System::S3, 2),
            (2, System::Postgres, 2),
        ] {
            let mut seen = BTreeSet::new();
            for life in &lives {
                let of_system: Vec<_> = life.0[step].iter().filter(|one| one.call.system == system).collect();
                assert!(of_system.len() < 2, "{of_system:?}");
                seen.extend(of_system.iter().map(ToString::to_string));
            }
            assert_eq!(seen.len(), expected, "{step} {system:?} {seen:?}");
        }
    }
}
