//! Tenants with three plugins each, their realms in the embedded issuer.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

use futures::StreamExt;
use kube::{
    Api, Resource,
    api::{ListParams, Patch, PatchParams},
};
use plexica_crds::label::CONFIRM_DELETION;
use plexica_testkit::Missing;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::{Effort, Row};
use super::seen::{Calls, Resources};
use crate::{
    proxy::Plan,
    story::FIRST,
    world::{Case, Issuer, Operator, Violation, World, fails, selector},
};

const WHOLE: [usize; 2] = [100, 1_000];
const SHORT: [usize; 2] = [3, 9];
const PLUGINS: usize = 3;
/// Who applies, at the same time.
const HANDS: usize = 8;
/// As long as something more is done every so often, it is waited for.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);
/// What has written nothing for so long has come to rest.
const REST: Duration = Duration::from_secs(5);
/// How much more a big world may take for each resource than a small one.
const GROWTH: f64 = 1.5;

/// Longer than anything here: what it costs to get somewhere is counted without the looks at what is there.
const NEVER: u64 = 86_400;

/// What so many take.
#[derive(Clone, Copy, Debug)]
struct Figures {
    resources: u32,
    /// From the start of the operator to all being Ready, for the first time.
    first: Duration,
    /// From another start to the last thing that had to be done about it.
    again: Duration,
    /// Calls to all systems while each was looked at once, with nothing to do.
    calls: u32,
    /// MiB.
    resident: u32,
}

pub async fn run(effort: Effort, row: &mut Row) -> Result<(), Missing> {
    let [few, many] = if effort.quick { SHORT } else { WHOLE };
    let (few, many) = (measure(few, effort, row).await?, measure(many, effort, row).await?);
    let (Some(few), Some(many)) = (few, many) else { return Ok(()) };
    let each = |figures: Figures, what: f64| what / f64::from(figures.resources);
    let mut compared = vec![("calls", each(few, f64::from(few.calls)), each(many, f64::from(many.calls)))];
    if !effort.quick {
        let seconds = |took: Duration| took.as_secs_f64();
        compared.push(("seconds until Ready", each(few, seconds(few.first)), each(many, seconds(many.first))));
        compared.push(("seconds after a start", each(few, seconds(few.again)), each(many, seconds(many.again))));
        compared.push(("MiB", each(few, f64::from(few.resident)), each(many, f64::from(many.resident))));
    }
    for (what, few, many) in compared {
        if many > few * GROWTH {
            row.note("growth", fails(format!("{many:.4} {what} for each of many, {few:.4} for each of few")));
        }
    }
    Ok(())
}

async fn measure(tenants: usize, effort: Effort, row: &mut Row) -> Result<Option<Figures>, Missing> {
    let world = World::with(effort.platform, Issuer::Embedded).await?;
    let plugins: Vec<_> = (0..PLUGINS).map(|_| world.case().plugin).collect();
    let slugs: Vec<_> = (0..tenants).map(|_| world.case().slug).collect();
    let of = |slug: &plexica_contract::name::Slug| -> Vec<Case> {
        plugins.iter().map(|plugin| Case { slug: slug.clone(), plugin: plugin.clone() }).collect()
    };
    for case in of(&slugs[0]) {
        world.apply_plugin(&case, FIRST).await;
    }
    let applied = futures::stream::iter(&slugs).for_each_concurrent(HANDS, async |slug| {
        let cases = of(slug);
        world.apply_tenant(&cases[0], json!({})).await;
        for case in &cases {
            world.apply_install(case, json!({ "plugin": { "version": FIRST } })).await;
        }
    });
    applied.await;

    row.tried += tenants * (1 + PLUGINS);
    let place = format!("{tenants} tenants");
    let operator = world.operator_with(NEVER);
    let figures = figures(&world, operator, tenants).await;
    let (figures, operator) = match figures {
        Ok((figures, operator)) => (Some(figures), operator),
        Err(violation) => {
            row.note(&place, Err(violation));
            (None, world.operator())
        }
    };
    if let Some(Figures { resources, first, again, calls, resident }) = figures {
        eprintln!(
            "{place}, {} installs: all Ready after {first:.1?}; at rest {again:.1?} after another start; {:.1} calls \
             for each of {resources} when nothing is to do, 0 of them writes; {resident} MiB",
            tenants * PLUGINS,
            f64::from(calls) / f64::from(resources),
        );
    }
    let begun = Instant::now();
    let gone = remove(&world).await;
    if row.note(format!("{place} go"), gone) {
        eprintln!("{place}: gone after {:.1?}", begun.elapsed());
    }
    for case in of(&slugs[0]) {
        world.delete_plugin(&case, FIRST).await;
    }
    row.end(&world, operator).await;
    Ok(figures)
}

