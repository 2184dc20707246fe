//! Calls fail: once, and for a minute.

mod start;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use plexica_testkit::Missing;
use rand::{Rng, seq::SliceRandom};

use super::{
    Effort, Row,
    lanes::{each, record},
    optional,
    peace::{InPeace, until},
};
use crate::{
    proxy::{Call, Failing, Fault, Plan, Shape, System},
    story::{Order, STEPS, Step, claim::claim},
    world::{Operator, World, fails},
};

const MINUTE: Duration = Duration::from_mins(1);
/// Of a sample, how many lives.
const SAMPLE: usize = 2;
/// How often a call is waited for that is not made.
const TIMES: usize = 3;
/// So many times as many worlds while calls fail for a minute: that long their operators wait.
const WAITING: usize = 3;

/// In which step a call fails.
type Due = (usize, Failing);

/// What fails in each step: of each system one call at most, so that none hides another.
#[derive(Clone, Debug, Default)]
struct Point([Vec<Failing>; STEPS]);

pub async fn run(effort: Effort, in_peace: &InPeace, row: &mut Row) -> Result<(), Missing> {
    let recorded = record(effort, Order::Forwards, in_peace, row).await?.map(|peace| peace.calls);
    let mut random = effort.random();
    if !effort.only.is_empty() {
        let all = lasting(&recorded).into_iter().chain(short(&recorded));
        return again(effort, all.collect(), in_peace, row).await;
    }
    let short = effort.share.of(short(&recorded));
    let long = if effort.quick { Vec::new() } else { effort.share.of(lasting(&recorded)) };
    let counts = [short.len(), long.len()];
    let (mut lives, long) = (deal(short, &mut random), deal(long, &mut random));
    eprintln!(
        "call-error: {} calls in {} lives, and {} in {} in which it lasts",
        counts[0],
        lives.len(),
        counts[1],
        long.len()
    );
    if effort.quick {
        lives.shuffle(&mut random);
        lives.truncate(SAMPLE);
    }
    let patient = Effort { lanes: effort.lanes * WAITING, ..effort };
    let mut missed = try_all(effort, lives, false, in_peace, row).await?;
    missed.extend(try_all(patient, long, false, in_peace, row).await?);
    for _ in 1..TIMES {
        // Which calls a step makes depends on what is done first, and on the steps before: what was recorded was
        // recorded in a whole life.
        eprintln!("call-error: {} were not called and are tried again", missed.len());
        missed = try_all(patient, deal(missed, &mut random), true, in_peace, row).await?;
    }
    for (step, failing) in missed {
        row.missed(place(step, &failing), optional::call(&failing), TIMES);
    }
    if effort.quick { Ok(()) } else { start::all(effort, &recorded, in_peace, row).await }
}

fn place(step: usize, failing: &Failing) -> String {
    format!("{:?}: {failing}", Step::ALL[step])
}

/// What was asked for alone, in as many lives as there are lanes.
async fn again(effort: Effort, mut all: Vec<Due>, in_peace: &InPeace, row: &mut Row) -> Result<(), Missing> {
    all.retain(|(step, failing)| effort.only.iter().any(|part| place(*step, failing).contains(part)));
    let lives = deal(all, &mut effort.random());
    let each_lane: Vec<_> = lives.iter().cycle().take(lives.len() * effort.lanes).cloned().collect();
    try_all(effort, each_lane, true, in_peace, row).await.map(drop)
}

/// What fails once: each call that writes, and of those that read alike the first and the last.
fn short(recorded: &[Vec<Call>; STEPS]) -> Vec<Due> {
    let once = Fault::SHORT.map(|fault| (fault, Duration::ZERO));
    let mut short = due(recorded, |call| call.writes, Which::Each, &once);
    short.extend(due(recorded, |call| !call.writes, Which::Ends, &once));
    short.extend(due(recorded, can_conflict, Which::Each, &[(Fault::Conflict, Duration::ZERO)]));
    short
}

/// What fails for a minute, or for longer than its caller waits: the first of those that are alike, but of what is
/// held up and writes each. To lose the answer of what is only asked is to cut it.
fn lasting(recorded: &[Vec<Call>; STEPS]) -> Vec<Due> {
    let long = |faults: &[Fault]| faults.iter().map(|fault| (*fault, MINUTE)).collect::<Vec<_>>();
    let reading: Vec<_> = Fault::SHORT.into_iter().filter(|fault| *fault != Fault::LostReply).collect();
    let held = [(Fault::Pause, Duration::ZERO)];
    let mut lasting = due(recorded, |call| call.writes, Which::First, &long(&Fault::SHORT));
    lasting.extend(due(recorded, |call| !call.writes, Which::First, &long(&reading)));
    lasting.extend(due(recorded, can_conflict, Which::First, &long(&[Fault::Conflict])));
    lasting.extend(due(recorded, |call| call.writes, Which::Each, &held));
    lasting.extend(due(recorded, |call| !call.writes, Which::First, &held));
    lasting
}

/// Whether it may be refused to somebody who acts on what is no longer so.
fn can_conflict(call: &Call) -> bool {
    call.writes && call.system == System::Kubernetes
}

