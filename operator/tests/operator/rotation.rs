//! Credentials are replaced while requests go on.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Resource,
    api::{Api, DeleteParams, Patch, PatchParams},
};
use plexica_crds::{
    CredentialStatus, PluginInstall,
    label::{PAUSED, ROTATE},
};
use plexica_testkit::{unique, wait_for, wait_until};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    foreign::client,
    hands::told,
    plugin::{NOTES, URL},
    running::{Operator, vigilant},
    world::{PATIENCE, World},
};

/// Long enough to see both generations work on a machine that does other things as well.
const OVERLAP: u32 = 8;

pub fn operator(world: &World, overlap: u32) -> Operator {
    world.operator_with(|config| config.work.rotation_overlap = overlap)
}

pub async fn annotate<K>(api: &Api<K>, name: &str, annotation: &str, value: impl Into<Value>)
where
    K: Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let patch = Patch::Merge(json!({ "metadata": { "annotations": { annotation: value.into() } } }));
    api.patch(name, &PatchParams::default(), &patch).await.unwrap();
}

/// The name of the plugin's schema and role.
pub fn role(slug: &str, id: &str) -> String {
    format!("tenant_{}_plugin_{}", slug.replace('-', "_"), id.replace('-', "_"))
}

pub async fn upstream(world: &World, slug: &str) -> String {
    let install = world.installs(slug).get("it").await.unwrap();
    install.status.unwrap().route.expect("it is routed throughout").upstream
}

pub async fn get(url: &str) -> Result<String, String> {
    let answer = reqwest::get(url).await.map_err(|error| format!("{error:?}"))?;
    let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
    if status.is_success() { Ok(text) } else { Err(format!("{status} {text}")) }
}

pub async fn signs_in(url: &str) -> bool {
    PgConnection::connect(url).await.is_ok()
}

/// Requests to a tenant's plugin, one after the other, to where its route leads.
pub struct Load {
    stop: CancellationToken,
    task: JoinHandle<()>,
    answers: Arc<Mutex<Answers>>,
}

#[derive(Debug, Default)]
struct Answers {
    good: usize,
    failed: Vec<String>,
    /// As whom the plugin signed in.
    logins: BTreeSet<String>,
}

/// So many requests are enough to say something.
const ENOUGH: usize = 21;

impl Load {
    /// The first request has been answered.
    pub async fn on(world: &World, slug: &str, id: &str) -> Self {
        let (stop, answers) = (CancellationToken::new(), Arc::<Mutex<Answers>>::default());
        let (installs, role) = (world.installs(slug), role(slug, id));
        let (stopped, told) = (stop.clone(), answers.clone());
        let task = tokio::spawn(async move {
            while !stopped.is_cancelled() {
                let status = installs.get("it").await.unwrap().status.unwrap();
                let Some(route) = status.route else {
                    told.lock().unwrap().failed.push("no route".to_owned());
                    continue;
                };
                // A gateway may go by a route for a moment after it moved.
                for _ in 0..5 {
                    let answer = get(&format!("{}{NOTES}/{role}", route.upstream)).await;
                    let mut answers = told.lock().unwrap();
                    match answer {
                        Ok(answer) => {
                            answers.good += 1;
                            answers.logins.insert(answer.split(' ').next().unwrap().to_owned());
                        }
                        Err(error) => answers.failed.push(error),
                    }
                }
            }
        });
        let load = Self { stop, task, answers };
        load.until(1).await;
        load
    }

    /// Whether a request was served as that login.
    pub fn has_seen(&self, login: &str) -> bool {
        self.answers.lock().unwrap().logins.contains(login)
    }

    async fn until(&self, count: usize) {
        wait_until(&format!("{count} requests were answered"), PATIENCE, async || {
            let answers = self.answers.lock().unwrap();
            answers.good >= count || !answers.failed.is_empty()
        })
        .await;
    }

    /// None has failed.
    pub async fn end(self) {
        self.until(ENOUGH).await;
        self.stop.cancel();
        self.task.await.unwrap();
        let answers = self.answers.lock().unwrap();
        assert_eq!(answers.failed, [""; 0], "of {}", answers.good);
    }
}

/// Waits until what serves the install has that generation, beside the one before or alone.
pub async fn turned(world: &World, slug: &str, generation: i64, alone: bool) -> CredentialStatus {
    wait_for(&format!("{slug} has generation {generation} (alone: {alone})"), PATIENCE, async || {
        let install: PluginInstall = world.installs(slug).get("it").await.unwrap();
        let credentials = install.status?.credentials?;
        let as_said = credentials.generation == generation && credentials.previous_until.is_none() == alone;
        as_said.then_some(credentials)
    })
    .await
}

/// How many passwords for the core API the plugin has.
async fn passwords(world: &World, username: &str) -> i64 {
    world.sql(&format!("SELECT count(*) FROM core.plugin_credential WHERE username = '{username}'")).await
}

