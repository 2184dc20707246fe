//! A tenant that is gone, out of its final backup.

use clap::Parser;
use kube::ResourceExt;
use plexica_backends::{keycloak::Realms, s3::Store};
use plexica_crds::{Reason, label::RESTORING_FROM};
use plexica_operator::{Config, Problem, restore::Restore};
use serde_json::json;

use crate::{backup::program, full::Full, world::World};

/// Whether it comes to its end with so many writes. The connection of the one before may not have ended yet.
async fn finishes<T>(world: &World, restore: impl Future<Output = Result<T, Problem>>, writes: usize) -> bool {
    world.budget.limit(writes);
    let ended = tokio::select! {
        restored = restore => match restored {
            Ok(_) => true,
            Err(problem) if problem.reason == Reason::BackendUnavailable => false,
            Err(problem) => panic!("{problem}"),
        },
        () = world.budget.spent() => false,
    };
    world.budget.lift();
    ended
}

/// Brings back what was removed, as the command line does.
pub async fn restores(world: &World, full: &Full, bucket: &str, prefix: &str) {
    let Full { slug, schema, plugin_schema, realm } = full;
    let config = Config::parse_from(std::iter::once("operator".to_owned()).chain(world.flags()));
    let databases = config.database.backend(None).unwrap();
    let realms = Realms::new(config.identity.backend(None)).unwrap();
    let store = Store::new(config.storage.backend(None)).unwrap();
    let pg_restore = program("pg_restore");
    let restore = |prefix| Restore {
        databases: &databases,
        realms: &realms,
        store: &store,
        bucket,
        prefix,
        pg_restore: &pg_restore,
    };
    let name = slug.parse().unwrap();
    let refused = restore("nothing/").run(&name).await.unwrap_err();
    assert!(refused.message.contains("there is no nothing/manifest.json"), "{refused}");
    let refused = restore(prefix).run(&"another".parse().unwrap()).await.unwrap_err();
    assert!(refused.message.contains(&format!("is of the tenant {slug}")), "{refused}");
    // One that is killed at a write is finished by the next, wherever that was.
    let mut writes = 0;
    while !finishes(world, restore(prefix).run(&name), writes).await {
        // What was done stays done, so that not each number is another place.
        writes += 1 + writes / 4;
        assert!(writes < 1000, "it never comes to an end");
    }
    println!("a restore takes at most {writes} writes");
    // Another one finds all there.
    for _ in 0..2 {
        let restored = restore(prefix).run(&name).await.unwrap();
        assert_eq!(restored.schemas, [schema.clone(), plugin_schema.clone()]);
        assert_eq!(restored.realm, Some((realm.clone(), 1)));
        assert_eq!(restored.objects, Some((realm.clone(), 1)));
        assert_eq!(restored.installs.len(), 1);
        assert_eq!(restored.tenant.annotations()[RESTORING_FROM], prefix);
    }
    assert_eq!(restore(prefix).installs(&name).await.unwrap().len(), 1);
    let owner =
        format!("SELECT tableowner::text FROM pg_tables WHERE schemaname = '{plugin_schema}' AND tablename = 'note'");
    assert_eq!(&world.sql::<String>(&owner).await, plugin_schema, "the plugin's table is the plugin's");
    let members = format!(
        "SELECT count(*) FROM pg_auth_members m WHERE roleid = '\"{plugin_schema}\"'::regrole AND inherit_option
            AND member = 'plexica_provisioner'::regrole"
    );
    assert_eq!(world.sql::<i64>(&members).await, 0, "the provisioner gave the plugin's rights back");

    world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
    // Ready it is only where something takes away the namespace of the one before.
    for part in ["DatabaseReady", "IdentityReady", "StorageReady"] {
        world.until(slug, part, "True", "").await;
    }
    assert_eq!(world.sql::<i32>(&format!("SELECT answer FROM {schema}.kept")).await, 42);
    assert_eq!(world.sql::<i64>(&format!("SELECT count(*) FROM {plugin_schema}.note")).await, 1);
    let administrator = world.administrator();
    let ada = administrator.get(&format!("/{realm}/users?username=ada@acme.test&exact=true")).await;
    let path = format!("/{realm}/users/{}/role-mappings/realm", ada[0]["id"].as_str().unwrap());
    let roles = administrator.get(&path).await;
    assert!(roles.as_array().unwrap().iter().any(|role| role["name"] == "admin"), "{roles}");
    let refused = restore(prefix).run(&name).await.unwrap_err();
    assert!(refused.message.contains("it was not touched"), "what is in use is not overwritten: {refused}");
    world.delete(&world.tenants(), slug).await;
    assert!(!world.has_schema(plugin_schema).await, "it was the tenant's again");
}
