//! The program itself: started by its environment, stopped by a signal.
#![allow(clippy::unwrap_used)]

use std::{
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

use plexica_sdk::{
    TestHost,
    contract::{path::HEALTH, tenancy::environment::SHUTDOWN_DELAY},
};
use plexica_testkit::{require, wait_for, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plexica-crm");
const SOON: Duration = Duration::from_secs(30);

/// Killed when a test fails before it has ended.
struct Process(Child);

impl Process {
    /// The program, with what the platform would start it with.
    fn start(host: &TestHost, listen: SocketAddr, more: &[(&str, &str)]) -> Self {
        let mut program = Command::new(PROGRAM);
        program.env_clear().envs(host.environment(listen)).envs(more.iter().copied()).stdout(Stdio::null());
        Self(program.spawn().unwrap())
    }

    fn terminate(&self) {
        assert!(Command::new("kill").arg(self.0.id().to_string()).status().unwrap().success());
    }

    async fn ended_well(&mut self) {
        let status = wait_for("it ends", SOON, async || self.0.try_wait().unwrap()).await;
        assert!(status.success(), "{status}");
    }
}

fn free() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[tokio::test]
async fn it_serves_its_tenants_until_it_is_told_to_stop() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plexica_crm::plugin(), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let listen = free();
    let mut process = Process::start(&host, listen, &[]);

    // It learns of the tenant from the platform: nobody called its lifecycle endpoint.
    let client = reqwest::Client::new();
    let url = |path: &str| format!("http://{listen}{path}");
    wait_until("the tenant is well", SOON, async || {
        let health = client.get(url(&format!("{HEALTH}?tenant=acme"))).send().await;
        health.is_ok_and(|health| health.status() == 200)
    })
    .await;
    let token = acme.as_user(["crm:contacts:read"]).token();
    let contacts = client.get(url("/contacts")).bearer_auth(token).send().await.unwrap();
    assert_eq!(contacts.status(), 200);

    process.terminate();
    process.ended_well().await;
}

#[tokio::test]
async fn told_to_stop_it_serves_on_for_who_has_not_heard_of_it() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plexica_crm::plugin(), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let listen = free();
    let mut process = Process::start(&host, listen, &[(SHUTDOWN_DELAY, "30")]);
    // Each request by a connection of its own, as from somebody new.
    let get = async |path: &str, token: &str| {
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        let answer = client.get(format!("http://{listen}{path}")).bearer_auth(token).send().await;
        answer.ok().map(|answer| answer.status().as_u16())
    };
    let token = acme.as_user(["crm:contacts:read"]).token();
    wait_until("it is there", SOON, async || get(HEALTH, "").await == Some(200)).await;

    process.terminate();
    wait_until("it says that it is stopping", SOON, async || get(HEALTH, "").await == Some(503)).await;
    assert_eq!(get("/contacts", &token).await, Some(200), "a request that was sent to it before that was heard");

    // And not for ever.
    drop(process);
    wait_until("it is killed", SOON, async || get(HEALTH, "").await.is_none()).await;
    process = Process::start(&host, listen, &[(SHUTDOWN_DELAY, "1")]);
    wait_until("another is there", SOON, async || get(HEALTH, "").await == Some(200)).await;
    process.terminate();
    process.ended_well().await;
    assert_eq!(get(HEALTH, "").await, None);
}

#[test]
fn without_a_platform_it_says_what_is_missing() {
    let output = Command::new(PROGRAM).env_clear().output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("PLEXICA_PLUGIN_ID is not set"), "{told}");
}