async fn figures(world: &World, mut operator: Operator, tenants: usize) -> Result<(Figures, Operator), Violation> {
    let resources = tenants * (1 + PLUGINS);
    let begun = Instant::now();
    let known = Resources::of(world);
    grows("Ready", resources, || known.ready()).await?;
    let first = begun.elapsed();

    operator.kill();
    world.script.set(Plan::Record);
    let begun = Instant::now();
    operator = world.operator_with(NEVER);
    let mut calls = all_looked_at(world, "after a start", resources).await?;
    let (mut writes, mut last, looked) = (0, Instant::now(), Instant::now());
    while last.elapsed() < REST {
        let wrote = &calls.read(&world.script).writes;
        if wrote.len() > writes {
            (writes, last) = (wrote.len(), Instant::now());
        }
        if looked.elapsed() > PATIENCE {
            return fails(format!("it does not come to rest after a start: {:?}", wrote.last()));
        }
        tokio::time::sleep(PAUSE).await;
    }
    let again = last.duration_since(begun);
    grows("Ready after a start", resources, || known.ready()).await?;

    operator.kill();
    world.script.set(Plan::Record);
    let resync = (tenants as u64 / 5).max(5);
    operator = world.operator_with(resync);
    all_looked_at(world, "after a third start", resources).await?;
    // Not what is still on its way.
    tokio::time::sleep(Duration::from_secs(resync)).await;
    world.script.set(Plan::Record);
    let calls = all_looked_at(world, "again", resources).await?;
    world.script.set(Plan::Clean);
    if let Some(write) = calls.writes.first() {
        return fails(format!("nothing was to do, and yet: {write:?}"));
    }
    let resident = operator.resident();
    let (resources, calls) = (resources.try_into().unwrap(), calls.count.try_into().unwrap());
    Ok((Figures { resources, first, again, calls, resident }, operator))
}

/// All calls since recording began, when each resource was looked at.
async fn all_looked_at(world: &World, when: &str, resources: usize) -> Result<Calls, Violation> {
    let mut calls = Calls::default();
    grows(&format!("looked at {when}"), resources, || calls.read(&world.script).looked_at()).await?;
    Ok(calls)
}

/// Waits until there are so many, for as long as there are more and more.
async fn grows(what: &str, wanted: usize, mut count: impl FnMut() -> usize) -> Result<(), Violation> {
    let (mut most, mut since) = (0, Instant::now());
    loop {
        let now = count();
        if now >= wanted {
            return Ok(());
        }
        if now > most {
            (most, since) = (now, Instant::now());
        } else if since.elapsed() > PATIENCE {
            return fails(format!("{now} of {wanted} are {what}, and for {PATIENCE:?} no more"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// All tenants and installs go with their data.
async fn remove(world: &World) -> Result<(), Violation> {
    let mine = ListParams::default().labels(&selector(&world.name));
    let installs = world.installs().list(&mine).await.unwrap();
    let tenants = world.tenants().list(&mine).await.unwrap();
    let all = tenants.items.len() + installs.items.len();
    let without = |spec: serde_json::Value| json!({ "spec": spec });
    // What it has not heard of yet is none that is gone.
    let left = Resources::of(world);
    grows("known", all, || left.count()).await?;
    let release = futures::stream::iter(installs).for_each_concurrent(HANDS, async |install| {
        patch(&world.installs(), &install, without(json!({ "deletionPolicy": "Delete" }))).await;
    });
    release.await;
    let removed = futures::stream::iter(tenants).for_each_concurrent(HANDS, async |tenant| {
        let name = tenant.metadata.name.clone().unwrap();
        let mut change = without(json!({ "deletionPolicy": "Delete", "skipFinalBackup": true }));
        change["metadata"] = json!({ "annotations": { CONFIRM_DELETION: name } });
        patch(&world.tenants(), &tenant, change).await;
        // The tenant takes its installs with it.
        world.tenants().delete(&name, &kube::api::DeleteParams::default()).await.unwrap();
    });
    removed.await;
    grows("gone", all, || all.saturating_sub(left.count())).await
}

async fn patch<K>(api: &Api<K>, object: &K, change: serde_json::Value)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let name = object.meta().name.as_deref().unwrap();
    api.patch(name, &PatchParams::default(), &Patch::Merge(change)).await.unwrap();
}
