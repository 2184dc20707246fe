//! Tenants with three plugins each, their realms in the embedded issuer.

use std::{
    collections::BTreeSet,
    fmt::Debug,
    time::{Duration, Instant},
};

use futures::StreamExt;
use kube::{
    Api, Resource,
    api::{ListParams, Patch, PatchParams},
};
use plexica_crds::{label::CONFIRM_DELETION, plugin_install, tenant};
use plexica_testkit::Missing;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::{Effort, Row};
use crate::{
    check::Expectation,
    proxy::{Call, Plan, System},
    story::FIRST,
    world::{Case, Issuer, LABEL, Operator, Violation, World, fails},
};

const WHOLE: [usize; 2] = [100, 1_000];
const SHORT: [usize; 2] = [3, 9];
const PLUGINS: usize = 3;
/// Who applies, at the same time.
const HANDS: usize = 8;
/// As long as something more is done every so often, it is waited for.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks at a hundred tenants: what is looked at grows with them, and is not to slow down the operator.
const PAUSE: Duration = Duration::from_secs(1);
/// What has written nothing for so long has come to rest.
const REST: Duration = Duration::from_secs(5);
/// How much more a big world may take for each resource than a small one.
const GROWTH: f64 = 1.5;

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
    let resync = (tenants as u64 / 5).max(5);
    let world = World::with(effort.api, Issuer::Embedded, resync).await?;
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
    let operator = world.operator();
    let figures = figures(&world, operator, tenants, resync).await;
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
    row.end(&world, operator, Expectation::Quiet).await;
    Ok(figures)
}

async fn figures(
    world: &World,
    mut operator: Operator,
    tenants: usize,
    resync: u64,
) -> Result<(Figures, Operator), Violation> {
    let resources = tenants * (1 + PLUGINS);
    let begun = Instant::now();
    grows("Ready", resources, async || ready(world).await).await?;
    let first = begun.elapsed();

    operator.kill();
    world.script.set(Plan::Record);
    let begun = Instant::now();
    operator = world.operator();
    grows("looked at after a start", resources, async || looked_at(&world.script.calls())).await?;
    let (mut writes, mut last) = (0, Instant::now());
    while last.elapsed() < REST {
        let calls = world.script.calls();
        let mut wrote = calls.iter().filter(|call| call.writes);
        let (now, latest) = (wrote.clone().count(), wrote.next_back());
        if now > writes {
            (writes, last) = (now, Instant::now());
        }
        if begun.elapsed() > PATIENCE + Duration::from_secs(resync) {
            return fails(format!("it does not come to rest after a start: {latest:?}"));
        }
        tokio::time::sleep(PAUSE).await;
    }
    let again = last.duration_since(begun);
    grows("Ready after a start", resources, async || ready(world).await).await?;

    // Not what is still on its way.
    tokio::time::sleep(Duration::from_secs(resync)).await;
    world.script.set(Plan::Record);
    grows("looked at again", resources, async || looked_at(&world.script.calls())).await?;
    let calls = world.script.calls();
    world.script.set(Plan::Clean);
    if let Some(write) = calls.iter().find(|call| call.writes) {
        return fails(format!("nothing was to do, and yet: {write:?}"));
    }
    let resident = operator.resident();
    let (resources, calls) = (resources.try_into().unwrap(), calls.len().try_into().unwrap());
    Ok((Figures { resources, first, again, calls, resident }, operator))
}

/// How many are Ready.
async fn ready(world: &World) -> usize {
    let mine = ListParams::default().labels(&format!("{LABEL}={}", world.name));
    let tenants = world.tenants().list(&mine).await.unwrap();
    let installs = world.installs().list(&mine).await.unwrap();
    let tenants = tenants
        .iter()
        .filter(|tenant| tenant.status.as_ref().is_some_and(|status| status.phase == Some(tenant::Phase::Ready)));
    let installs = installs.iter().filter(|install| {
        install.status.as_ref().is_some_and(|status| status.phase == Some(plugin_install::Phase::Ready))
    });
    tenants.count() + installs.count()
}

/// How many tenants and installs the operator has asked the API server for.
fn looked_at(calls: &[Call]) -> usize {
    let asks = |call: &&Call| call.system == System::Kubernetes && call.what.starts_with("GET ");
    let one = |call: &Call| {
        let (_, path) = call.what.split_once("/v1alpha1/")?;
        let words: Vec<&str> = path.split('/').collect();
        matches!(words.as_slice(), ["tenants", _] | ["namespaces", _, "plugininstalls", _]).then(|| path.to_owned())
    };
    calls.iter().filter(asks).filter_map(one).collect::<BTreeSet<_>>().len()
}

/// The pause between two looks at so many resources.
fn pause(resources: usize) -> Duration {
    let hundreds = resources / (WHOLE[0] * (1 + PLUGINS));
    PAUSE * u32::try_from(hundreds.max(1)).unwrap()
}

/// Waits until there are so many, for as long as there are more and more.
async fn grows(what: &str, wanted: usize, mut count: impl AsyncFnMut() -> usize) -> Result<(), Violation> {
    let (mut most, mut since) = (0, Instant::now());
    loop {
        let now = count().await;
        if now >= wanted {
            return Ok(());
        }
        if now > most {
            (most, since) = (now, Instant::now());
        } else if since.elapsed() > PATIENCE {
            return fails(format!("{now} of {wanted} are {what}, and for {PATIENCE:?} no more"));
        }
        tokio::time::sleep(pause(wanted)).await;
    }
}

/// All tenants and installs go with their data.
async fn remove(world: &World) -> Result<(), Violation> {
    let mine = ListParams::default().labels(&format!("{LABEL}={}", world.name));
    let installs = world.installs().list(&mine).await.unwrap();
    let tenants = world.tenants().list(&mine).await.unwrap();
    let all = tenants.items.len() + installs.items.len();
    let without = |spec: serde_json::Value| json!({ "spec": spec });
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
    grows("gone", all, async || {
        let tenants = world.tenants().list(&mine).await.unwrap().items.len();
        all - tenants - world.installs().list(&mine).await.unwrap().items.len()
    })
    .await
}

async fn patch<K>(api: &Api<K>, object: &K, change: serde_json::Value)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let name = object.meta().name.as_deref().unwrap();
    api.patch(name, &PatchParams::default(), &Patch::Merge(change)).await.unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_once() {
        let call = |what: &str| Call { system: System::Kubernetes, what: what.into(), writes: false };
        let calls = [
            call("GET /apis/plexica.io/v1alpha1/tenants/acme"),
            call("GET /apis/plexica.io/v1alpha1/tenants/acme"),
            call("GET /apis/plexica.io/v1alpha1/tenants"),
            call("GET /apis/plexica.io/v1alpha1/namespaces/x/plugininstalls/it"),
            call("PATCH /apis/plexica.io/v1alpha1/tenants/beta/status"),
            call("GET /api/v1/namespaces/tenant-acme/secrets/plexica-storage"),
        ];
        assert_eq!(looked_at(&calls), 2);
    }
}
