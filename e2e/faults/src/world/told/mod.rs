//! What statuses have told of operations, word for word: a watch past the proxies misses none.

mod rule;

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::StreamExt;
use kube::{
    Api, Client, Resource, ResourceExt,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use plexica_crds::{OperationStatus, Plugin, PluginInstall, Tenant};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use super::{Violation, fails};

/// All of it, of the tenants, installs and catalogue entries of a world.
#[derive(Debug)]
pub struct Told {
    book: Arc<Mutex<Book>>,
    // Dropped, they end.
    _watches: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Book {
    /// By the resource's uid.
    last: HashMap<String, OperationStatus>,
    ids: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Told {
    /// Begins to listen.
    pub fn listen(client: &Client, selector: &str) -> Self {
        let (book, mut watches) = (Arc::<Mutex<Book>>::default(), JoinSet::new());
        let of_tenant = |tenant: Tenant| tenant.status?.operation;
        let of_install = |install: PluginInstall| install.status?.operation;
        let all = watcher::Config::default().labels(selector);
        watches.spawn(follow(Api::all(client.clone()), all.clone(), book.clone(), of_tenant));
        let of_plugin = |plugin: Plugin| plugin.status?.operation;
        watches.spawn(follow(Api::all(client.clone()), all.clone(), book.clone(), of_install));
        watches.spawn(follow(Api::all(client.clone()), all, book.clone(), of_plugin));
        Self { book, _watches: watches }
    }

    /// Whether whoever went on with a resource, after another had died or beside it, went on with its operation.
    ///
    /// # Errors
    /// What was told otherwise.
    pub fn goes_on(&self) -> Result<(), Violation> {
        let wrong = std::mem::take(&mut lock(&self.book).wrong);
        if wrong.is_empty() { Ok(()) } else { fails(format!("operations: {}", wrong.join("; "))) }
    }

    /// Whether an operation of that id was ever told of.
    pub fn knows(&self, id: &str) -> bool {
        lock(&self.book).ids.contains(id)
    }
}

impl Book {
    fn hear(&mut self, uid: String, operation: &OperationStatus) {
        let new = self.ids.insert(operation.id.clone());
        if let Some(before) = self.last.insert(uid, operation.clone()) {
            self.wrong.extend(rule::wrong(&before, operation, new));
        }
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hears all that is said from now on. After a gap nothing is held against what was before it.
async fn follow<K>(api: Api<K>, all: watcher::Config, book: Arc<Mutex<Book>>, of: fn(K) -> Option<OperationStatus>)
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let mut events = std::pin::pin!(watcher(api, all).default_backoff());
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => lock(&book).last.clear(),
            Ok(Event::InitApply(object) | Event::Apply(object) | Event::Delete(object)) => {
                let uid = object.uid().unwrap_or_default();
                if let Some(operation) = of(object) {
                    lock(&book).hear(uid, &operation);
                }
            }
            // It is asked again.
            Ok(Event::InitDone) | Err(_) => {}
        }
    }
}
