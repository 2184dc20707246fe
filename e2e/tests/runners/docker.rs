//! What other hands do on an engine.

use plexica_backends::{
    Kind as Failure, Retired,
    workloads::{State, Workload},
};
use plexica_testkit::{docker::Engine, wait_until};

use super::subject::{IMAGE, Kind, PATIENCE, Subject, container};

async fn running() -> Option<(Subject, Engine, Workload)> {
    let subject = Subject::docker().await?;
    let Kind::Docker(engine) = &subject.kind else { unreachable!("it is one") };
    let (engine, workload) = (engine.clone(), subject.workload());
    subject.up(&workload).await;
    Some((subject, engine, workload))
}

async fn retire(subject: &Subject, workload: &Workload) {
    assert_eq!(subject.workloads.retire(&workload.place()).await.unwrap(), Retired::Removed);
}

/// Each in the words that a drift is told in.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_did_is_undone() {
    let Some((subject, engine, workload)) = running().await else { return };
    let name = container(&engine, &workload);
    let id = engine.docker(&["inspect", "--format", "{{.Id}}", &name]);
    let network = subject.network();
    let doings: [(&[&str], &str); 7] = [
        (&["stop", &id], "started container"),
        (&["kill", &id], "started container"),
        (&["pause", &id], "unpaused container"),
        (&["rename", &id, &format!("{}-mine", subject.namespace)], "renamed container"),
        (&["update", "--pids-limit", "100", &id], "updated limits of container"),
        (&["network", "disconnect", &network, &id], "connected container"),
        (&["network", "connect", "bridge", &id], "disconnected container"),
    ];
    for (doing, told) in doings {
        engine.docker(doing);
        let changes = subject.ensure(&workload).await.to_string();
        assert!(changes.starts_with(told), "{doing:?}: {changes}");
        subject.up(&workload).await;
        assert_eq!(container(&engine, &workload), name);
    }
    // A limit that it should not have cannot be taken away.
    engine.docker(&["update", "--memory", "64m", "--memory-swap", "64m", &id]);
    let changes = subject.ensure(&workload).await.to_string();
    assert!(changes.starts_with("replaced container"), "{changes}");
    subject.up(&workload).await;
    assert_ne!(engine.docker(&["inspect", "--format", "{{.Id}}", &name]), id);
    subject.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_somebody_elses_is_refused_and_not_touched() {
    let Some((subject, engine, workload)) = running().await else { return };
    let name = container(&engine, &workload);
    retire(&subject, &workload).await;

    let theirs = engine.docker(&["create", "--name", &name, IMAGE]);
    let observed = subject.workloads.observe(&workload).await.unwrap();
    assert_eq!(observed.state, State::Absent);
    let refused = subject.workloads.ensure(&workload, &observed).await.unwrap_err();
    assert_eq!(refused.kind, Failure::Conflict, "{refused}");
    assert!(refused.message.contains(&name) && refused.message.contains("was not touched"), "{refused}");
    assert_eq!(
        engine.docker(&["inspect", "--format", "{{.Id}} {{.State.Status}}", &name]),
        format!("{theirs} created")
    );
    engine.docker(&["rm", &theirs]);

    // The network of its namespace, too.
    let network = subject.network();
    wait_until("its network is gone", PATIENCE, async || {
        let filter = format!("name=^{network}$");
        let found = engine.docker(&["network", "ls", "--quiet", "--filter", &filter]);
        if !found.is_empty() {
            engine.docker(&["network", "rm", &found]);
        }
        found.is_empty()
    })
    .await;
    engine.docker(&["network", "create", &network]);
    let observed = subject.workloads.observe(&workload).await.unwrap();
    let refused = subject.workloads.ensure(&workload, &observed).await.unwrap_err();
    assert_eq!(refused.kind, Failure::Conflict, "{refused}");
    engine.docker(&["network", "rm", &network]);
    subject.clear().await;
}

/// One namespace, one network; who is not in it reaches nobody there.
#[tokio::test(flavor = "multi_thread")]
async fn each_namespace_has_a_network_that_goes_with_its_last_workload() {
    let Some((subject, engine, workload)) = running().await else { return };
    let other = Workload { plugin: "other".parse().unwrap(), ..workload.clone() };
    subject.up(&other).await;
    let network = subject.network();
    let count =
        || engine.docker(&["network", "ls", "--quiet", "--filter", &format!("name=^{network}$")]).lines().count();
    let networks = |workload: &Workload| {
        let format = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}";
        engine.docker(&["inspect", "--format", format, &container(&engine, workload)])
    };
    assert_eq!((networks(&workload), networks(&other)), (network.clone(), network.clone()));
    retire(&subject, &other).await;
    assert_eq!(count(), 1, "it has another");
    retire(&subject, &workload).await;
    assert_eq!(count(), 0);
    subject.clear().await;
}

/// The platform's own containers are put into plugins' networks, under the name that plugins know them by.
#[tokio::test(flavor = "multi_thread")]
async fn the_platform_is_in_the_networks_of_plugins() {
    let Some((subject, engine, workload)) = running().await else { return };
    let member = |name: &str| {
        let own = format!("plexica.io/plugin-networks={}", subject.installation);
        let labels = [own, format!("com.docker.compose.service={name}")];
        engine.docker(&[
            "run",
            "--detach",
            "--label",
            &labels[0],
            "--label",
            &labels[1],
            "--env",
            "PLEXICA_LISTEN=0.0.0.0:8080",
            IMAGE,
        ])
    };
    let gateway = member("gateway");
    let changes = subject.ensure(&workload).await.to_string();
    assert_eq!(changes, format!("connected gateway to network {}", subject.network()));
    assert!(subject.ensure(&workload).await.is_empty());
    // One that is made anew is found again.
    engine.docker(&["rm", "--force", &gateway]);
    let gateway = member("gateway");
    assert!(!subject.ensure(&workload).await.is_empty());
    retire(&subject, &workload).await;
    let format = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}";
    assert_eq!(engine.docker(&["inspect", "--format", format, &gateway]), "bridge", "the network is gone");
    engine.docker(&["rm", "--force", &gateway]);
    subject.clear().await;
}
