//! What plugins sign in to the core API with.

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, api::DeleteParams};
use plexica_testkit::wait_until;

use crate::world::{PATIENCE, World};

#[tokio::test]
async fn a_password_of_a_key_that_was_replaced_opens_nothing_any_more() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = world.served().await;
    let query = format!(
        "SELECT array_agg(encode(sha256, 'hex') ORDER BY sha256) FROM core.plugin_credential WHERE username = 'plugin:{id}'"
    );
    let passwords = async || world.sql::<Vec<String>>(&query).await;
    let first = passwords().await;
    assert_eq!(first.len(), 1);
    operator.stop().await;

    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), &world.platform());
    secrets.delete("plexica-operator-keys", &DeleteParams::default()).await.unwrap();
    let operator = world.operator();
    wait_until("the old password is gone", PATIENCE, async || {
        let now = passwords().await;
        now.len() == 1 && now != first
    })
    .await;
    world.installed(&slug).await;
    operator.stop().await;
}