/// Leads all these lives, with every step in them or with those they need, and says which calls were not made.
async fn try_all(
    effort: Effort,
    points: Vec<Point>,
    whole: bool,
    in_peace: &InPeace,
    row: &mut Row,
) -> Result<Vec<Due>, Missing> {
    let missed = Mutex::new(Vec::new());
    each(effort, points, row, async |world, operator, point, row| {
        let fails_in = |step| point.0.iter().zip(Step::ALL).any(|(failing, one)| one == step && !failing.is_empty());
        let steps = Step::life(|step| whole || fails_in(step));
        in_peace.lead(world, &steps, row).await;
        let not_called = life(world, operator, point, (&steps, in_peace), row).await;
        missed.lock().unwrap_or_else(PoisonError::into_inner).extend(not_called);
    })
    .await?;
    Ok(missed.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Each of these ways to fail for each different call of each step.
fn due(recorded: &[Vec<Call>], wanted: impl Fn(&Call) -> bool, which: Which, ways: &[(Fault, Duration)]) -> Vec<Due> {
    let mut due = Vec::new();
    for (step, calls) in recorded.iter().enumerate() {
        let mut shapes = BTreeMap::<(Shape, bool), usize>::new();
        for call in calls.iter().filter(|call| wanted(call)) {
            *shapes.entry((call.shape(), call.writes)).or_default() += 1;
        }
        for ((call, writes), count) in shapes {
            for nth in which.of(count) {
                let failing = |&(fault, lasting)| Failing { call: call.clone(), writes, nth, fault, lasting };
                due.extend(ways.iter().map(failing).map(|failing| (step, failing)));
            }
        }
    }
    due
}

/// Which of several calls in a step that are alike.
#[derive(Clone, Copy, Debug)]
enum Which {
    First,
    /// The first and the last.
    Ends,
    Each,
}

impl Which {
    fn of(self, count: usize) -> BTreeSet<usize> {
        let last = count.saturating_sub(1);
        match self {
            Self::First => [0].into(),
            Self::Ends => [0, last].into(),
            Self::Each => (0..=last).collect(),
        }
    }
}

/// Deals them out to as few lives as can be, the fullest first: they take longest, and lanes are to end at about
/// the same time.
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

/// One tenant's life of these steps, with what fails in every step; says which calls were not made.
async fn life(
    world: &World,
    operator: &mut Operator,
    Point(point): Point,
    (life, in_peace): (&[Step], &InPeace),
    row: &mut Row,
) -> Vec<Due> {
    let (case, mut not_called) = (world.case(), Vec::new());
    let of_create = point[0].clone();
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
        let place = format!("{step:?}: {places}");
        let well = row.note(&place, done) && row.note(&place, in_peace.compare(world, &case, until(life, step)).await);
        if !well {
            let left = steps.flat_map(|(nth, (_, failing))| failing.into_iter().map(move |failing| (nth, failing)));
            not_called.extend(left);
            return not_called;
        }
        if !operator.runs() {
            row.note(place, fails("the operator ended by itself"));
            *operator = world.operator();
        }
    }
    // What failed while a tenant was made fails to one that claims what is not its own.
    world.script.set(Plan::Fail(of_create));
    let claimed = claim(world).await;
    world.script.set(Plan::Clean);
    row.note("what is somebody else's is claimed", claimed);
    not_called
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn what_lasts_is_every_way_that_the_caller_can_tell_from_another() {
        let mut recorded = [const { Vec::new() }; STEPS];
        let call = |system, what: &str, writes| Call { system, what: what.into(), writes };
        let of_store = [("write", true), ("read", false), ("write", true), ("read", false), ("read", false)];
        recorded[1] = of_store.map(|(what, writes)| call(System::S3, what, writes)).into();
        recorded[1].extend([("patch", true), ("get", false)].map(|(what, w)| call(System::Kubernetes, what, w)));
        let (short, lasting) = (short(&recorded), lasting(&recorded));
        let ways = |all: &[Due], what: &str| {
            let of = |nth| all.iter().filter(|(_, one)| one.call.what == what && one.nth == nth).count();
            [of(0), of(1), of(2)]
        };
        let all = ["write", "read", "patch", "get"];
        assert_eq!(all.map(|what| ways(&short, what)), [[6, 6, 0], [6, 0, 6], [7, 0, 0], [6, 0, 0]]);
        assert_eq!(all.map(|what| ways(&lasting, what)), [[7, 1, 0], [6, 0, 0], [8, 0, 0], [6, 0, 0]]);
        let mut lost = lasting.iter().filter(|(_, failing)| failing.fault == Fault::LostReply);
        assert!(lost.all(|(_, failing)| failing.writes));
        assert!(lasting.iter().all(|(_, one)| (one.lasting == MINUTE) == (one.fault != Fault::Pause)));
    }

    #[test]
    fn every_call_of_every_step_fails_in_every_way_and_one_of_a_system_at_a_time() {
        let call = |system, what: &str| Call { system, what: what.into(), writes: what != "read" };
        let mut recorded = [const { Vec::new() }; STEPS];
        recorded[0] = ["one", "two", "one", "read"].map(|what| call(System::S3, what)).into();
        recorded[2] = vec![call(System::S3, "two"), call(System::Postgres, "two")];
        let ways = [(Fault::Reset, MINUTE), (Fault::Delay, Duration::ZERO)];
        let lives = deal(due(&recorded, |call| call.writes, Which::Each, &ways), &mut StdRng::seed_from_u64(1));
        assert_eq!(lives.len(), 6);
        for (step, system, expected) in [
            (0, System::S3, 6),
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
