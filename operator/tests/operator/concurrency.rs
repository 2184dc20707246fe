//! How many tenants an operator works on at the same time.

use std::{collections::BTreeSet, sync::Arc};

use kube::{Api, ResourceExt, client::Body};
use plexica_crds::PluginInstall;
use plexica_testkit::wait_until;
use serde_json::json;
use tokio::sync::watch;

use crate::{
    before::First,
    world::{PATIENCE, World, apply, is},
};

const TENANTS: usize = 6;

#[derive(Debug, Default)]
struct State {
    shut: bool,
    /// Whom somebody wants to ask for while it is shut.
    held: BTreeSet<String>,
}

/// Where some requests to Kubernetes wait for as long as it is shut: no deadline of the operator's is about that. It is
/// open at first.
#[derive(Clone, Debug)]
pub struct Turnstile {
    state: Arc<watch::Sender<State>>,
    /// Whom a request is about, if it is to wait.
    about: fn(&http::Request<Body>) -> Option<String>,
}

impl Default for Turnstile {
    /// Where looks at tenants begin, each by reading the tenant.
    fn default() -> Self {
        Self::of(|request| {
            let tenant = request.uri().path().strip_prefix("/apis/plexica.io/v1alpha1/tenants/");
            tenant.filter(|_| request.method() == http::Method::GET).map(str::to_owned)
        })
    }
}

impl Turnstile {
    /// One for other requests.
    pub fn of(about: fn(&http::Request<Body>) -> Option<String>) -> Self {
        Self { state: Arc::default(), about }
    }

    /// Lets nobody through.
    pub fn shut(&self) {
        self.state.send_modify(|state| state.shut = true);
    }

    /// Lets all of them go on.
    pub fn open(&self) {
        self.state.send_replace(State::default());
    }

    /// Whom those are about that wait.
    pub fn held(&self) -> BTreeSet<String> {
        self.state.borrow().held.clone()
    }

    /// Holds the request for as long as it is shut, if it is one of these.
    pub fn pass(&self, request: &http::Request<Body>) -> First {
        let Some(about) = (self.about)(request) else {
            return Box::pin(std::future::ready(()));
        };
        let state = self.state.clone();
        Box::pin(async move {
            state.send_if_modified(|state| state.shut && state.held.insert(about));
            // An error means that the world is gone, and the test with it.
            let _ = state.subscribe().wait_for(|state| !state.shut).await;
        })
    }
}

#[tokio::test]
async fn no_more_tenants_are_worked_on_at_once_than_the_configuration_says() {
    let Some(world) = World::new().await else { return };
    let turnstile = Turnstile::default();
    let operator = world.operator_behind(&turnstile, |config| config.work.concurrency = 2);
    let id = world.database.unique("crm");
    world.plugin(&id, "1.0.0").await;
    turnstile.shut();
    let slugs: Vec<String> = (0..TENANTS).map(|_| world.database.unique("acme")).collect();
    for slug in &slugs {
        world.tenant(slug, json!({})).await;
    }
    wait_until("two have begun", PATIENCE, async || turnstile.held().len() >= 2).await;

    // Installs are another kind. What they say of each tenant tells that the operator knows of all by now: it has had
    // an occasion to begin with any.
    let installs: Api<PluginInstall> = Api::namespaced(world.client.clone(), &world.platform());
    for slug in &slugs {
        let object = json!({ "kind": "PluginInstall", "metadata": { "name": slug }, "spec": {
            "tenantRef": { "name": slug }, "plugin": { "id": id },
        }});
        apply(&installs, slug, &world.meta(object)).await;
    }
    for slug in &slugs {
        wait_until(&format!("the install of {slug} waits for it"), PATIENCE, async || {
            let status = installs.get(slug).await.unwrap().status.unwrap_or_default();
            is(&status.conditions, "Ready", "False", "TenantNotReady")
        })
        .await;
    }
    let held = turnstile.held();
    assert_eq!(held.len(), 2, "{held:?}");
    for slug in &slugs {
        let tenant = world.tenants().get(slug).await.unwrap();
        assert!(tenant.status.is_none() && tenant.finalizers().is_empty(), "{tenant:?}");
    }

    turnstile.open();
    for slug in &slugs {
        world.ready(slug).await;
    }
    for slug in &slugs {
        wait_until(&format!("{slug} is served"), PATIENCE, async || {
            let status = installs.get(slug).await.unwrap().status.unwrap_or_default();
            is(&status.conditions, "Ready", "True", "Provisioned")
        })
        .await;
    }
    operator.stop().await;
}
