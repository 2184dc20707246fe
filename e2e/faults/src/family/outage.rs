//! A system is down while specs change; what does not need it proceeds, and all is well soon after
//! its return.

use std::time::{Duration, Instant};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use plexica_crds::Reason;
use plexica_testkit::Missing;
use rand::RngExt;

use super::{
    Effort, Row,
    lanes::{each, record},
    peace::{InPeace, until},
};
use crate::{
    check,
    proxy::{Outage, Plan, System},
    story::{Order, Step, claim, contracted, move_to},
    world::{Case, Violation, World, fails},
};

/// How long the system is down.
const WHOLE: Duration = Duration::from_mins(2);
const SHORT: Duration = Duration::from_secs(15);
/// How often it is looked what resources say.
const LOOK: Duration = Duration::from_millis(200);
/// How often a tenant that nobody changes is looked at, in every system.
const GLANCE: Duration = Duration::from_secs(5);
/// How soon after its return a system that the step needs is called again, and all is well but for the work itself.
const SOON: Duration = Duration::from_secs(5);
/// What a bystander is given while a system is down.
const DOMAIN: &str = "moved.acme.test";
/// So many times longer than alone the work itself may take beside the other lanes.
const BUSY: f64 = 3.0;

pub async fn run(effort: Effort, in_peace: &InPeace, row: &mut Row) -> Result<(), Missing> {
    let recorded = record(effort, Order::Forwards, in_peace, row).await?;
    let busy = if effort.lanes == 1 { 1.0 } else { BUSY };
    let (outages, disturbed, down) = if effort.quick {
        let outage = Outage::ALL[effort.random().random_range(0..Outage::ALL.len())];
        (vec![outage], vec![Step::Create], SHORT)
    } else {
        (Outage::ALL.to_vec(), Step::ALL.to_vec(), WHOLE)
    };
    let life = Step::life(|step| disturbed.contains(&step));
    let systems = System::ALL.into_iter().flat_map(|system| outages.iter().map(move |outage| (system, *outage)));
    each(effort, effort.share.of(systems.collect()), row, async |world, _, down_is, row| {
        // Lanes that all come back at the same moment would wait for each other.
        if !effort.quick {
            tokio::time::sleep(down.mul_f64(rand::random())).await;
        }
        let case = world.case();
        for (step, peace) in Step::ALL.into_iter().zip(&recorded).filter(|(step, _)| life.contains(step)) {
            let calls_it = peace.calls.iter().any(|call| call.system == down_is.0);
            let well = if calls_it && disturbed.contains(&step) {
                disturb(world, &case, (step, SOON + peace.took.mul_f64(busy)), (down_is, down), row).await
            } else {
                step.ask(world, &case, Order::Forwards).await;
                row.note(format!("{step:?}"), step.done(world, &case).await)
            };
            // How long the step took is known by now.
            let compared = well && {
                let place = format!("{step:?} with {:?} down ({:?})", down_is.0, down_is.1);
                row.note(place, in_peace.compare(world, &case, until(&life, step)).await)
            };
            if !compared {
                eprintln!("what follows {step:?} was not tried with {:?} down ({:?})", down_is.0, down_is.1);
                break;
            }
        }
        row.note(
            format!("somebody else's with {:?} down ({:?})", down_is.0, down_is.1),
            claim_while_down(world, down_is).await,
        );
    })
    .await
}

