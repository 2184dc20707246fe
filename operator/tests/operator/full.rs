//! A tenant with something in each of its parts.

use serde_json::json;

use crate::{foreign::root, world::World};

/// Names of a tenant with something in each of its parts.
pub struct Full {
    pub slug: String,
    pub schema: String,
    pub plugin_schema: String,
    pub realm: String,
}

impl Full {
    pub async fn make(world: &World, id: &str) -> Self {
        let slug = world.database.unique("acme");
        let schema = format!("tenant_{}", slug.replace('-', "_"));
        let plugin_schema = format!("{schema}_plugin_{}", id.replace('-', "_"));
        let realm = format!("tenant-{slug}");
        world.tenant(&slug, json!({ "deletionPolicy": "Delete", "skipFinalBackup": false })).await;
        world.ready(&slug).await;
        world.install(&slug, id, json!({ "deletionPolicy": "Delete" })).await;
        world.installed(&slug).await;
        world.execute(&format!("CREATE TABLE {schema}.kept AS SELECT 42 AS answer")).await;
        world.execute(&format!("ALTER TABLE {schema}.kept OWNER TO plexica_provisioner")).await;
        let administrator = world.administrator();
        let ada = json!({ "username": "ada@acme.test", "email": "ada@acme.test", "enabled": true,
            "firstName": "Ada", "credentials": [{ "type": "password", "value": "correct horse" }] });
        administrator.post(&format!("/{realm}/users"), ada).await;
        let ada = administrator.get(&format!("/{realm}/users?username=ada@acme.test&exact=true")).await;
        let role = administrator.get(&format!("/{realm}/roles/admin")).await;
        let path = format!("/{realm}/users/{}/role-mappings/realm", ada[0]["id"].as_str().unwrap());
        administrator.post(&path, json!([role])).await;
        root(world).put_object().bucket(&realm).key("a/b.txt").body(b"hello".to_vec().into()).send().await.unwrap();
        Self { slug, schema, plugin_schema, realm }
    }
}
