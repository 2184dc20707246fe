//! What people do to a tenant's parts behind the operator's back.

use k8s_openapi::{
    ByteString,
    api::{
        core::v1::{Namespace, Secret},
        events::v1::Event,
    },
};
use kube::{
    Api, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use plexica_testkit::{wait_for, wait_until};
use serde_json::{Value, json};

use crate::{
    issuer::Administrator,
    world::{PATIENCE, World},
};

/// Takes a role from a member, whoever granted it: Postgres takes back no grant but that of who is named.
pub fn revoke(role: &str, member: &str) -> String {
    format!(
        "DO $$ DECLARE who text; BEGIN
            FOR who IN SELECT grantor::regrole FROM pg_auth_members
                        WHERE roleid = '{role}'::regrole AND member = '{member}'::regrole LOOP
                EXECUTE format('REVOKE %s FROM %s GRANTED BY %s', '{role}', '{member}', who);
            END LOOP;
        END $$"
    )
}

/// One change to one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// The schema is given to another role of ours.
    Owner,
    /// A grant is taken away.
    Usage,
    /// Everybody may look into the schema.
    Public,
    /// The role may do more with a table than it should.
    Table,
    /// The core API may not take the role.
    Member,
    /// The role may sign in.
    Login,
    Realm,
    Client,
    Role,
    Label,
    /// Realm and client.
    Identity,
    /// Keys to the bucket.
    Keys,
}

impl Hand {
    /// All that can be made at the same time: who gives the schema away hides its grants.
    pub const AT_ONCE: [Self; 11] = [
        Self::Usage,
        Self::Public,
        Self::Table,
        Self::Member,
        Self::Login,
        Self::Realm,
        Self::Client,
        Self::Role,
        Self::Label,
        Self::Identity,
        Self::Keys,
    ];
}

/// A tenant and whoever changes it.
pub struct Victim<'a> {
    pub world: &'a World,
    pub slug: String,
    /// Of realm and namespace.
    pub name: String,
    /// Of schema and role.
    pub schema: String,
    pub administrator: Administrator,
}

impl<'a> Victim<'a> {
    pub fn new(world: &'a World, slug: &str) -> Self {
        Self {
            world,
            slug: slug.into(),
            name: format!("tenant-{slug}"),
            schema: format!("tenant_{}", slug.replace('-', "_")),
            administrator: world.administrator(),
        }
    }

    async fn client(&self) -> Value {
        self.administrator.get(&format!("/{}/clients?clientId=web", self.name)).await[0].clone()
    }

