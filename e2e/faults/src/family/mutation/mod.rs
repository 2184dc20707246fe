//! Every field of every kind is set to each edge of its range, to absent and back, faster than anybody can
//! follow; in the end it rests where it is told to, and then all is as if the last word had been said alone,
//! and no data is gone.

mod deal;
mod field;
mod rest;
mod settle;
mod special;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use field::Field;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, CustomResourceExt, ResourceExt,
    api::{Patch, PatchParams},
};
use plexica_crds::{
    Plugin, PluginInstall, Reason, Tenant,
    label::{CONFIRM_DELETION, DRY_RUN, PAUSED},
};
use plexica_testkit::Missing;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rest::Rest;
use serde_json::{Value, json};

use super::{Effort, Row, Share, lanes::each};
use crate::{
    check,
    story::{FIRST, Order, SECOND, Step, claim::claim},
    world::{Case, Violation, World, fails},
};

const WHOLE: (usize, usize) = (10, 200);
const SHORT: (usize, usize) = (1, 60);
/// A Secret that tenants' specs refer to.
const CREDENTIALS: &str = "identity-credentials";

/// A plan that is not configured.
const NO_PLAN: &str = "there-is-no-such-plan";

/// What the API server says that has no time, or is written to by others at the same moment.
const BUSY: [u16; 4] = [409, 429, 500, 503];
/// For so long it is asked again.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(200);
/// So many letters of a value are told.
const TOLD: usize = 60;
/// What no spec can have: sessions' edges go with other edges alone, which are tried as a whole, and what serves a plugin
/// has to be said.
const REFUSED_ALONE: [&str; 4] = [
    "Plugin spec.runtime {}",
    "Tenant spec.identity.sessions.accessTokenSeconds 86400",
    "Tenant spec.identity.sessions.idleSeconds 60",
    "Tenant spec.identity.sessions.maxSeconds 60",
];

/// What is asked for: whole objects, but for names.
#[derive(Clone, Debug)]
pub struct Asked {
    tenant: Value,
    /// Of the newer version.
    plugin: Value,
    install: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Tenant,
    Plugin,
    Install,
}

/// One change.
#[derive(Clone, Debug)]
enum Move {
    /// A field has another value.
    Set(Kind, Field, Value),
    /// It is deleted, its data stays, and it comes back.
    Leave(Kind),
}

pub async fn run(effort: Effort, row: &mut Row) -> Result<(), Missing> {
    let mut random = effort.random();
    let (sequences, length) = if effort.quick { SHORT } else { WHOLE };
    let deck = deck();
    eprintln!("mutation: {} changes, of which {} are made", deck.len(), sequences * length);
    let hands = deal::deal(&deck, sequences, length, &mut random);
    let hands = hands.into_iter().map(|hand| (hand, random.random())).collect();
    let tried = Mutex::new(BTreeMap::new());
    each(effort, effort.share.of(hands), row, async |world, _, (hand, seed), row| {
        let mut random = StdRng::seed_from_u64(seed);
        let (found, claimed) = futures::join!(one(world, hand, &mut random, &tried, row), claim(world));
        for found in [found, claimed] {
            row.note(format!("a sequence of seed {}", effort.seed), found);
        }
    })
    .await?;
    let tried = tried.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !effort.quick && effort.share == Share::default() {
        row.note("the whole", accepted(&deck, &tried));
    }
    Ok(())
}

/// Whether each change was tried, and accepted once at least.
fn accepted(deck: &[Move], tried: &BTreeMap<String, bool>) -> Result<(), Violation> {
    let changes = deck.iter().filter_map(|change| match change {
        Move::Set(kind, field, value) => Some(told(*kind, field, value)),
        Move::Leave(_) => None,
    });
    let never: BTreeSet<_> = changes
        .filter(|change| !REFUSED_ALONE.contains(&change.as_str()) && tried.get(change) != Some(&true))
        .collect();
    if never.is_empty() { Ok(()) } else { fails(format!("never accepted, or never tried: {never:?}")) }
}

/// How a change is told.
fn told(kind: Kind, field: &Field, value: &Value) -> String {
    let text: String = value.to_string().chars().take(TOLD).collect();
    format!("{kind:?} {} {text}", field.path.join("."))
}

/// Each change that was tried, and whether the API server has accepted it once.
type Tried = Mutex<BTreeMap<String, bool>>;

/// Every value of every field, and departures.
fn deck() -> Vec<Move> {
    let annotations = |names: &'static [&'static str]| names.iter().map(|name| Field::annotation(name));
    let held = &[PAUSED, DRY_RUN];
    let tenant = field::fields(&schema::<Tenant>(), "Tenant").into_iter().chain(annotations(held));
    let plugin = field::fields(&schema::<Plugin>(), "Plugin").into_iter().chain(annotations(&[PAUSED]));
    let install = field::fields(&schema::<PluginInstall>(), "PluginInstall").into_iter().chain(annotations(held));
    let of = |kind| {
        move |field: Field| {
            let values = field.values.clone().into_iter();
            values.map(move |value| Move::Set(kind, field.clone(), value)).collect::<Vec<_>>()
        }
    };
    let set = tenant.flat_map(of(Kind::Tenant)).chain(plugin.flat_map(of(Kind::Plugin)));
    let departures = [Kind::Tenant, Kind::Install].into_iter().cycle().take(8).map(Move::Leave);
    set.chain(install.flat_map(of(Kind::Install))).chain(departures).collect()
}