/// A step that is asked for while a system is down, and done when it is back; whether it was.
async fn disturb(
    world: &World,
    case: &Case,
    (step, limit): (Step, Duration),
    ((system, outage), down): ((System, Outage), Duration),
    row: &mut Row,
) -> bool {
    let place = format!("{step:?} with {system:?} down ({outage:?})");
    // It also shows that the operator is at work, as it was when the usual time was measured.
    let bystander = world.case();
    Step::Create.ask(world, &bystander, Order::Forwards).await;
    if !row.note("a bystander is made", Step::Create.done(world, &bystander).await) {
        return false;
    }
    world.script.set(Plan::Outage(system, outage));
    step.ask(world, case, Order::Forwards).await;
    let over = Instant::now() + down;
    let proceeds = async {
        let upgraded = !system.is_for_tenants_alone()
            || row.note(format!("{place}: a bystander's upgrade"), upgrades(world, &bystander).await);
        // Who is silent is given up after a while that a sample does not have.
        let in_time = down == WHOLE || outage == Outage::Closed;
        let moved = !(upgraded && in_time && system.is_left_alone_by_identity())
            || row.note(format!("{place}: a bystander's domain"), moves(world, &bystander, over).await);
        if upgraded && moved {
            row.note(format!("{place}: a bystander"), goes_on(world, &bystander, over).await);
        }
    };
    let named = async {
        // Who is not there cannot be written to; who is silent is given up after a while that a sample does not have.
        let shown = system != System::Kubernetes && (down == WHOLE || outage == Outage::Closed);
        (shown && step.is_of_the_whole_tenant()).then_some(())?;
        tokio::time::timeout(down, says_so(world, case)).await.err()
    };
    let (never, ..) = futures::join!(named, tokio::time::sleep(down), proceeds);
    if never.is_some() {
        row.note(&place, fails("neither tenant nor install said that something is away"));
    }
    world.script.set(Plan::Clean);
    let back = Instant::now();
    row.tried += 1;
    let done = step.done(world, case).await;
    let took = back.elapsed();
    let well = row.note(&place, done);
    if well {
        let called = world.script.passed(system).map(|at| at.saturating_duration_since(back));
        eprintln!("{place}: called again after {called:.1?}, well again after {took:.1?} of {limit:.1?}");
        if step.changes_everything() && called.is_none_or(|called| called > SOON) {
            row.note(&place, fails(format!("called again only after {called:?}")));
        }
        if took > limit {
            row.note(&place, fails(format!("well again only after {took:.1?}")));
        }
    }
    Step::Remove.ask(world, &bystander, Order::Forwards).await;
    row.note("a bystander goes", Step::Remove.done(world, &bystander).await);
    well
}

/// What is somebody else's is claimed while a system is down, and whoever claims it goes before the return.
async fn claim_while_down(world: &World, (system, outage): (System, Outage)) -> Result<(), Violation> {
    // While the API server is down nobody can be told anything.
    let told = system != System::Kubernetes;
    if told {
        world.script.set(Plan::Outage(system, outage));
    }
    claim::ask(world).await;
    let refused = claim::refused(world, told.then_some(system)).await;
    world.script.set(Plan::Outage(system, outage));
    claim::leave(world).await;
    world.script.set(Plan::Clean);
    refused?;
    claim::gone(world).await
}

/// Comes back when the tenant or the install says that it waits for a system.
async fn says_so(world: &World, case: &Case) {
    let reasons = [Reason::BackendUnavailable, Reason::BackupFailed].map(Reason::as_str);
    let away = |conditions: &[Condition]| conditions.iter().any(|one| reasons.contains(&one.reason.as_str()));
    loop {
        let tenant = world.tenants().get_opt(case.slug.as_str()).await.ok().flatten();
        let install = world.installs().get_opt(&World::install_name(case)).await.ok().flatten();
        let told = [
            tenant.and_then(|tenant| tenant.status).map(|status| status.conditions),
            install.and_then(|install| install.status).map(|status| status.conditions),
        ];
        if told.iter().flatten().any(|conditions| away(conditions)) {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Holds a tenant that nobody changes against what it is asked to be until then, whatever is down: what runs needs none
/// of it, and users are sent there.
async fn goes_on(world: &World, bystander: &Case, until: Instant) -> Result<(), Violation> {
    while Instant::now() < until {
        check::at_work(world, bystander).await?;
        tokio::time::sleep(GLANCE.min(until.saturating_duration_since(Instant::now()))).await;
    }
    Ok(())
}

/// What people sign in by takes Keycloak and the API server alone: the parts of a tenant are brought to what is asked
/// each by itself, and it is done before the return. While the API server is down nobody can be told anything.
async fn moves(world: &World, bystander: &Case, until: Instant) -> Result<(), Violation> {
    move_to(world, bystander, DOMAIN).await;
    let path = format!("/{}/clients?clientId=web", world.prefixes().realm(&bystander.slug));
    loop {
        let redirects = world.account.get(&path).await[0]["redirectUris"].to_string();
        if redirects.contains(DOMAIN) {
            return Ok(());
        }
        if Instant::now() > until {
            return fails(format!("nobody is sent to {DOMAIN} before the return: {redirects}"));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A plugin's upgrade takes Postgres and the API server, and nothing of what the tenant waits for.
async fn upgrades(world: &World, bystander: &Case) -> Result<(), Violation> {
    Step::Upgrade.ask(world, bystander, Order::Forwards).await;
    contracted(world, bystander).await
}
