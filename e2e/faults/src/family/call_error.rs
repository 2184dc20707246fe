//! Calls fail: once, and for a minute.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use plexica_testkit::Missing;
use rand::{Rng, RngExt, seq::SliceRandom};

use super::{
    Effort, Row,
    lanes::{each, record},
};
use crate::{
    check::Expectation,
    proxy::{Call, Failing, Fault, Plan, Shape},
    story::{Order, STEPS, Step},
    world::{Operator, World, fails},
};

const MINUTE: Duration = Duration::from_mins(1);
/// Of a sample, how many lives.
const SAMPLE: usize = 3;

/// In which step a call fails.
type Due = (usize, Failing);

/// What fails in each step: of each system one call at most, so that none hides another.
#[derive(Clone, Debug, Default)]
struct Point([Vec<Failing>; STEPS]);

pub async fn run(effort: Effort, row: &mut Row) -> Result<(), Missing> {
    let recorded = record(effort, Order::Forwards, row).await?.map(|peace| peace.calls);
    let mut random = effort.random();
    let once = Fault::SHORT.map(|fault| (fault, Duration::ZERO));
    let mut points = deal(effort.share.of(due(&recorded, |_| true, &once)), &mut random);
    if !effort.quick {
        let long = Fault::SHORT.map(|fault| (fault, MINUTE)).into_iter().chain([(Fault::Pause, Duration::ZERO)]);
        let mut long = effort.share.of(due(&recorded, |call| call.writes, &long.collect::<Vec<_>>()));
        // What is only asked fails for a minute in one of the ways each. Which share that is in does not go by the way.
        for (step, read) in effort.share.of(due(&recorded, |call| !call.writes, &[(Fault::Pause, MINUTE)])) {
            let fault = Fault::SHORT[random.random_range(0..Fault::SHORT.len())];
            long.push((step, Failing { fault, ..read }));
        }
        let long = deal(long, &mut random);
        eprintln!("call-error: {} lives, and {} in which it lasts", points.len(), long.len());
        points.extend(long);
    }
    // Lanes are to end at about the same time.
    points.shuffle(&mut random);
    if effort.quick {
        points.truncate(SAMPLE);
    }
    let mut missed = try_all(effort, points, row).await?;
    if !effort.quick {
        // Which calls a step makes depends on what is done first, so that one may come in another life.
        eprintln!("call-error: {} were not called and are tried again", missed.len());
        missed = try_all(effort, deal(missed, &mut random), row).await?;
    }
    for (step, failing) in missed {
        eprintln!("{:?}: not called: {failing}", Step::ALL[step]);
    }
    Ok(())
}

/// Leads all these lives, and says which calls were not made in them.
async fn try_all(effort: Effort, points: Vec<Point>, row: &mut Row) -> Result<Vec<Due>, Missing> {
    let missed = Mutex::new(Vec::new());
    each(effort, points, Expectation::Trouble, row, async |world, operator, point, row| {
        let not_called = life(world, operator, point, row).await;
        missed.lock().unwrap_or_else(PoisonError::into_inner).extend(not_called);
    })
    .await?;
    Ok(missed.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Each of these ways to fail for each different call of each step.
fn due(recorded: &[Vec<Call>; STEPS], wanted: impl Fn(&Call) -> bool, ways: &[(Fault, Duration)]) -> Vec<Due> {
    let mut due = Vec::new();
    for (step, calls) in recorded.iter().enumerate() {
        let shapes: BTreeSet<Shape> = calls.iter().filter(|call| wanted(call)).map(Call::shape).collect();
        for call in shapes {
            due.extend(ways.iter().map(|&(fault, lasting)| (step, Failing { call: call.clone(), fault, lasting })));
        }
    }
    due
}

/// Deals them out to as few lives as can be.
fn deal(mut due: Vec<Due>, random: &mut impl Rng) -> Vec<Point> {
    due.shuffle(random);
    let (mut lives, mut dealt) = (Vec::<Point>::new(), BTreeMap::<_, usize>::new());
    for (step, failing) in due {
        let nth = dealt.entry((step, failing.call.system)).or_default();
        if lives.len() == *nth {
            lives.push(Point::default());
        }
        lives[*nth].0[step].push(failing);
        *nth += 1;
    }
    lives
}

/// One tenant's life, with what fails in every step; says which calls were not made.
async fn life(world: &World, operator: &mut Operator, Point(point): Point, row: &mut Row) -> Vec<Due> {
    let (case, mut not_called) = (world.case(), Vec::new());
    let life = Step::life(|step| point.iter().zip(Step::ALL).any(|(failing, one)| one == step && !failing.is_empty()));
    let all = Step::ALL.into_iter().zip(point).enumerate();
    let mut steps = all.filter(|(_, (step, _))| life.contains(step));
    while let Some((nth, (step, failing))) = steps.next() {
        let places = failing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", and ");
        let all = failing.len();
        world.script.set(Plan::Fail(failing));
        step.ask(world, &case, Order::Forwards).await;
        let done = step.done(world, &case).await;
        let missed = world.script.missed();
        row.tried += all - missed.len();
        not_called.extend(missed.into_iter().map(|missed| (nth, missed)));
        world.script.set(Plan::Clean);
        if !row.note(format!("{step:?}: {places}"), done) {
            let left = steps.flat_map(|(nth, (_, failing))| failing.into_iter().map(move |failing| (nth, failing)));
            not_called.extend(left);
            break;
        }
        if !operator.runs() {
            row.note(format!("{step:?}: {places}"), fails("the operator ended by itself"));
            *operator = world.operator();
        }
    }
    not_called
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::System;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn every_call_of_every_step_fails_in_every_way_and_one_of_a_system_at_a_time() {
        let call = |system, what: &str| Call { system, what: what.into(), writes: what != "read" };
        let mut recorded = [const { Vec::new() }; STEPS];
        recorded[0] = ["one", "two", "one", "read"].map(|what| call(System::S3, what)).into();
        recorded[2] = vec![call(System::S3, "two"), call(System::Postgres, "two")];
        let ways = [(Fault::Reset, MINUTE), (Fault::Delay, Duration::ZERO)];
        let lives = deal(due(&recorded, |call| call.writes, &ways), &mut StdRng::seed_from_u64(1));
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
