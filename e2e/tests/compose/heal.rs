//! What an engine and the operator bring back.

use std::time::Duration;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use plexica_e2e::{kubectl::NAMESPACE, request::unpooled, scenario::Place};
use plexica_testkit::{docker::Engine, wait_for};

use crate::project::Project;

/// What is killed, one after the other; Keycloak takes longest to come back.
const SERVICES: [&str; 7] = ["gateway", "core-api", "operator", "standalone", "s3", "postgres", "keycloak"];
const LONG: Duration = Duration::from_mins(3);

/// The engine itself: ended as by an administrator, and as by a fault.
pub async fn the_engine(project: &Project, contact: &str, signs_in: impl AsyncFn() -> String) {
    let plugin = project.running(NAMESPACE, "crm").await;
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let before = project.engine_process();
        kill(Pid::from_raw(before), signal).unwrap();
        wait_for("another engine answers", LONG, async || {
            let is_another = project.engine_process() != before;
            (is_another && Engine::find().is_ok()).then_some(())
        })
        .await;
        project.up().await;
        is_served(contact, &format!("the engine that {signal} ended"), &signs_in).await;
    }
    assert_eq!(project.running(NAMESPACE, "crm").await, plugin, "no other container was made");
}

async fn is_served(contact: &str, without: &str, signs_in: impl AsyncFn() -> String) {
    wait_for(&format!("requests are served without {without}"), LONG, async || {
        let answer = unpooled().get(contact).bearer_auth(signs_in().await).send().await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    println!("{without} is gone, and requests are served");
}

/// Each container of the platform, and the plugin's, as a fault would end it.
pub async fn whatever_dies(project: &Project, contact: &str, signs_in: impl AsyncFn() -> String) {
    let plugin = project.running(NAMESPACE, "crm").await;
    let victims = SERVICES.iter().map(|service| (*service, project.container(service)));
    for (name, container) in victims.chain([("plugin", plugin[0].clone())]) {
        let before = project.process(&container).expect("it runs");
        kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
        wait_for(&format!("{name} runs again"), LONG, async || {
            project.process(&container).filter(|now| *now != before)
        })
        .await;
        project.up().await;
        is_served(contact, &format!("the {name} of before"), &signs_in).await;
    }
    assert_eq!(project.running(NAMESPACE, "crm").await, plugin, "no other container was made");
}
