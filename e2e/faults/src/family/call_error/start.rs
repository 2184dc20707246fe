//! What an operator calls when it starts, and never again: that fails once to the first one of a world.

use std::{collections::BTreeSet, pin::pin, time::Duration};

use plexica_testkit::Missing;

use super::{Due, Which, due};
use crate::{
    family::{
        Effort, Row,
        lanes::{each, first_start},
        peace::{InPeace, until},
    },
    proxy::{Call, Failing, Fault, Plan, Shape},
    story::{Order, STEPS, Step},
    world::{Violation, World, fails},
};

/// What a first start calls besides what lives do is made to fail, each call with a tenant waiting, in a world of its own.
pub async fn all(
    effort: Effort,
    of_lives: &[Vec<Call>; STEPS],
    in_peace: &InPeace,
    row: &mut Row,
) -> Result<(), Missing> {
    let points = effort.share.of(points(first_start(effort, row).await?, of_lives));
    eprintln!("call-error: {} of a first start", points.len());
    each(effort, points, row, async |_, _, (_, failing), row| {
        let place = format!("a first start: {failing}");
        if let Err(missing) = start(effort, (&place, failing), in_peace, row).await {
            row.note(place, Err(Violation(missing.to_string())));
        }
    })
    .await
}

/// The first of each of those that are alike, once in each way.
fn points(calls: Vec<Call>, of_lives: &[Vec<Call>; STEPS]) -> Vec<Due> {
    let known: BTreeSet<(Shape, bool)> = of_lives.iter().flatten().map(|call| (call.shape(), call.writes)).collect();
    let once = Fault::SHORT.map(|fault| (fault, Duration::ZERO));
    due(&[calls], |call| !known.contains(&(call.shape(), call.writes)), Which::First, &once)
}

/// The operator may end by what fails: who runs it starts it again.
async fn start(
    effort: Effort,
    (place, failing): (&str, Failing),
    in_peace: &InPeace,
    row: &mut Row,
) -> Result<(), Missing> {
    let world = World::new(effort.platform).await?;
    let (case, steps) = (world.case(), [Step::Create, Step::Remove]);
    world.script.set(Plan::Fail(vec![failing]));
    let mut operator = world.operator();
    for step in steps {
        step.ask(&world, &case, Order::Forwards).await;
        let mut done = pin!(step.done(&world, &case));
        let done = loop {
            tokio::select! {
                done = done.as_mut() => break done,
                () = operator.ended() => operator = world.operator(),
            }
        };
        if !row.note(place, done) || !row.note(place, in_peace.compare(&world, &case, until(&steps, step)).await) {
            break;
        }
    }
    if world.script.missed().is_empty() {
        row.tried += 1;
    } else {
        row.note(place, fails("there was no such call"));
    }
    world.script.set(Plan::Clean);
    row.end(&world, operator).await;
    world.close().await;
    Ok(())
}
