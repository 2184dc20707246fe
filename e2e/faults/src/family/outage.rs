//! A system is down while specs change; what does not need it proceeds, and all is well soon after
//! its return.

use std::time::{Duration, Instant};

use super::{Effort, Row};
use crate::{
    check::Expectation,
    proxy::{Plan, System},
    story::{Order, Step},
    world::{World, fails},
};

/// How long the system is down.
const WHOLE: Duration = Duration::from_mins(2);
const SHORT: Duration = Duration::from_secs(15);
/// How soon after its return all is to be well; what the work itself takes comes on top of it.
const SOON: Duration = Duration::from_secs(5);

pub async fn run(world: &World, effort: Effort, row: &mut Row) {
    let operator = world.operator();
    // What a life takes while nothing is wrong.
    let begun = Instant::now();
    let case = world.case();
    for step in Step::ALL {
        step.ask(world, &case, Order::Forwards).await;
        row.note(format!("{step:?} in peace"), step.done(world, &case).await);
    }
    let usual = begun.elapsed();

    for system in System::ALL {
        let case = world.case();
        for step in Step::ALL {
            let disturbed = if effort.quick { step == Step::Create } else { step.changes_everything() };
            let place = format!("{step:?} with {system:?} down");
            if disturbed {
                world.script.set(Plan::Outage(system));
            }
            step.ask(world, &case, Order::Forwards).await;
            if disturbed {
                row.tried += 1;
                tokio::time::sleep(if effort.quick { SHORT } else { WHOLE }).await;
            }
            world.script.set(Plan::Clean);
            let back = Instant::now();
            let done = step.done(world, &case).await;
            let took = back.elapsed();
            let well = row.note(&place, done);
            if disturbed && well {
                eprintln!("{place}: well again after {took:.1?}");
                if took > SOON + usual {
                    row.note(&place, fails(format!("well again only after {took:.1?}")));
                }
            }
            if !well {
                break;
            }
        }
    }
    row.end(world, operator, Expectation::Trouble).await;
}
