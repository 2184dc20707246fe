//! Operators that see the past, twice or not at all, alone and beside each other.

use std::{convert::Infallible, time::Duration};

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::Timestamp,
};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use plexica_testkit::Missing;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;

use super::{
    Effort, Row,
    lanes::{each, record},
    peace::{InPeace, until},
};
use crate::{
    proxy::Plan,
    story::{Order, Step, claim::claim},
    world::{Operator, World, fails},
};

/// How often everything is tried, with other seeds.
const WHOLE: usize = 5;
/// The operator's name for its Lease.
const LEASE: &str = "plexica-operator";
/// For so long at the beginning of each step the Lease is taken away: while it is, nobody may come to lead at
/// all, and plugins end with whose processes they are.
const FLAPPING: Duration = Duration::from_secs(15);
/// The longest between two changes of the Lease.
const PAUSE: Duration = Duration::from_secs(4);

/// How many operators work on the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replicas {
    /// One.
    One,
    /// Two, at the same time.
    Two,
    /// Two who agree by a Lease on who works, and the Lease is taken from them again and again.
    Elected,
}

impl Replicas {
    const ALL: [Self; 3] = [Self::One, Self::Two, Self::Elected];
}

#[derive(Clone, Copy, Debug)]
struct Point {
    replicas: Replicas,
    order: Order,
    seed: u64,
}

pub async fn run(effort: Effort, in_peace: &InPeace, row: &mut Row) -> Result<(), Missing> {
    let mut random = effort.random();
    let mut points = Vec::new();
    for replicas in Replicas::ALL {
        if effort.quick {
            let order = Order::ALL[random.random_range(0..Order::ALL.len())];
            points.push(Point { replicas, order, seed: random.random() });
        } else {
            for order in Order::ALL {
                points.extend((0..WHOLE).map(|_| Point { replicas, order, seed: random.random() }));
            }
        }
    }
    record(effort, Order::Forwards, in_peace, row).await?;
    each(effort, effort.share.of(points), row, async |world, operator, point, row| {
        life(world, operator, point, in_peace, row).await;
    })
    .await
}

/// One tenant's life.
async fn life(world: &World, operator: &mut Operator, point: Point, in_peace: &InPeace, row: &mut Row) {
    let Point { replicas, order, seed } = point;
    // Watches that have begun are not disturbed.
    operator.kill();
    world.script.set(Plan::Stale(seed));
    if replicas != Replicas::One {
        world.let_rivals_in();
    }
    let mut operators = match replicas {
        Replicas::One => vec![world.operator()],
        Replicas::Two => vec![world.operator(), world.operator()],
        Replicas::Elected => vec![world.replica(), world.replica()],
    };
    let case = world.case();
    let steps = async {
        for step in Step::ALL {
            let flapping = async {
                if replicas == Replicas::Elected {
                    // The time-out is how it ends.
                    let _over = tokio::time::timeout(FLAPPING, flaps(world, seed)).await;
                }
                std::future::pending::<Infallible>().await
            };
            step.ask(world, &case, order).await;
            row.tried += 1;
            let done = tokio::select! {
                done = step.done(world, &case) => done,
                never = flapping => match never {},
            };
            let place = format!("{step:?} {point:?}");
            if !row.note(&place, done)
                || !row.note(&place, in_peace.compare(world, &case, until(&Step::ALL, step)).await)
            {
                break;
            }
        }
    };
    let (claimed, ()) = futures::join!(claim(world), steps);
    row.note(format!("{point:?}"), claimed);
    if !operators.iter_mut().all(Operator::runs) {
        row.note(format!("{point:?}"), fails("an operator ended by itself"));
    }
    drop(operators);
    world.script.set(Plan::Clean);
    *operator = world.operator();
}

/// Takes the Lease from who holds it, for nobody, for somebody who is not there, or altogether.
async fn flaps(world: &World, seed: u64) -> Infallible {
    let leases: Api<Lease> = Api::namespaced(world.client.clone(), &world.system());
    let mut random = StdRng::seed_from_u64(seed);
    loop {
        tokio::time::sleep(PAUSE.mul_f64(random.random())).await;
        let holder = match random.random_range(0..3) {
            0 => None,
            1 => Some("who is not there".to_owned()),
            _ => {
                // An error means that there is none.
                let _none = leases.delete(LEASE, &DeleteParams::default()).await;
                continue;
            }
        };
        let spec = LeaseSpec {
            holder_identity: holder,
            lease_duration_seconds: Some(1),
            renew_time: Some(MicroTime(Timestamp::now())),
            ..LeaseSpec::default()
        };
        let _none = leases.patch(LEASE, &PatchParams::default(), &Patch::Merge(json!({ "spec": spec }))).await;
    }
}
