//! What stands beside the tenants and is somebody else's: nothing of it may change. It is called as what
//! [a tenant that claims it](crate::story::claim) has in this installation, and has no mark.

use aws_sdk_s3::primitives::ByteStream;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, ResourceExt,
    api::{ObjectMeta, PostParams},
};
use plexica_contract::name::postgres;
use serde_json::json;
use sqlx::AssertSqlSafe;

use crate::world::{Violation, World, fails};

const THEIRS: &str = "theirs";

/// Of realm, bucket and namespace.
pub fn name(world: &World) -> String {
    world.prefixes().realm(&world.neighbour)
}

/// Of schema and role.
pub fn role(world: &World) -> String {
    postgres::tenant(&world.neighbour)
}

/// How all of that is called.
pub fn names(world: &World) -> [String; 2] {
    [name(world), role(world)]
}

/// Makes all of it.
///
/// # Panics
/// When a system refuses.
pub async fn move_in(world: &World) {
    let (name, role) = (name(world), role(world));
    let sql = format!(
        "CREATE ROLE {role}; CREATE SCHEMA {role} AUTHORIZATION {role};
         CREATE TABLE {role}.theirs (id int); INSERT INTO {role}.theirs VALUES (1)"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut world.database.connect().await).await.unwrap();
    world.administrator.make(json!({ "realm": name, "displayName": THEIRS, "enabled": true })).await;
    world.store.create_bucket().bucket(&name).send().await.unwrap();
    let object = world.store.put_object().bucket(&name).key(THEIRS).body(ByteStream::from_static(b"1"));
    object.send().await.unwrap();
    let named = |name: &str| ObjectMeta { name: Some(name.to_owned()), ..Default::default() };
    let namespace = Namespace { metadata: named(&name), ..Default::default() };
    Api::all(world.client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
    let secret = Secret { metadata: named(THEIRS), ..Default::default() };
    Api::namespaced(world.client.clone(), &name).create(&PostParams::default(), &secret).await.unwrap();
}

/// What would be another if somebody had touched it.
///
/// # Errors
/// When a part of it is not there, or cannot be read.
pub async fn seen(world: &World) -> Result<Vec<String>, String> {
    let (name, role) = (name(world), role(world));
    let query = format!(
        "SELECT concat_ws(' ', n.nspowner::regrole, n.nspacl, obj_description(n.oid, 'pg_namespace'), r.rolcanlogin,
                shobj_description(r.oid, 'pg_authid'), (SELECT count(*) FROM {role}.theirs),
                (SELECT count(*) FROM pg_auth_members m WHERE r.oid IN (m.roleid, m.member)))
           FROM pg_namespace n JOIN pg_roles r ON r.rolname = n.nspname WHERE n.nspname = '{role}'"
    );
    let mut superuser = world.database.connect().await;
    let schema: String =
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut superuser).await.map_err(|error| error.to_string())?;
    let found = async |path: &str| world.administrator.find(path).await.ok_or_else(|| format!("there is no {path}"));
    let realm = found(&format!("/{name}")).await?;
    let clients = found(&format!("/{name}/clients")).await?.as_array().map_or(0, Vec::len);
    let objects = world.store.list_objects_v2().bucket(&name).send().await.map_err(|error| error.to_string())?;
    let objects: Vec<_> = objects.contents().iter().map(|object| (object.key(), object.e_tag())).collect();
    let tagged = world.store.get_bucket_tagging().bucket(&name).send().await.is_ok();
    let namespace = Api::<Namespace>::all(world.client.clone()).get(&name).await.map_err(|error| error.to_string())?;
    let secret = Api::<Secret>::namespaced(world.client.clone(), &name).get(THEIRS).await;
    let secret = secret.map_err(|error| error.to_string())?;
    Ok(vec![
        format!("schema {role}: {schema}"),
        format!(
            "realm {name}: {} {} {}, {clients} clients",
            realm["displayName"], realm["enabled"], realm["attributes"]
        ),
        format!("bucket {name}: {objects:?}, tags: {tagged}"),
        format!("namespace {name}: {:?}", namespace.resource_version()),
        format!("Secret {name}/{THEIRS}: {:?}", secret.resource_version()),
    ])
}

/// Holds it against what it was at first, and removes what would make later runs slower.
///
/// # Errors
/// What is another.
pub async fn untouched(world: &World) -> Result<(), Violation> {
    let now = seen(world).await.or_else(|error| fails(format!("somebody else's: {error}")))?;
    world.administrator.remove(&name(world)).await;
    let changed = world.neighbours.iter().zip(&now).filter(|(before, now)| before != now);
    let changed: Vec<String> = changed.map(|(before, now)| format!("{before} is now {now}")).collect();
    if changed.is_empty() { Ok(()) } else { fails(format!("somebody else's: {}", changed.join("; "))) }
}
