//! The operator is killed right before and right after each write of each step, and the next one
//! finishes: at once, or after it was killed, too.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use plexica_testkit::Missing;
use rand::RngExt;

use super::{
    Effort, Row, Share,
    lanes::{each, first_writes, record},
};
use crate::{
    check::Expectation,
    proxy::Plan,
    story::{Order, Step},
    world::{Case, Operator, Violation, World, fails},
};

/// Of a sample, how many lives.
const SAMPLE: usize = 3;
/// Among that many first writes.
const EARLY: usize = 16;
/// The one that follows is killed at one of so many writes: more are seldom left to it.
const LEFT: usize = 6;
/// How often a death is tried that does not come.
const TIMES: usize = 3;
/// A step may write so much more than it did in peace.
const MORE: usize = 2;

/// A write at which an operator dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Death {
    /// Which write, from 0.
    at: usize,
    /// Whether it is done.
    after: bool,
}

/// Where operators die, one after the other, in each step that has so many writes.
#[derive(Clone, Debug)]
struct Point {
    deaths: Vec<Death>,
    order: Order,
    life: Vec<Step>,
}

/// A first death in a step, with resources in that order.
type Place = (Order, Step, Death);

/// All of a sweep.
#[derive(Debug, Default)]
struct Points {
    lives: Vec<Point>,
    starts: Vec<Point>,
    /// What there is to strike by what was written in peace.
    recorded: BTreeSet<Place>,
}

/// Where an operator did die.
type Struck = Mutex<BTreeSet<Place>>;

pub async fn run(effort: Effort, row: &mut Row) -> Result<(), Missing> {
    let Points { lives, starts, recorded } = if effort.quick { sample(effort) } else { all(effort, row).await? };
    let struck = Struck::default();
    let mut lives = effort.share.of(lives);
    for left in (0..TIMES).rev() {
        each(effort, lives, Expectation::Quiet, row, async |world, operator, point, row| {
            life(world, operator, point, &struck, row).await;
        })
        .await?;
        let goes_on = left > 0 && effort.share == Share::default() && row.violations.is_empty();
        let struck = struck.lock().unwrap_or_else(PoisonError::into_inner);
        lives = if goes_on { again(&recorded, &struck) } else { Vec::new() };
    }
    each(effort, effort.share.of(starts), Expectation::Quiet, row, async |_, _, point, row| {
        if let Err(missing) = start(effort, &point, row).await {
            row.note(format!("start {point:?}"), Err(Violation(missing.to_string())));
        }
    })
    .await?;
    if effort.share == Share::default() {
        let missed = missed(&recorded, &struck.into_inner().unwrap_or_else(PoisonError::into_inner));
        row.note("the end", missed);
    }
    Ok(())
}

/// Lives for the deaths that did not come, each by itself: steps do not write the same in each life.
fn again(recorded: &BTreeSet<Place>, struck: &BTreeSet<Place>) -> Vec<Point> {
    let missed = recorded.difference(struck);
    let point = |&(order, step, death)| Point { deaths: vec![death], order, life: Step::life(|one| one == step) };
    missed.map(point).collect()
}

/// Says which deaths there was no occasion for, in no life. No step may be without any.
fn missed(recorded: &BTreeSet<Place>, struck: &BTreeSet<Place>) -> Result<(), Violation> {
    let never: Vec<&Place> = recorded.difference(struck).collect();
    if !recorded.is_empty() {
        eprintln!("crash: of {} deaths at recorded writes {} did not come: {never:?}", recorded.len(), never.len());
    }
    let steps = |places: &BTreeSet<Place>| places.iter().map(|(order, step, _)| (*order, *step)).collect();
    let (steps, died): (BTreeSet<_>, BTreeSet<_>) = (steps(recorded), steps(struck));
    let spared: Vec<_> = steps.difference(&died).collect();
    if spared.is_empty() { Ok(()) } else { fails(format!("no operator has died in {spared:?}")) }
}

/// A few lives and one start.
fn sample(effort: Effort) -> Points {
    let mut random = effort.random();
    let mut death = |writes| Death { at: random.random_range(0..writes), after: random.random() };
    let mut lives = Vec::new();
    for nth in 0..SAMPLE {
        let mut deaths = vec![death(EARLY)];
        if nth == 0 {
            deaths.push(death(LEFT));
        }
        lives.push(deaths);
    }
    let starts = vec![vec![death(EARLY)]];
    let mut ordered = |deaths| {
        let order = Order::ALL[random.random_range(0..Order::ALL.len())];
        Point { deaths, order, life: Step::ALL.to_vec() }
    };
    let lives = lives.into_iter().map(&mut ordered).collect();
    Points { lives, starts: starts.into_iter().map(&mut ordered).collect(), recorded: BTreeSet::new() }
}