/// What the API server knows of a kind's `spec`.
fn schema<K: CustomResourceExt>() -> Value {
    let crd = serde_json::to_value(K::crd()).unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
}

impl Asked {
    fn of(&mut self, kind: Kind) -> &mut Value {
        match kind {
            Kind::Tenant => &mut self.tenant,
            Kind::Plugin => &mut self.plugin,
            Kind::Install => &mut self.install,
        }
    }

    /// Whether something that is deleted now goes by itself, and keeps its data.
    fn may_leave(&self) -> bool {
        let all = [&self.tenant, &self.plugin, &self.install];
        let set = |name: &str, value: &str| all.iter().any(|one| one["metadata"]["annotations"][name] == value);
        let loses = all.iter().any(|one| one["spec"]["deletionPolicy"] == "Delete");
        !loses && !set(PAUSED, "true") && !set(DRY_RUN, "true")
    }

    /// Says it of one kind, again while the API server has no time or another writes at the same moment.
    async fn say(&self, world: &World, case: &Case, kind: Kind) -> Result<(), kube::Error> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.say_once(world, case, kind).await {
                Err(kube::Error::Api(status)) if BUSY.contains(&status.code) && Instant::now() < until => {
                    tokio::time::sleep(PAUSE).await;
                }
                answer => return answer,
            }
        }
    }

    async fn say_once(&self, world: &World, case: &Case, kind: Kind) -> Result<(), kube::Error> {
        match kind {
            Kind::Tenant => world.ask_tenant(case, self.tenant.clone()).await,
            Kind::Plugin => world.ask_plugin(case, SECOND, self.plugin.clone()).await,
            Kind::Install => world.ask_install(case, self.install.clone()).await,
        }
    }

    /// Says all of it.
    async fn say_all(&self, world: &World, case: &Case) -> Result<(), Violation> {
        for kind in [Kind::Plugin, Kind::Tenant, Kind::Install] {
            self.say(world, case, kind).await.or_else(|error| fails(format!("{kind:?} is refused: {error}")))?;
        }
        Ok(())
    }
}