    async fn write(&self, secret: &str, key: &str) {
        let api: Api<Secret> = Api::namespaced(self.world.client.clone(), &self.name);
        let patch = json!({ "data": { key: ByteString(b"tampered".to_vec()) } });
        api.patch(secret, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    async fn intact(&self, secret: &str, key: &str) -> bool {
        let found: Option<Secret> = self.world.find(&self.slug, secret).await;
        found.is_some_and(|secret| secret.data.is_some_and(|data| data[key].0 != b"tampered"))
    }

    /// Makes the change.
    pub async fn by(&self, hand: Hand) {
        let Self { world, name, schema, administrator, .. } = self;
        match hand {
            Hand::Owner => world.execute(&format!("ALTER SCHEMA {schema} OWNER TO {schema}")).await,
            Hand::Usage => world.execute(&format!("REVOKE USAGE ON SCHEMA {schema} FROM {schema}")).await,
            Hand::Public => world.execute(&format!("GRANT CREATE ON SCHEMA {schema} TO PUBLIC")).await,
            Hand::Table => world.execute(&format!("GRANT SELECT ON {schema}.audit_event TO {schema}")).await,
            Hand::Member => {
                world.execute(&revoke(schema, "plexica_core_api")).await;
            }
            Hand::Login => world.execute(&format!("ALTER ROLE {schema} LOGIN")).await,
            Hand::Realm => {
                let mut realm = administrator.get(&format!("/{name}")).await;
                realm["displayName"] = json!("tampered");
                administrator.put(&format!("/{name}"), realm).await;
            }
            Hand::Client => {
                let mut client = self.client().await;
                client["redirectUris"] = json!(["https://evil.test/*"]);
                administrator.put(&format!("/{name}/clients/{}", client["id"].as_str().unwrap()), client.clone()).await;
            }
            Hand::Role => administrator.delete(&format!("/{name}/roles/admin")).await,
            Hand::Label => {
                let api: Api<Namespace> = Api::all(world.client.clone());
                let patch = json!({ "metadata": { "labels": { "plexica.io/tenant": "tampered" } } });
                api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
            }
            Hand::Identity => self.write("plexica-identity", "client-secret").await,
            Hand::Keys => self.write("plexica-storage", "access-key-id").await,
        }
    }

    /// Whether it is as the operator left it.
    pub async fn whole(&self, hand: Hand) -> bool {
        let Self { world, slug, name, schema, administrator } = self;
        let sql = async |query: String| world.sql::<bool>(&format!("SELECT {query}")).await;
        match hand {
            Hand::Owner => {
                let owner =
                    format!("nspowner = 'plexica_provisioner'::regrole FROM pg_namespace WHERE nspname = '{schema}'");
                sql(owner).await && self.may("USAGE").await
            }
            Hand::Usage => self.may("USAGE").await,
            Hand::Public => !self.may("CREATE").await,
            Hand::Table => !sql(format!("has_table_privilege('{schema}', '{schema}.audit_event', 'SELECT')")).await,
            Hand::Member => sql(format!("pg_has_role('plexica_core_api', '{schema}', 'MEMBER')")).await,
            Hand::Login => !sql(format!("rolcanlogin FROM pg_roles WHERE rolname = '{schema}'")).await,
            Hand::Realm => administrator.get(&format!("/{name}")).await["displayName"] == json!(slug),
            Hand::Client => self.client().await["redirectUris"] != json!(["https://evil.test/*"]),
            Hand::Role => {
                let roles = administrator.get(&format!("/{name}/roles")).await;
                roles.as_array().unwrap().iter().any(|role| role["name"] == "admin")
            }
            Hand::Label => {
                let namespace: Namespace = world.global(name).await.unwrap();
                namespace.labels()["plexica.io/tenant"] == *slug
            }
            Hand::Identity => self.intact("plexica-identity", "client-secret").await,
            Hand::Keys => self.intact("plexica-storage", "access-key-id").await,
        }
    }

    async fn may(&self, privilege: &str) -> bool {
        let schema = &self.schema;
        self.world.sql(&format!("SELECT has_schema_privilege('{schema}', '{schema}', '{privilege}')")).await
    }

    /// How the difference is called, after the verb.
    pub fn words(&self, hand: Hand) -> String {
        let Self { name, schema, .. } = self;
        match hand {
            Hand::Owner => format!("schema {schema} back from role {schema}"),
            Hand::Usage => format!("USAGE on schema {schema}"),
            Hand::Public => format!("CREATE on schema {schema} from PUBLIC"),
            Hand::Table => format!("SELECT on table {schema}.audit_event"),
            Hand::Member => format!("role {schema} to plexica_core_api"),
            Hand::Login => format!("the login of role {schema}"),
            Hand::Realm => format!("set displayName of realm {name}"),
            Hand::Client => format!("set redirectUris of client web in realm {name}"),
            Hand::Role => format!("role admin in realm {name}"),
            Hand::Label => format!("Namespace {name} (metadata.labels[plexica.io/tenant])"),
            Hand::Identity => format!("Secret {name}/plexica-identity (data.client-secret)"),
            Hand::Keys => format!("Secret {name}/plexica-storage ("),
        }
    }

    /// Waits until the change is undone.
    pub async fn mended(&self, hand: Hand) {
        wait_until(&format!("{hand:?} is undone"), PATIENCE, async || self.whole(hand).await).await;
    }
}

/// Waits for an Event of that reason about the object of that name, with that text.
pub async fn told(world: &World, namespace: &str, name: &str, reason: &str, text: &str) -> Event {
    let events: Api<Event> = Api::namespaced(world.client.clone(), namespace);
    wait_for(&format!("an Event {reason} with {text:?}"), PATIENCE, async || {
        let all = events.list(&ListParams::default()).await.unwrap();
        all.into_iter().find(|event| {
            event.regarding.as_ref().and_then(|regarding| regarding.name.as_deref()) == Some(name)
                && event.reason.as_deref() == Some(reason)
                && event.note.as_deref().is_some_and(|note| note.contains(text))
        })
    })
    .await
}
