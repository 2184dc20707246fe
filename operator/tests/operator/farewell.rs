//! What a tenant that goes leaves behind, and what it says of that.

use futures::StreamExt;
use k8s_openapi::api::core::v1::{Event, Namespace, Secret};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams},
    runtime::watcher,
};
use plexica_crds::{
    Tenant,
    label::{ABANDON, OWNER_UID, RETAINED_AT},
};
use plexica_testkit::{wait_for, wait_until};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{
    foreign::root,
    world::{PATIENCE, World, is},
};

/// Everything that was ever said of a tenant, from now on.
pub struct Watched(tokio::task::JoinHandle<Vec<Tenant>>);

impl Watched {
    /// Until it is gone.
    pub async fn of(world: &World, slug: &str) -> Self {
        let config = watcher::Config::default().fields(&format!("metadata.name={slug}"));
        let mut events = watcher(world.tenants(), config).boxed();
        while !matches!(events.next().await, Some(Ok(watcher::Event::InitDone))) {}
        Self(tokio::spawn(async move {
            let mut seen = Vec::new();
            while let Some(event) = events.next().await {
                match event.unwrap() {
                    watcher::Event::Apply(tenant) | watcher::Event::InitApply(tenant) => seen.push(tenant),
                    watcher::Event::Delete(tenant) => {
                        seen.push(tenant);
                        break;
                    }
                    watcher::Event::Init | watcher::Event::InitDone => {}
                }
            }
            seen
        }))
    }

    /// Each state of it, until it was gone.
    pub async fn all(self) -> Vec<Tenant> {
        tokio::time::timeout(PATIENCE, self.0).await.expect("it goes").unwrap()
    }

    /// The last conditions that were said of it: reasons by type.
    async fn last(self) -> Vec<(String, String)> {
        let seen = self.all().await;
        let conditions = seen.last().unwrap().status.clone().unwrap().conditions;
        conditions.into_iter().map(|condition| (condition.type_, condition.reason)).collect()
    }
}

/// What is told of an object by an Event with a reason; Events of tenants are in `default`.
pub async fn event(world: &World, namespace: &str, name: &str, reason: &str) -> Event {
    let events: Api<Event> = Api::namespaced(world.client.clone(), namespace);
    wait_for(&format!("an event {reason} of {name}"), PATIENCE, async || {
        let all = events.list(&ListParams::default()).await.unwrap();
        all.into_iter().find(|event| {
            event.involved_object.name.as_deref() == Some(name) && event.reason.as_deref() == Some(reason)
        })
    })
    .await
}

/// The same, heard from now on: what is told in a namespace goes with it.
async fn heard(world: &World, namespace: &str, name: &'static str, reason: &'static str) -> JoinHandle<Event> {
    let events: Api<Event> = Api::namespaced(world.client.clone(), namespace);
    let mut changes = watcher(events, watcher::Config::default()).boxed();
    while !matches!(changes.next().await, Some(Ok(watcher::Event::InitDone))) {}
    tokio::spawn(async move {
        loop {
            if let watcher::Event::Apply(event) = changes.next().await.expect("a watch without end").unwrap()
                && event.involved_object.name.as_deref() == Some(name)
                && event.reason.as_deref() == Some(reason)
            {
                return event;
            }
        }
    })
}

/// As `kubectl annotate` does.
async fn annotate(world: &World, slug: &str, annotation: &str, value: &str) {
    let patch = json!({ "metadata": { "annotations": { annotation: value } } });
    let params = PatchParams { field_manager: Some("kubectl-annotate".into()), ..PatchParams::default() };
    world.tenants().patch(slug, &params, &Patch::Merge(patch)).await.unwrap();
}

