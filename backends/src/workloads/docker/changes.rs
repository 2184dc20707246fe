//! What an engine tells of, and how plugins are.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use bollard::{
    Docker,
    models::{ContainerSummary, EventMessage, EventMessageTypeEnum},
    query_parameters::{EventsOptionsBuilder, RestartContainerOptionsBuilder},
};
use futures::{
    StreamExt, pin_mut,
    stream::{self, BoxStream},
};
use jiff::Timestamp;
use plexica_crds::label;
use tokio::{sync::mpsc, time};
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, warn};

use super::{
    Engine, Reach,
    desired::{GRACE, NAMESPACE, alias, endpoint},
    failure::said,
    found,
    network::{self, MEMBER},
    pulse::{PERIOD, Verdict},
};
use crate::workloads::{Changed, health::Unwell};

/// How long after an engine was lost it is asked again.
const PAUSE: Duration = Duration::from_millis(500);
/// What happened that long before is told again: it may have been when nobody listened.
const OVERLAP: i64 = 2;
/// Plugins that are asked at the same time.
const AT_ONCE: usize = 16;
/// What containers and networks do that is heeded.
const EVENTS: [&str; 10] =
    ["start", "die", "oom", "pause", "unpause", "destroy", "rename", "update", "connect", "disconnect"];

/// Tells of each workload of the installation that came, went, was changed, or became or ceased to be well.
/// One that is unwell for too long is started again.
pub(super) fn of(engine: Engine) -> BoxStream<'static, Changed> {
    let (tell, told) = mpsc::channel(64);
    let task = AbortOnDropHandle::new(tokio::spawn(async move { watch(&engine, &tell).await }));
    stream::unfold((told, task), async |(mut told, task)| Some((told.recv().await?, (told, task)))).boxed()
}

async fn watch(engine: &Engine, tell: &mpsc::Sender<Changed>) {
    let mut pulled = engine.changed.subscribe();
    let mut probes = time::interval(PERIOD);
    probes.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        let events = engine.docker.events(Some(options()));
        pin_mut!(events);
        // What happened while nobody listened is in no event.
        join_all(engine).await;
        tell_all(engine, tell, |_| true).await;
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => take(engine, tell, &event).await,
                    Some(Err(error)) => break debug!("the Docker engine tells nothing: {}", said(&error)),
                    None => break debug!("the Docker engine tells nothing any more"),
                },
                Ok(changed) = pulled.recv() => drop(tell.send(changed).await),
                _ = probes.tick() => probe(engine, tell).await,
            }
        }
        time::sleep(PAUSE).await;
    }
}

fn options() -> bollard::query_parameters::EventsOptions {
    let kinds = ["container", "network"].map(str::to_owned).to_vec();
    let filters = HashMap::from([("type", kinds), ("event", EVENTS.map(str::to_owned).to_vec())]);
    let since = (Timestamp::now().as_second() - OVERLAP).to_string();
    EventsOptionsBuilder::default().since(&since).filters(&filters).build()
}

async fn take(engine: &Engine, tell: &mpsc::Sender<Changed>, event: &EventMessage) {
    let Some(attributes) = event.actor.as_ref().and_then(|actor| actor.attributes.as_ref()) else {
        return;
    };
    let installation = &engine.settings.installation.name;
    let network = (event.typ == Some(EventMessageTypeEnum::NETWORK)).then(|| attributes.get("name")).flatten();
    // An event of a network does not say whose the container is.
    if let Some(namespace) = network.and_then(|name| name.strip_prefix(installation.as_str())?.strip_prefix('.')) {
        return tell_all(engine, tell, |labels| labels.get(NAMESPACE).is_some_and(|of| of == namespace)).await;
    }
    // A gateway that was made anew, say, is in no network of plugins yet.
    if attributes.get(MEMBER) == Some(installation) && !attributes.contains_key(label::PLUGIN) {
        join_all(engine).await;
        return tell_all(engine, tell, |_| true).await;
    }
    if attributes.get(label::INSTALLATION) == Some(installation)
        && let Some(changed) = changed(attributes)
    {
        let _ = tell.send(changed).await;
    }
}

/// Does so apart from all installs: none of them may be looked at in time.
async fn join_all(engine: &Engine) {
    if engine.settings.reach != Reach::Network {
        return;
    }
    let joined = async { network::join_all(&engine.docker, &engine.ready().await?.installation).await };
    if let Err(error) = joined.await {
        debug!("the platform was not put into the networks of plugins: {error}");
    }
}

async fn tell_all(engine: &Engine, tell: &mpsc::Sender<Changed>, concerns: impl Fn(&HashMap<String, String>) -> bool) {
    let Ok(all) = engine.all().await else {
        return;
    };
    let labels = all.iter().filter_map(|container| container.labels.as_ref()).filter(|labels| concerns(labels));
    let each: BTreeSet<_> = labels.filter_map(changed).map(|Changed { plugin, tenant }| (plugin, tenant)).collect();
    for (plugin, tenant) in each {
        let _ = tell.send(Changed { plugin, tenant }).await;
    }
}

fn changed(labels: &HashMap<String, String>) -> Option<Changed> {
    let tenant = found::said(labels, label::TENANT).map(str::parse).transpose().ok()?;
    Some(Changed { plugin: labels.get(label::PLUGIN)?.parse().ok()?, tenant })
}

async fn probe(engine: &Engine, tell: &mpsc::Sender<Changed>) {
    let Ok(all) = engine.all().await else {
        return;
    };
    let asked: Vec<_> = all.iter().filter_map(|container| asked(engine, container)).collect();
    engine.pulses.keep(&asked.iter().map(|(id, ..)| id.as_str()).collect::<Vec<_>>());
    let answers = stream::iter(asked.into_iter().map(|(id, url, changed)| async move {
        let found = match url {
            Some(url) => engine.health.check(&url).await,
            None => Err(Unwell::Silent("it has no address".into())),
        };
        (id, found, changed)
    }));
    let answers: Vec<_> = answers.buffer_unordered(AT_ONCE).collect().await;
    for (id, found, changed) in answers {
        match engine.pulses.take(&id, &found) {
            Verdict::Same => continue,
            Verdict::Changed => {}
            Verdict::Restart => restart(engine.docker.clone(), id),
        }
        let _ = tell.send(changed).await;
    }
}

/// One that runs, where it answers, and whom it concerns.
fn asked(engine: &Engine, container: &ContainerSummary) -> Option<(String, Option<url::Url>, Changed)> {
    if container.state.is_none_or(|state| state.to_string() != "running") {
        return None;
    }
    let labels = container.labels.as_ref()?;
    let bound = |private: u16| {
        container.ports.iter().flatten().find(|port| port.private_port == private).and_then(|port| port.public_port)
    };
    let url = alias(labels).and_then(|(alias, port)| endpoint(&alias, port, engine.settings.reach, bound));
    Some((container.id.clone()?, url, changed(labels)?))
}

fn restart(docker: Docker, id: String) {
    tokio::spawn(async move {
        warn!(container = id, "a plugin was not well for a minute and is started again");
        let options = RestartContainerOptionsBuilder::default().t(GRACE).build();
        if let Err(error) = docker.restart_container(&id, Some(options)).await {
            warn!(container = id, "it could not be started again: {}", said(&error));
        }
    });
}