#[tokio::test]
async fn no_request_fails_while_a_shared_plugins_credentials_are_rotated() {
    let Some(world) = World::new().await else { return };
    let operator = operator(&world, OVERLAP);
    let id = world.database.unique("crm");
    let slugs = [world.database.unique("acme"), world.database.unique("beta")];
    let [first, second] = ["plugin", "plugin2"].map(|word| format!("{word}_{}", id.replace('-', "_")));
    world.plugin(&id, "1.0.0").await;
    for slug in &slugs {
        world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
        world.ready(slug).await;
        world.install(slug, &id, json!({})).await;
        world.installed(slug).await;
    }
    let loads = join_all(slugs.iter().map(|slug| Load::on(&world, slug, &id))).await;
    let original = get(&format!("{}{URL}", upstream(&world, &slugs[0]).await)).await.unwrap();
    let (mut before, entry) = (original.clone(), format!("{id}-1.0.0"));
    let username = format!("plugin:{id}");
    for (request, generation, login) in [("one", 2, &second), ("two", 3, &first)] {
        annotate(&world.plugins(), &entry, ROTATE, request).await;
        let mut now = String::new();
        for slug in &slugs {
            let told = turned(&world, slug, generation, false).await;
            let (at, until) = (told.rotated_at.unwrap().0, told.previous_until.unwrap().0);
            assert_eq!(until.duration_since(at).as_secs(), i64::from(OVERLAP));
            now = get(&format!("{}{URL}", upstream(&world, slug).await)).await.unwrap();
            assert!(now.contains(&format!("//{login}:")) && now != before, "another login and password");
        }
        assert!(signs_in(&before).await && signs_in(&now).await, "both work at a time");
        assert_eq!(passwords(&world, &username).await, 2);
        told(&world, "default", &entry, "CredentialsRotated", &format!("generation {generation} is in force")).await;
        for slug in &slugs {
            turned(&world, slug, generation, true).await;
        }
        wait_until("those before are good no more", PATIENCE, async || {
            !signs_in(&before).await && passwords(&world, &username).await == 1
        })
        .await;
        assert!(signs_in(&now).await && !signs_in(&original).await);
        told(&world, "default", &entry, "RotationEnded", &format!("before generation {generation}")).await;
        for load in &loads {
            assert!(load.has_seen(login), "requests were served with it");
        }
        before = now;
    }
    for load in loads {
        load.end().await;
    }
    // Nothing is done twice for the same value.
    let recorded = format!("SELECT generation FROM core.credential_generation WHERE username = '{username}'");
    assert_eq!(world.sql::<i64>(&recorded).await, 3);

    // Within an overlap all goes, both generations with it.
    annotate(&world.plugins(), &entry, ROTATE, "three").await;
    turned(&world, &slugs[0], 4, false).await;
    for slug in &slugs {
        world.delete(&world.tenants(), slug).await;
    }
    let roles = format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%{}%'", id.replace('-', "_"));
    assert_eq!((world.sql::<i64>(&roles).await, passwords(&world, &username).await), (0, 0));
    operator.stop().await;
}

/// Postgres refuses to remove a password, and counts how often.
const REFUSED: &str = "
    CREATE SEQUENCE public.refused;
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        PERFORM nextval('public.refused');
        RAISE EXCEPTION 'not now' USING ERRCODE = 'too_many_connections';
    END $$;
    CREATE TRIGGER refuse BEFORE DELETE ON core.plugin_credential FOR EACH ROW EXECUTE FUNCTION public.refuse()";

#[tokio::test]
async fn what_could_not_be_removed_at_the_end_does_not_wait_for_a_resync() {
    let Some(world) = World::new().await else { return };
    let operator = operator(&world, 1);
    let (slug, id) = world.served().await;
    world.execute(REFUSED).await;
    annotate(&world.plugins(), &format!("{id}-1.0.0"), ROTATE, "one").await;
    turned(&world, &slug, 2, true).await;
    wait_until("Postgres has refused", PATIENCE, async || {
        world.sql::<bool>("SELECT is_called FROM public.refused").await
    })
    .await;
    let (username, logins) = (format!("plugin:{id}"), format!("plugin%_{}", id.replace('-', "_")));
    let logins = format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '{logins}' AND rolcanlogin");
    assert_eq!((passwords(&world, &username).await, world.sql::<i64>(&logins).await), (2, 2));
    world.execute("DROP TRIGGER refuse ON core.plugin_credential").await;
    wait_until("they are removed", PATIENCE, async || {
        (passwords(&world, &username).await, world.sql::<i64>(&logins).await) == (1, 1)
    })
    .await;
    operator.stop().await;
}

