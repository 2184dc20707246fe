//! A system is down while specs change; what does not need it proceeds, and all is well soon after
//! its return.

use std::time::{Duration, Instant};

use plexica_testkit::Missing;
use rand::RngExt;

use super::{
    Effort, Row,
    lanes::{each, record},
};
use crate::{
    check::Expectation,
    proxy::{Outage, Plan, System},
    story::{Order, Step, contracted},
    world::{Case, Violation, World, fails},
};

/// How long the system is down.
const WHOLE: Duration = Duration::from_mins(2);
const SHORT: Duration = Duration::from_secs(15);
/// How soon after its return the system is called again, and all is well but for the work itself.
const SOON: Duration = Duration::from_secs(5);
/// So many times longer than alone the work itself may take beside the other lanes.
const BUSY: f64 = 3.0;

pub async fn run(effort: Effort, row: &mut Row) -> Result<(), Missing> {
    let usual = record(effort, Order::Forwards, row).await?.map(|peace| peace.took);
    let (outages, disturbed, down) = if effort.quick {
        let outage = Outage::ALL[effort.random().random_range(0..Outage::ALL.len())];
        (vec![outage], vec![Step::Create], SHORT)
    } else {
        let disturbed = Step::ALL.into_iter().filter(|step| step.changes_everything()).collect();
        (Outage::ALL.to_vec(), disturbed, WHOLE)
    };
    let systems = System::ALL.into_iter().flat_map(|system| outages.iter().map(move |outage| (system, *outage)));
    let points = systems.flat_map(|down| disturbed.iter().map(move |step| (down, *step)));
    each(effort, points.collect(), Expectation::Trouble, row, async |world, _, ((system, outage), disturbed), row| {
        // Lanes that all come back at the same moment would wait for each other.
        if !effort.quick {
            tokio::time::sleep(down.mul_f64(rand::random())).await;
        }
        // The first one also shows that the operator is at work, as it was when the usual time was measured.
        let (bystander, case) = (world.case(), world.case());
        Step::Create.ask(world, &bystander, Order::Forwards).await;
        if !row.note("a bystander is made", Step::Create.done(world, &bystander).await) {
            return;
        }
        for (step, usual) in Step::ALL.into_iter().zip(usual) {
            let place = format!("{step:?} with {system:?} down ({outage:?})");
            if step == disturbed {
                world.script.set(Plan::Outage(system, outage));
            }
            step.ask(world, &case, Order::Forwards).await;
            if step == disturbed {
                row.tried += 1;
                let proceeds = async {
                    if system.is_for_tenants_alone() {
                        row.note(format!("{place}: a bystander's upgrade"), upgrades(world, &bystander).await);
                    }
                };
                futures::join!(tokio::time::sleep(down), proceeds);
            }
            world.script.set(Plan::Clean);
            let back = Instant::now();
            let done = step.done(world, &case).await;
            let took = back.elapsed();
            let well = row.note(&place, done);
            if step == disturbed && well {
                let called = world.script.passed(system).map(|at| at.saturating_duration_since(back));
                eprintln!("{place}: called again after {called:.1?}, well again after {took:.1?}");
                if called.is_none_or(|called| called > SOON) {
                    row.note(&place, fails(format!("called again only after {called:?}")));
                }
                if took > SOON + usual.mul_f64(BUSY) {
                    row.note(&place, fails(format!("well again only after {took:.1?}")));
                }
            }
            if !well {
                break;
            }
        }
        Step::Remove.ask(world, &bystander, Order::Forwards).await;
        row.note("a bystander goes", Step::Remove.done(world, &bystander).await);
    })
    .await
}

/// A plugin's upgrade takes Postgres and the API server, and nothing of what the tenant waits for.
async fn upgrades(world: &World, bystander: &Case) -> Result<(), Violation> {
    Step::Upgrade.ask(world, bystander, Order::Forwards).await;
    contracted(world, bystander).await
}