async fn one(
    world: &World,
    hand: Vec<Move>,
    random: &mut StdRng,
    tried: &Tried,
    row: &mut Row,
) -> Result<(), Violation> {
    let case = world.case();
    Step::Create.ask(world, &case, Order::Forwards).await;
    Step::Create.done(world, &case).await?;
    credentials(world, &case).await?;
    let install = json!({ "spec": { "plugin": { "version": FIRST } } });
    let mut plugin = json!({ "spec": World::plugin_spec(SECOND) });
    // So that most ends have some.
    plugin["spec"]["events"] = json!({ "subscribes": ["files.file.created"] });
    let mut asked = Asked { tenant: json!({ "spec": {} }), plugin, install };
    asked.say_all(world, &case).await?;
    for change in hand {
        row.tried += 1;
        match change {
            Move::Set(kind, field, value) => {
                let before = asked.clone();
                field.set(asked.of(kind), &value);
                let accepted = match asked.say(world, &case, kind).await {
                    Ok(()) => true,
                    // What cannot be with the rest of it, which stays as it was.
                    Err(kube::Error::Api(status)) if status.code == 422 => {
                        asked = before;
                        false
                    }
                    Err(error) => return fails(format!("{kind:?} {field:?} {value}: {error}")),
                };
                let change = told(kind, &field, &value);
                *tried.lock().unwrap_or_else(PoisonError::into_inner).entry(change).or_default() |= accepted;
            }
            Move::Leave(kind) if asked.may_leave() => leave(world, &case, kind, &asked).await?,
            Move::Leave(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
    }
    settle::settle(&mut asked);
    let rest = Rest::ALL[random.random_range(0..Rest::ALL.len())];
    ends_alike(world, &case, &asked, rest).await.or_else(|Violation(text)| {
        fails(format!("{text}; after {rest:?}, the last word: {} {} {}", asked.tenant, asked.plugin, asked.install))
    })
}

/// Says the last word to what was changed, after one at which it is to rest, and to what is new.
async fn ends_alike(world: &World, case: &Case, asked: &Asked, rest: Rest) -> Result<(), Violation> {
    rests_alike(world, case, asked, rest).await?;
    asked.say_all(world, case).await?;
    Step::Upgrade.done(world, case).await?;
    let alone = world.case();
    world.apply_plugin(&alone, FIRST).await;
    asked.say_all(world, &alone).await?;
    credentials(world, &alone).await?;
    same(world, case, &alone, rest::but_rotations).await?;
    mistaken(world, case).await?;
    asked.say_all(world, case).await?;
    Step::Upgrade.done(world, case).await?;
    for case in [case, &alone] {
        Step::Remove.ask(world, case, Order::Forwards).await;
        Step::Remove.done(world, case).await?;
    }
    Ok(())
}

/// Brings what was changed to rest, wherever it is, and one that has had nothing but the last word.
async fn rests_alike(world: &World, case: &Case, asked: &Asked, rest: Rest) -> Result<(), Violation> {
    rest::rests(world, case, asked, rest).await?;
    let alone = world.case();
    Step::Create.ask(world, &alone, Order::Forwards).await;
    Step::Create.done(world, &alone).await?;
    credentials(world, &alone).await?;
    asked.say_all(world, &alone).await?;
    Step::Upgrade.done(world, &alone).await?;
    rest::rests(world, &alone, asked, rest).await?;
    same(world, case, &alone, rest::but_history).await?;
    Step::Remove.ask(world, &alone, Order::Forwards).await;
    Step::Remove.done(world, &alone).await
}

/// A removal with all data that nobody confirms takes nothing, and becomes one that keeps it when told to.
async fn mistaken(world: &World, case: &Case) -> Result<(), Violation> {
    let params = PatchParams::default();
    // The API server may have no time, or another write at the same moment.
    let policy = async |policy: &str| {
        let unsaid = json!({ "annotations": { CONFIRM_DELETION: null } });
        let patch = Patch::Merge(json!({ "metadata": unsaid, "spec": { "deletionPolicy": policy } }));
        world
            .converges(&format!("the deletionPolicy of {} is {policy}", case.slug), async || {
                let patched = world.tenants().patch(case.slug.as_str(), &params, &patch).await;
                patched.map(drop).map_err(|error| error.to_string())
            })
            .await
    };
    let of_install = Patch::Merge(json!({ "spec": { "deletionPolicy": "Retain" } }));
    world
        .converges(&format!("the install of {} keeps its data", case.slug), async || {
            let patched = world.installs().patch(&World::install_name(case), &params, &of_install).await;
            patched.map(drop).map_err(|error| error.to_string())
        })
        .await?;
    policy("Delete").await?;
    world.delete_tenant(case).await;
    world
        .converges(&format!("{} asks whether it is meant", case.slug), async || {
            let conditions = world.tenant(case).await?.status.unwrap_or_default().conditions;
            let asks = conditions.iter().any(|one| one.reason == Reason::DeletionNotConfirmed.as_str());
            if asks { Ok(()) } else { Err(format!("{conditions:?}")) }
        })
        .await?;
    let install = world.install(case).await.or_else(fails)?;
    if install.metadata.deletion_timestamp.is_some() {
        return fails("the install goes, although nobody has confirmed that");
    }
    policy("Retain").await?;
    Step::Leave.done(world, case).await
}

/// Deletes it, waits until it is gone, and says the same again.
async fn leave(world: &World, case: &Case, kind: Kind, asked: &Asked) -> Result<(), Violation> {
    if kind == Kind::Tenant {
        world.delete_tenant(case).await;
    } else {
        world.delete_install(case).await;
    }
    world
        .converges(&format!("{kind:?} of {} has left", case.slug), async || {
            let tenant = world.tenants().get_opt(case.slug.as_str()).await.map_err(|error| error.to_string())?;
            let install =
                world.installs().get_opt(&World::install_name(case)).await.map_err(|error| error.to_string())?;
            let tenant = tenant.filter(|tenant| kind == Kind::Tenant || tenant.metadata.deletion_timestamp.is_some());
            match (tenant, install) {
                (None, None) => Ok(()),
                (tenant, install) => Err(format!(
                    "tenant: {:?}; install: {:?}",
                    tenant.map(|tenant| (tenant.name_any(), tenant.status)),
                    install.map(|install| (install.name_any(), install.status))
                )),
            }
        })
        .await?;
    asked.say_all(world, case).await
}

/// What specs refer to, as soon as there is a place for it.
async fn credentials(world: &World, case: &Case) -> Result<(), Violation> {
    let namespace = world.prefixes().namespace(&case.slug);
    let object = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": CREDENTIALS },
        "stringData": { "secret": "of-somebody-else" } });
    world
        .converges(&format!("there is a place for Secrets of {}", case.slug), async || {
            let secrets: Api<Secret> = Api::namespaced(world.client.clone(), &namespace);
            let applied = secrets.patch(CREDENTIALS, &PatchParams::apply("faults"), &Patch::Apply(&object)).await;
            applied.map(drop).map_err(|error| error.to_string())
        })
        .await
}

/// Waits until both are alike in what is looked at.
async fn same(world: &World, changed: &Case, alone: &Case, of: impl Fn(Value) -> Value) -> Result<(), Violation> {
    world
        .converges("both are alike", async || {
            let (changed, alone) = (check::snapshot(world, changed).await, check::snapshot(world, alone).await);
            let differ = check::differences(&of(changed), &of(alone));
            if differ.is_empty() { Ok(()) } else { Err(format!("after changes, and alone: {}", differ.join("; "))) }
        })
        .await
}