pub fn text(secret: &Secret, key: &str) -> String {
    String::from_utf8(secret.data.as_ref().unwrap()[key].0.clone()).unwrap()
}

/// Whether a server that has read that Secret gets a token.
pub async fn gets_token(identity: &Secret) -> bool {
    let form = [
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", text(identity, "client-id")),
        ("client_secret", text(identity, "client-secret")),
    ];
    let url = format!("{}/protocol/openid-connect/token", text(identity, "issuer"));
    wait_for("Keycloak answers", PATIENCE, async || {
        let status = reqwest::Client::new().post(&url).form(&form).send().await.ok()?.status();
        // An error of its own says nothing about the secret.
        (status.as_u16() < 500).then_some(status.is_success())
    })
    .await
}

/// Whether a server that has read that Secret gets into its bucket.
pub async fn opens_bucket(world: &World, storage: &Secret) -> bool {
    let [id, key, session] = ["access-key-id", "secret-access-key", "session-token"].map(|part| text(storage, part));
    let store = client(world, &id, &key, Some(session));
    store.list_objects_v2().bucket(text(storage, "bucket")).send().await.is_ok()
}

pub async fn identity(world: &World, slug: &str) -> Secret {
    world.find(slug, "plexica-identity").await.unwrap()
}

/// Waits until the tenant's realm has that generation.
pub async fn turned_realm(world: &World, slug: &str, generation: i64, alone: bool) -> CredentialStatus {
    wait_for(&format!("the realm of {slug} has generation {generation} (alone: {alone})"), PATIENCE, async || {
        let told = world.tenants().get(slug).await.unwrap().status?.credentials.identity?;
        (told.generation == generation && told.previous_until.is_none() == alone).then_some(told)
    })
    .await
}

#[tokio::test]
async fn a_tenants_servers_sign_in_with_both_secrets_until_the_old_one_ends() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let slug = world.database.unique("acme");
    let rotation = json!({ "rotation": { "overlap": format!("{OVERLAP}s") } });
    world.tenant(&slug, rotation).await;
    world.ready(&slug).await;
    let original = identity(&world, &slug).await;
    let keys: Secret = world.find(&slug, "plexica-storage").await.unwrap();
    assert!(opens_bucket(&world, &keys).await);
    let mut before = original.clone();
    for (request, generation) in [("one", 2), ("two", 3)] {
        annotate(&world.tenants(), &slug, ROTATE, request).await;
        let told = turned_realm(&world, &slug, generation, false).await;
        let now = wait_for("the Secret says it", PATIENCE, async || {
            let now = identity(&world, &slug).await;
            (text(&now, "client-secret") != text(&before, "client-secret")).then_some(now)
        })
        .await;
        let until = told.previous_until.unwrap().0;
        assert_eq!(until.duration_since(told.rotated_at.unwrap().0).as_secs(), i64::from(OVERLAP));
        while jiff::Timestamp::now() < until - Duration::from_secs(1) {
            assert!(gets_token(&before).await && gets_token(&now).await);
            assert!(opens_bucket(&world, &keys).await, "keys end by themselves, long after this");
        }
        crate::hands::told(&world, "default", &slug, "CredentialsRotated", "identity: generation").await;
        turned_realm(&world, &slug, generation, true).await;
        assert!(gets_token(&now).await && !gets_token(&before).await && !gets_token(&original).await);
        crate::hands::told(&world, "default", &slug, "RotationEnded", &format!("before generation {generation}")).await;
        world.ready(&slug).await;
        before = now;
    }
    // The keys to its bucket were made anew as well; those before end by themselves.
    let next: Secret = world.find(&slug, "plexica-storage").await.unwrap();
    assert_ne!(text(&keys, "access-key-id"), text(&next, "access-key-id"));
    assert!(opens_bucket(&world, &next).await);
    let told = world.tenants().get(&slug).await.unwrap().status.unwrap().credentials.storage.unwrap();
    assert_eq!(told.generation, 3);
    assert!(told.rotated_at.is_some() && told.previous_until.is_some());

    // Retained and taken back by a tenant with another uid, it is the generation that it was, and the
    // secrets before it are still good for nothing.
    world.delete(&world.tenants(), &slug).await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    turned_realm(&world, &slug, 3, true).await;
    assert!(gets_token(&identity(&world, &slug).await).await && !gets_token(&original).await);
    world.delete(&world.tenants(), &slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn by_the_interval_a_tenants_credentials_and_its_dedicated_plugins_are_rotated() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({ "isolation": "Dedicated" })).await;
    world.installed(&slug).await;
    let load = Load::on(&world, &slug, &id).await;
    let first = get(&format!("{}{URL}", upstream(&world, &slug).await)).await.unwrap();
    world.tenant(&slug, json!({ "rotation": { "interval": "12s", "overlap": "4s" } })).await;
    for generation in [2, 3] {
        turned_realm(&world, &slug, generation, false).await;
        turned(&world, &slug, generation, false).await;
        turned(&world, &slug, generation, true).await;
    }
    assert!(!signs_in(&first).await);
    let logins = ["login", "login2"].map(|word| format!("{word}_{}", role(&slug, &id).replacen("tenant_", "", 1)));
    assert!(logins.iter().all(|login| load.has_seen(login)), "{:?}", load.answers);

    // Paused, it stays as it is, whatever is asked.
    annotate(&world.tenants(), &slug, PAUSED, "true").await;
    world.until(&slug, "Paused", "True", "Paused").await;
    world.install_until(&slug, "Paused", "True", "Paused").await;
    let looked = operator.count("plexica_operator_reconciles_total").await;
    let counted = "SELECT sum(generation) FROM core.credential_generation";
    let recorded = async || world.sql::<sqlx::types::JsonValue>(&format!("SELECT to_jsonb(({counted}))")).await;
    let before = (recorded().await, text(&identity(&world, &slug).await, "client-secret"));
    annotate(&world.tenants(), &slug, ROTATE, "now").await;
    wait_until("it was looked at, and the interval is over", PATIENCE, async || {
        let told = world.tenants().get(&slug).await.unwrap().status.unwrap().credentials.identity.unwrap();
        let over = told.rotated_at.unwrap().0 + Duration::from_secs(14) < jiff::Timestamp::now();
        // A pause is looked at for every change.
        annotate(&world.tenants(), &slug, "plexica.io/test-look", unique("look")).await;
        over && operator.count("plexica_operator_reconciles_total").await > looked + 4.0
    })
    .await;
    assert_eq!((recorded().await, text(&identity(&world, &slug).await, "client-secret")), before);
    load.end().await;
    world.tenant(&slug, json!({ "rotation": { "interval": "1h", "overlap": "4s" } })).await;
    annotate(&world.tenants(), &slug, PAUSED, Value::Null).await;
    turned_realm(&world, &slug, 4, false).await;
    turned(&world, &slug, 4, false).await;
    // Suspended meanwhile, what was before ends all the same.
    let rotation = json!({ "suspend": true, "rotation": { "interval": "1h", "overlap": "4s" } });
    world.tenant(&slug, rotation).await;
    turned(&world, &slug, 4, true).await;
    let logins = format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'login%{}'", id.replace('-', "_"));
    wait_until("one generation is left", PATIENCE, async || {
        world.sql::<i64>(&logins).await == 1 && passwords(&world, &format!("plugin:{id}:{slug}")).await == 1
    })
    .await;
    world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
    world.gone(&world.tenants(), &slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn by_the_platforms_interval_a_shared_plugins_credentials_are_rotated() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator_with(|config| {
        (config.work.rotation_overlap, config.work.rotation_interval) = (2, Some(6));
    });
    let (slug, _) = world.served().await;
    for generation in [2, 3] {
        turned(&world, &slug, generation, false).await;
    }
    operator.stop().await;
}

