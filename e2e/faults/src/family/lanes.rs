//! Many points, and several worlds that take one after the other.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use plexica_testkit::Missing;

use super::{
    Effort, Row,
    peace::{InPeace, Peace, until},
};
use crate::{
    proxy::{Call, Plan},
    story::{Order, STEPS, Step},
    world::{Operator, World},
};

/// Leads a life per point, with as many worlds at the same time as there are lanes.
///
/// # Errors
/// The part that does not run.
pub async fn each<P>(
    effort: Effort,
    points: Vec<P>,
    row: &mut Row,
    life: impl AsyncFn(&World, &mut Operator, P, &mut Row),
) -> Result<(), Missing> {
    let (all, begun) = (points.len(), Instant::now());
    let lanes = effort.lanes.clamp(1, all.max(1));
    let points = Mutex::new(points.into_iter().enumerate());
    let next = || points.lock().unwrap_or_else(PoisonError::into_inner).next();
    let family = row.family;
    let lane = async || -> Result<Row, Missing> {
        let (mut row, mut taken) = (Row::new(family), next());
        if taken.is_none() {
            return Ok(row);
        }
        let world = World::new(effort.platform).await?;
        let mut operator = world.operator();
        while let Some((nth, point)) = taken {
            if nth > 0 && nth % 50 == 0 {
                eprintln!("{}: {nth} of {all} lives after {:.0?}", family.name(), begun.elapsed());
            }
            life(&world, &mut operator, point, &mut row).await;
            taken = next();
        }
        row.end(&world, operator).await;
        world.close().await;
        Ok(row)
    };
    for of_lane in futures::future::try_join_all((0..lanes).map(|_| lane())).await? {
        row.join(of_lane);
    }
    Ok(())
}

/// Each step of a life that nothing disturbs, with the resources applied in that order, and what there is after it. The
/// operator has been at work before. It is led once for all families.
///
/// # Errors
/// The part that does not run.
pub async fn record(
    effort: Effort,
    order: Order,
    in_peace: &InPeace,
    row: &mut Row,
) -> Result<[Peace; STEPS], Missing> {
    if let Some(steps) = in_peace.recorded(order) {
        return Ok(steps);
    }
    let world = World::new(effort.platform).await?;
    let operator = world.operator();
    let first = world.case();
    let short = [Step::Create, Step::Remove];
    for step in short {
        step.ask(&world, &first, order).await;
        row.note(format!("{step:?} in peace"), step.done(&world, &first).await);
        let kept = in_peace.keep(&world, &first, until(&short, step)).await;
        row.note(format!("{step:?} in peace"), kept);
    }
    let (case, mut steps) = (world.case(), std::array::from_fn(|_| Peace::default()));
    for (step, peace) in Step::ALL.into_iter().zip(&mut steps) {
        let begun = Instant::now();
        world.script.set(Plan::Record);
        step.ask(&world, &case, order).await;
        row.note(format!("{step:?} in peace"), step.done(&world, &case).await);
        *peace = Peace { calls: world.script.calls(), took: begun.elapsed() };
        let writes = peace.calls.iter().filter(|call| call.writes).count();
        eprintln!("{step:?} in peace: {} calls, {writes} of them writes, {:.1?}", peace.calls.len(), peace.took);
        let kept = in_peace.keep(&world, &case, until(&Step::ALL, step)).await;
        row.note(format!("{step:?} in peace"), kept);
    }
    row.end(&world, operator).await;
    world.close().await;
    in_peace.record(order, steps.clone());
    Ok(steps)
}

/// Which calls the first operator of a world makes before it writes about a tenant that waits for it, but those about
/// that tenant.
///
/// # Errors
/// The part that does not run.
pub async fn first_start(effort: Effort, row: &mut Row) -> Result<Vec<Call>, Missing> {
    let world = World::new(effort.platform).await?;
    let case = world.case();
    world.script.set(Plan::Record);
    Step::Create.ask(&world, &case, Order::Forwards).await;
    let operator = world.operator();
    row.note("a first start in peace", Step::Create.done(&world, &case).await);
    let names = [case.slug.as_str(), case.plugin.as_str()].map(|name| (name.to_owned(), name.replace('-', "_")));
    let of_tenant =
        |call: &Call| names.iter().any(|(name, identifier)| call.what.contains(name) || call.what.contains(identifier));
    let calls = world.script.calls();
    let calls = calls.iter().take_while(|call| !(call.writes && of_tenant(call))).filter(|call| !of_tenant(call));
    let calls = calls.cloned().collect();
    world.script.set(Plan::Clean);
    Step::Remove.ask(&world, &case, Order::Forwards).await;
    row.note("a first start in peace", Step::Remove.done(&world, &case).await);
    row.end(&world, operator).await;
    world.close().await;
    Ok(calls)
}