/// Each write in each order; each in one of them with a second death besides; and each of a first start.
async fn all(effort: Effort, row: &mut Row) -> Result<Points, Missing> {
    let (mut lives, mut recorded) = (Vec::new(), BTreeSet::new());
    for (nth, order) in Order::ALL.into_iter().enumerate() {
        let steps = record(effort, order, row).await?;
        let writes = steps.map(|peace| peace.calls.iter().filter(|call| call.writes).count());
        for (step, writes) in Step::ALL.into_iter().zip(writes) {
            recorded.extend(deaths(writes).map(|death| (order, step, death)));
        }
        for first in deaths(writes.into_iter().max().unwrap_or_default()) {
            // What has fewer writes than that is in lives of its own.
            let has_it =
                |step: Step| Step::ALL.into_iter().zip(writes).any(|(one, w)| one == step && w + MORE > first.at);
            let life = Step::life(has_it);
            lives.push(Point { deaths: vec![first], order, life: life.clone() });
            if (first.at + usize::from(first.after)) % Order::ALL.len() == nth {
                let second = Death { at: first.at % LEFT, after: (first.at / LEFT).is_multiple_of(2) };
                lives.push(Point { deaths: vec![first, second], order, life });
            }
        }
    }
    let writes = first_writes(effort, row).await?;
    eprintln!("a first start in peace: {writes} writes");
    let starts = deaths(writes).map(|death| Point {
        deaths: vec![death],
        order: Order::Forwards,
        life: vec![Step::Create, Step::Remove],
    });
    Ok(Points { lives, starts: starts.collect(), recorded })
}

/// Before and after each of so many writes.
fn deaths(writes: usize) -> impl Iterator<Item = Death> {
    (0..writes).flat_map(|at| [false, true].map(|after| Death { at, after }))
}

/// One tenant's life, with the deaths in every step that has so many writes.
async fn life(world: &World, operator: &mut Operator, point: Point, struck: &Struck, row: &mut Row) {
    let case = world.case();
    for &step in &point.life {
        let (deaths, well) = survive(world, operator, &case, step, &point, row).await;
        if let Some(&first) = point.deaths.first().filter(|_| deaths > 0) {
            struck.lock().unwrap_or_else(PoisonError::into_inner).insert((point.order, step, first));
        }
        if !well {
            break;
        }
    }
}

/// An operator that has never been started before dies, with a tenant waiting for it; a world of its own.
async fn start(effort: Effort, point: &Point, row: &mut Row) -> Result<(), Missing> {
    let world = World::new(effort.platform).await?;
    let (case, mut operator) = (world.case(), Operator::default());
    let (_, lived) = survive(&world, &mut operator, &case, Step::Create, point, row).await;
    if lived {
        Step::Remove.ask(&world, &case, point.order).await;
        row.note(format!("{point:?}"), Step::Remove.done(&world, &case).await);
    }
    row.end(&world, operator, Expectation::Quiet).await;
    world.close().await;
    Ok(())
}

/// One step with its deaths; how many came, and whether all was well.
async fn survive(
    world: &World,
    operator: &mut Operator,
    case: &Case,
    step: Step,
    point: &Point,
    row: &mut Row,
) -> (usize, bool) {
    let (mut done, mut places) = (None, Vec::new());
    for (nth, &Death { at, after }) in point.deaths.iter().enumerate() {
        world.script.set(Plan::Kill { at, after });
        if nth == 0 {
            step.ask(world, case, point.order).await;
        }
        if operator.is_away() {
            *operator = world.operator();
        } else if !operator.runs() {
            row.note(format!("{step:?} {:?}", point.deaths), fails("the operator ended by itself"));
            *operator = world.operator();
        }
        let came = tokio::select! {
            () = world.script.killing() => None,
            came = step.done(world, case) => Some(came),
        };
        // Nothing strikes any more before it is known whether something did.
        let Some(place) = world.script.set(Plan::Clean) else {
            done = came;
            break;
        };
        // A call that is on hold would be for ever, even if all is done without it.
        row.tried += 1;
        operator.kill();
        places.push(format!("{:?} {}", place.system, place.what));
    }
    let done = if let Some(done) = done {
        done
    } else {
        *operator = world.operator();
        step.done(world, case).await
    };
    let Point { deaths, order, life: _ } = point;
    let well = row.note(format!("{step:?} {deaths:?} {order:?} ({})", places.join(", then ")), done);
    (places.len(), well)
}