/// What was asked for before it came up is done with the first that it has.
#[tokio::test]
async fn who_is_new_is_not_rotated_for_what_was_asked_before() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator_with(|config| {
        config.work.rotation_overlap = OVERLAP;
        vigilant(config);
    });
    let id = world.database.unique("crm");
    let (slug, entry) = (world.database.unique("acme"), format!("{id}-1.0.0"));
    world.plugin(&id, "1.0.0").await;
    annotate(&world.plugins(), &entry, ROTATE, "long ago").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;
    let first = turned(&world, &slug, 2, true).await;
    let url = get(&format!("{}{URL}", upstream(&world, &slug).await)).await.unwrap();
    let looked = operator.count("plexica_operator_reconciles_total").await;
    wait_until("it was looked at again and again", PATIENCE, async || {
        operator.count("plexica_operator_reconciles_total").await > looked + 9.0
    })
    .await;
    assert_eq!(turned(&world, &slug, 2, true).await, first);
    assert_eq!(get(&format!("{}{URL}", upstream(&world, &slug).await)).await.unwrap(), url);
    let logins =
        format!("SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolname ~ '^plugin2?_{}$'", id.replace('-', "_"));
    assert_eq!(world.sql::<String>(&logins).await, format!("plugin2_{}", id.replace('-', "_")));
    // What is asked for now is a rotation; who comes later has what is in force.
    annotate(&world.plugins(), &entry, ROTATE, "now").await;
    turned(&world, &slug, 3, false).await;
    let later = world.database.unique("beta");
    world.tenant(&later, json!({})).await;
    world.ready(&later).await;
    world.install(&later, &id, json!({})).await;
    world.installed(&later).await;
    turned(&world, &later, 3, true).await;
    turned(&world, &slug, 3, true).await;
    operator.stop().await;
}
