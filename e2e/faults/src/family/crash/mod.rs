//! The operator is killed right before and right after each write of each step, and the next one
//! finishes: at once, or after it was killed, too.

mod place;

use std::sync::{Mutex, PoisonError};

use plexica_testkit::Missing;
use rand::{RngExt, rngs::StdRng};

use self::place::{Death, Place, deal, places};
use super::{
    Effort, Row,
    lanes::{each, first_start, record},
    optional,
    peace::{InPeace, until},
};
use crate::{
    proxy::{At, Plan},
    story::{Order, Step, claim::claim},
    world::{Case, Operator, Violation, World, fails},
};

/// Of a sample, how many lives.
const SAMPLE: usize = 2;
/// Of a sample, among how many writes of a first start; it makes more for the tenant that waits.
const EARLY: usize = 16;
/// How often a death is tried that does not come.
const TIMES: usize = 3;
/// Among how many writes about a tenant that claims what is somebody else's: it makes no more.
const REFUSING: usize = 8;

pub async fn run(effort: Effort, in_peace: &InPeace, row: &mut Row) -> Result<(), Missing> {
    let mut random = effort.random();
    let all = recorded(effort, &mut random, in_peace, row).await?;
    eprintln!("crash: {} places", all.len());
    let mut lives = deal(all, &mut random);
    if effort.quick {
        lives.truncate(SAMPLE);
    }
    let mut missed = Vec::new();
    for time in 0..TIMES {
        // What was recorded was recorded in a whole life: a step may write less when others were not before it.
        let whole = time > 0;
        missed = lead(effort, with_claims(lives, &mut random), whole, in_peace, row).await?;
        eprintln!("crash: {} writes at which an operator was to die did not come", missed.len());
        lives = deal(missed.clone(), &mut random);
    }
    for place in missed {
        row.missed(&place, optional::write(&place.first.at), TIMES);
    }
    each(effort, starts(effort, &mut random, row).await?, row, async |_, _, place, row| {
        if let Err(missing) = start(effort, &place, in_peace, row).await {
            row.note(format!("start {place}"), Err(Violation(missing.to_string())));
        }
    })
    .await
}

/// All places of the share: in a sample those of one order.
async fn recorded(
    effort: Effort,
    random: &mut StdRng,
    in_peace: &InPeace,
    row: &mut Row,
) -> Result<Vec<Place>, Missing> {
    let orders =
        if effort.quick { vec![Order::ALL[random.random_range(0..Order::ALL.len())]] } else { Order::ALL.into() };
    let mut all = Vec::new();
    for order in orders {
        let steps = record(effort, order, in_peace, row).await?;
        all.extend(Step::ALL.into_iter().zip(&steps).flat_map(|(step, peace)| places(order, step, &peace.calls)));
    }
    Ok(effort.share.of(all))
}

/// Each write of a first start.
async fn starts(effort: Effort, random: &mut StdRng, row: &mut Row) -> Result<Vec<Place>, Missing> {
    let mut deaths = Vec::new();
    if effort.quick {
        deaths.push(Death { at: At::Any(random.random_range(0..EARLY)), after: random.random() });
    } else {
        let writes = first_start(effort, row).await?.iter().filter(|call| call.writes).count();
        eprintln!("a first start in peace: {writes} writes");
        deaths.extend((0..writes).flat_map(|at| [false, true].map(|after| Death { at: At::Any(at), after })));
    }
    let place = |first| Place { order: Order::Forwards, step: Step::Create, first, second: None };
    Ok(effort.share.of(deaths.into_iter().map(place).collect()))
}

/// Where an operator dies after each life, while something is claimed that is somebody else's: each of these deaths
/// comes before any comes again.
fn with_claims(lives: Vec<Vec<Place>>, random: &mut StdRng) -> Vec<(Vec<Place>, Death)> {
    let from = random.random_range(0..2 * REFUSING);
    let death = |nth: usize| Death { at: At::Any(nth / 2 % REFUSING), after: nth % 2 == 1 };
    lives.into_iter().zip(from..).map(|(life, nth)| (life, death(nth))).collect()
}