#[tokio::test]
async fn every_retained_part_has_its_mark_and_time_and_loses_it_when_it_is_taken_back() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let (name, sql, plugin) = (format!("tenant-{slug}"), slug.replace('-', "_"), id.replace('-', "_"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    let first = world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;

    let (administrator, store) = (world.administrator(), root(&world));
    // The mark's time of each part; none where it has none.
    let marks = async || {
        let comment = async |query: String| -> Option<String> {
            let text: Option<String> = world.sql(&query).await;
            let mark: serde_json::Value = serde_json::from_str(text?.strip_prefix("plexica.io/owner ")?).unwrap();
            mark["retainedAt"].as_str().map(str::to_owned)
        };
        let schema = |name: &str| format!("SELECT obj_description('\"{name}\"'::regnamespace, 'pg_namespace')");
        let role = |name: &str| format!("SELECT shobj_description('\"{name}\"'::regrole, 'pg_authid')");
        let annotation = |all: &std::collections::BTreeMap<String, String>| all.get(RETAINED_AT).cloned();
        let realm = administrator.get(&format!("/{name}")).await;
        let tags = store.get_bucket_tagging().bucket(&name).send().await.unwrap().tag_set;
        let secret = async |secret: &str| annotation(world.find::<Secret>(&slug, secret).await.unwrap().annotations());
        [
            ("schema", comment(schema(&format!("tenant_{sql}"))).await),
            ("role", comment(role(&format!("tenant_{sql}"))).await),
            ("plugin's schema", comment(schema(&format!("tenant_{sql}_plugin_{plugin}"))).await),
            ("plugin's role", comment(role(&format!("tenant_{sql}_plugin_{plugin}"))).await),
            ("realm", realm["attributes"][RETAINED_AT].as_str().map(str::to_owned)),
            ("bucket", tags.into_iter().find(|tag| tag.key == RETAINED_AT).map(|tag| tag.value)),
            ("namespace", annotation(world.global::<Namespace>(&name).await.unwrap().annotations())),
            ("Secret of identity", secret("plexica-identity").await),
            ("Secret of storage", secret("plexica-storage").await),
        ]
    };
    assert!(marks().await.iter().all(|(_, at)| at.is_none()));

    let watched = Watched::of(&world, &slug).await;
    world.delete(&world.tenants(), &slug).await;
    for (part, at) in marks().await {
        let at: jiff::Timestamp = at.unwrap_or_else(|| panic!("the {part} has no time")).parse().unwrap();
        assert!(at >= first.creation_timestamp().unwrap().0, "{part}");
    }
    let last = watched.last().await;
    for kind in ["Ready", "DatabaseReady", "IdentityReady", "StorageReady", "NamespaceReady"] {
        assert!(last.contains(&(kind.into(), "Retained".into())), "{last:?}");
    }
    let told = event(&world, "default", &slug, "Retained").await;
    assert_eq!(told.type_.as_deref(), Some("Normal"));
    assert_eq!(
        told.message.unwrap(),
        format!("kept, marked with the time: schema tenant_{sql}, realm {name}, bucket {name}, namespace {name}")
    );

    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    let second = world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;
    wait_until("no part has a time any more", PATIENCE, async || marks().await.iter().all(|(_, at)| at.is_none()))
        .await;
    for secret in ["plexica-identity", "plexica-storage"] {
        let secret: Secret = world.find(&slug, secret).await.unwrap();
        assert_eq!(secret.labels().get(OWNER_UID), second.uid().as_ref());
    }
    world.delete(&world.tenants(), &slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_deletion_tells_what_it_removed_and_remembers_it_while_it_waits() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let slug = world.database.unique("acme");
    let (name, schema) = (format!("tenant-{slug}"), format!("tenant_{}", slug.replace('-', "_")));
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    // One part goes by other hands, which nobody repairs any more, and one's backend is down.
    operator.stop().await;
    world.administrator().remove(&name).await;
    world.s3.shut();
    let watched = Watched::of(&world, &slug).await;
    world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
    let operator = world.operator();
    let tenant = world.until(&slug, "StorageReady", "False", "BackendUnavailable").await;
    let conditions = tenant.status.unwrap().conditions;
    for (part, reason) in [("DatabaseReady", "Removed"), ("IdentityReady", "Gone"), ("NamespaceReady", "Removed")] {
        assert!(is(&conditions, part, "False", reason), "{conditions:?}");
    }
    let looks = operator.count("plexica_operator_reconciles_total").await;
    wait_until("it was looked at again", PATIENCE, async || {
        operator.count("plexica_operator_reconciles_total").await >= looks + 2.0
    })
    .await;
    let conditions = world.tenants().get(&slug).await.unwrap().status.unwrap().conditions;
    assert!(is(&conditions, "DatabaseReady", "False", "Removed"), "it is remembered: {conditions:?}");

    world.s3.open();
    world.gone(&world.tenants(), &slug).await;
    let last = watched.last().await;
    for (kind, reason) in [("Ready", "Removed"), ("StorageReady", "Removed"), ("IdentityReady", "Gone")] {
        assert!(last.contains(&(kind.into(), reason.into())), "{last:?}");
    }
    let told = event(&world, "default", &slug, "Removed").await;
    assert_eq!(
        told.message.unwrap(),
        format!("removed: schema {schema}, bucket {name}, namespace {name}; gone before: realm {name}")
    );
    operator.stop().await;
}

#[tokio::test]
async fn a_part_whose_backend_is_down_for_good_is_given_up_and_left_alone() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let (name, schema) = (format!("tenant-{slug}"), format!("tenant_{}", slug.replace('-', "_")));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    // While it stays, the annotation means nothing.
    annotate(&world, &slug, ABANDON, "everything").await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;
    world.ready(&slug).await;

    let watched = Watched::of(&world, &slug).await;
    let of_install = heard(&world, &name, "it", "Abandoned").await;
    world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
    let tenant = world.until(&slug, "Ready", "False", "UnknownPart").await;
    let message = tenant.status.unwrap().conditions.remove(0).message;
    assert!(message.contains("there is database, identity, storage, namespace."), "{message}");
    assert!(world.has_schema(&schema).await, "nothing is touched");
    assert_eq!(world.realm(&name).await, 200);

    world.postgres.shut();
    annotate(&world, &slug, ABANDON, "identity").await;
    wait_until("what was not given up is waited for", PATIENCE, async || {
        let install = world.installs(&slug).get("it").await.unwrap();
        let conditions = install.status.unwrap().conditions;
        install.metadata.deletion_timestamp.is_some() && is(&conditions, "Ready", "False", "BackendUnavailable")
    })
    .await;
    // The bucket's intents are in the same Postgres.
    annotate(&world, &slug, ABANDON, "database, identity, storage").await;
    world.gone(&world.tenants(), &slug).await;
    assert!(world.installs(&slug).get_opt("it").await.unwrap().is_none());
    assert!(world.has_schema(&schema).await, "what was given up is as it was");
    assert_eq!(world.realm(&name).await, 200);
    root(&world).head_bucket().bucket(&name).send().await.unwrap();
    assert!(!world.has_namespace(&name).await);
    let last = watched.last().await;
    for (kind, reason) in [
        ("DatabaseReady", "Abandoned"),
        ("IdentityReady", "Abandoned"),
        ("StorageReady", "Abandoned"),
        ("NamespaceReady", "Removed"),
    ] {
        assert!(last.contains(&(kind.into(), reason.into())), "{last:?}");
    }
    let told = event(&world, "default", &slug, "Abandoned").await;
    assert_eq!(told.type_.as_deref(), Some("Warning"));
    let text = told.message.unwrap();
    assert!(text.contains("was given up") && text.contains("set by means of kubectl-annotate"), "{text}");
    let told = tokio::time::timeout(PATIENCE, of_install).await.expect("it is told").unwrap();
    assert!(told.message.unwrap().starts_with("its database was given up"));

    // Back again, it is what an earlier tenant left.
    world.postgres.open();
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    for part in ["DatabaseReady", "IdentityReady", "StorageReady"] {
        world.until(&slug, part, "True", "").await;
    }
    world.delete(&world.tenants(), &slug).await;
    assert!(!world.has_schema(&schema).await);
    operator.stop().await;
}

/// Events are gone after an hour, and the status with the tenant.
#[tokio::test]
async fn what_was_given_up_and_by_whose_word_is_in_the_record_of_the_deletion() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    world.keycloak.shut();
    world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
    world.until(&slug, "IdentityReady", "False", "BackendUnavailable").await;
    annotate(&world, &slug, ABANDON, "identity").await;
    world.gone(&world.tenants(), &slug).await;

    let recorded: String = world
        .sql(&format!(
            "SELECT operation::text FROM core.operation WHERE tenant = '{slug}' AND operation ->> 'kind' = 'Delete'"
        ))
        .await;
    let recorded: Value = serde_json::from_str(&recorded).unwrap();
    assert_eq!(recorded["phase"], "Succeeded");
    let steps = recorded["steps"].as_array().unwrap();
    let message = steps.iter().find(|step| step["name"] == "IdentityReady").unwrap()["message"].as_str().unwrap();
    assert!(message.contains("was given up") && message.contains("set by means of kubectl-annotate"), "{message}");

    world.keycloak.open();
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.until(&slug, "IdentityReady", "True", "").await;
    world.delete(&world.tenants(), &slug).await;
    operator.stop().await;
}
