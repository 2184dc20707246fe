//! Compose, as a team uses it: one command, kubectl, tenants and plugins, and whatever dies comes back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod heal;
mod page;
mod project;
mod watch;

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures::FutureExt;
use plexica_e2e::{
    browser::Browser,
    request::{served, unpooled},
    scenario::{bad_input, lifecycle, moves, upgrade},
};
use plexica_testkit::require;
use serde_json::json;

use page::Page;
use project::Project;

/// What the page gives her.
const PASSWORD: &str = "correct horse battery staple";

#[tokio::test(flavor = "multi_thread")]
async fn from_up_to_down() {
    let Some(engine) = require!(docker) else { return };
    plexica_testkit::tls();
    let Some(mut project) = plexica_testkit::or_skip(Project::new(engine)) else { return };
    let outcome = AssertUnwindSafe(days_work(&mut project)).catch_unwind().await;
    if outcome.is_err() {
        println!("{}", project.report().await);
    }
    project.clear().await;
    if let Err(failed) = outcome {
        resume_unwind(failed);
    }
}

async fn days_work(project: &mut Project) {
    let page = Page::of(project);
    page.first_steps().await;
    let contact = a_contact(project).await;
    project.keeps_its_secrets();
    works(project, &contact).await;

    // All goes but what is kept, and comes back.
    project.compose(&["down"]).await;
    project.up().await;
    let token = signs_in(project).await;
    assert_eq!(served(|| unpooled().get(&contact).bearer_auth(&token)).await["name"], "Grace Hopper");

    project.add("compose.socket-proxy.yaml");
    page.adds_the_socket_proxy().await;
    lifecycle::leaves_and_comes_back(project, &contact, || signs_in(project)).await;
    project.proxy_lets_through_nothing_else();
    page.removes(project).await;
}

/// What a tenant and its plugins go through, and the machine.
async fn works(project: &Project, contact: &str) {
    let signs_in = || signs_in(project);
    lifecycle::rolls(project, contact, &signs_in().await).await;
    lifecycle::rests(project, contact, signs_in).await;
    lifecycle::outlives_a_version_that_does_not_come_up(project, contact, &signs_in().await).await;
    upgrade::there_and_back_and_for_good(project, &project.gateway(), signs_in).await;
    moves::there_and_back(project, contact, &signs_in().await).await;
    moves::serves_until_it_may_go(project, contact, &signs_in().await).await;
    watch::what_is_saved_is_served(project, contact, &signs_in().await).await;
    bad_input::plugins_that_do_not_come_up(project).await;
    bad_input::what_others_have(project).await;
    heal::whatever_dies(project, contact, signs_in).await;
    heal::the_engine(project, contact, signs_in).await;
}

/// What the tenant's user writes into its plugin; the URL of it.
async fn a_contact(project: &Project) -> String {
    let token = signs_in(project).await;
    let contacts = format!("{}/api/plugins/crm/contacts", project.gateway());
    let contact = json!({ "name": "Grace Hopper" });
    let made = served(|| unpooled().post(&contacts).bearer_auth(&token).json(&contact)).await;
    format!("{contacts}/{}", made["id"].as_str().expect("an id"))
}

async fn signs_in(project: &Project) -> String {
    let browser = Browser::new(&project.keycloak(), "tenant-acme", "https://app.acme.test/signed-in");
    browser.sign_in("ada@acme.test", PASSWORD).await
}