/// Leads all these lives, with every step in them or with those they need, and says in which places no operator has
/// died.
async fn lead(
    effort: Effort,
    lives: Vec<(Vec<Place>, Death)>,
    whole: bool,
    in_peace: &InPeace,
    row: &mut Row,
) -> Result<Vec<Place>, Missing> {
    let missed = Mutex::new(Vec::new());
    each(effort, lives, row, async |world, operator, (places, death), row| {
        let steps = Step::life(|step| whole || places.iter().any(|place| place.step == step));
        in_peace.lead(world, &steps, row).await;
        let of_life = life(world, operator, places, (&steps, in_peace), row).await;
        survive_claim(world, operator, death, row).await;
        missed.lock().unwrap_or_else(PoisonError::into_inner).extend(of_life);
    })
    .await?;
    Ok(missed.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// One tenant's life of these steps, in which operators die in these places; says in which none did.
async fn life(
    world: &World,
    operator: &mut Operator,
    mut places: Vec<Place>,
    (steps, in_peace): (&[Step], &InPeace),
    row: &mut Row,
) -> Vec<Place> {
    let (case, mut missed) = (world.case(), Vec::new());
    let Some(order) = places.first().map(|place| place.order) else { return missed };
    for step in steps.iter().copied() {
        let place = places.extract_if(.., |place| place.step == step).next();
        let at = place.as_ref().map_or_else(|| format!("{step:?}"), ToString::to_string);
        let well = if let Some(place) = place {
            let (deaths, well) = survive(world, operator, &case, &place, row).await;
            missed.extend((deaths == 0).then_some(place));
            well
        } else {
            step.ask(world, &case, order).await;
            row.note(&at, step.done(world, &case).await)
        };
        if !well || !row.note(&at, in_peace.compare(world, &case, until(steps, step)).await) {
            break;
        }
    }
    missed.extend(places);
    missed
}

/// An operator that has never been started before dies, with a tenant waiting for it; a world of its own.
async fn start(effort: Effort, place: &Place, in_peace: &InPeace, row: &mut Row) -> Result<(), Missing> {
    let world = World::new(effort.platform).await?;
    let (case, mut operator) = (world.case(), Operator::default());
    let (deaths, lived) = survive(&world, &mut operator, &case, place, row).await;
    if deaths == 0 {
        row.note(format!("start {place}"), fails("there was no such write"));
    }
    if lived {
        let short = [Step::Create, Step::Remove];
        row.note(format!("start {place}"), in_peace.compare(&world, &case, until(&short, Step::Create)).await);
        Step::Remove.ask(&world, &case, place.order).await;
        let well = row.note(format!("start {place}"), Step::Remove.done(&world, &case).await);
        if well {
            row.note(format!("start {place}"), in_peace.compare(&world, &case, &short).await);
        }
    }
    row.end(&world, operator).await;
    world.close().await;
    Ok(())
}

/// What is somebody else's is claimed when nothing else goes on, and the operator dies at a write about that, if it
/// comes to it. Such writes are alike those about a tenant of a life, and would be counted as such.
async fn survive_claim(world: &World, operator: &mut Operator, death: Death, row: &mut Row) {
    if operator.is_away() {
        *operator = world.operator();
    }
    let place = format!("somebody else's is claimed: {death}");
    world.script.set(Plan::Kill { at: death.at, after: death.after });
    let mut claimed = std::pin::pin!(claim(world));
    let came = tokio::select! {
        () = world.script.killing() => None,
        came = claimed.as_mut() => Some(came),
    };
    if world.script.set(Plan::Clean).is_some() {
        row.tried += 1;
        operator.kill();
        *operator = world.operator();
    }
    let claimed = match came {
        Some(came) => came,
        None => claimed.await,
    };
    row.note(place, claimed);
}

/// One step with its deaths; how many came, and whether all was well.
async fn survive(world: &World, operator: &mut Operator, case: &Case, place: &Place, row: &mut Row) -> (usize, bool) {
    let Place { order, step, first, second } = place;
    let (mut done, mut struck) = (None, Vec::new());
    for (nth, Death { at, after }) in std::iter::once(first).chain(second).enumerate() {
        world.script.set(Plan::Kill { at: at.clone(), after: *after });
        if nth == 0 {
            step.ask(world, case, *order).await;
        }
        if operator.is_away() {
            *operator = world.operator();
        } else if !operator.runs() {
            row.note(place, fails("the operator ended by itself"));
            *operator = world.operator();
        }
        let came = tokio::select! {
            () = world.script.killing() => None,
            came = step.done(world, case) => Some(came),
        };
        // Nothing strikes any more before it is known whether something did.
        let Some(call) = world.script.set(Plan::Clean) else {
            done = came;
            break;
        };
        // A call that is on hold would be for ever, even if all is done without it.
        row.tried += 1;
        operator.kill();
        struck.push(format!("{:?} {}", call.system, call.what));
    }
    let done = if let Some(done) = done {
        done
    } else {
        *operator = world.operator();
        step.done(world, case).await
    };
    let well = row.note(format!("{place} ({})", struck.join(", then ")), done);
    (struck.len(), well)
}
