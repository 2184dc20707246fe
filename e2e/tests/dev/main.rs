//! `plexica dev`, as an author uses it: kubectl, and what a tenant and its plugins go through on a cluster and with
//! Compose, by the same test code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod laptop;

use plexica_e2e::{
    kubectl::NAMESPACE,
    request::{served, unpooled},
    scenario::{Place, bad_input, lifecycle, moves, upgrade},
};
use plexica_testkit::require;
use serde_json::json;

use laptop::Laptop;

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_and_its_plugins_go_through_all() {
    let Some(cluster) = require!(kubernetes_t2) else { return };
    plexica_testkit::tls();
    let laptop = Laptop::start(&cluster.kubectl);
    let signs_in = async || laptop.token();
    for file in ["tenant.yaml", "crm.yaml", "install.yaml"] {
        laptop.kubectl().apply_file(&format!("examples/{file}")).await;
    }
    laptop.kubectl().wait("plugininstall/acme-crm", NAMESPACE).await;
    let contacts = format!("{}/api/plugins/crm/contacts", laptop.gateway);
    let (contact, token) = (json!({ "name": "Grace Hopper" }), signs_in().await);
    let made = served(|| unpooled().post(&contacts).bearer_auth(&token).json(&contact)).await;
    let url = format!("{contacts}/{}", made["id"].as_str().expect("an id"));

    lifecycle::rolls(&laptop, &url, &token).await;
    lifecycle::rests(&laptop, &url, signs_in).await;
    lifecycle::outlives_a_version_that_does_not_come_up(&laptop, &url, &signs_in().await).await;
    upgrade::there_and_back_and_for_good(&laptop, &laptop.gateway, signs_in).await;
    moves::there_and_back(&laptop, &url, &signs_in().await).await;
    moves::serves_until_it_may_go(&laptop, &url, &signs_in().await).await;
    bad_input::plugins_that_do_not_come_up(&laptop).await;
    bad_input::what_others_have(&laptop).await;
    lifecycle::leaves_and_comes_back(&laptop, &url, signs_in).await;
    laptop.stop();
}
