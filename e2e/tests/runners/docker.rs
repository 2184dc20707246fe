//! What other hands do on an engine.

use plexica_backends::{
    Kind as Failure, Retired,
    workloads::{State, Workload},
};
use plexica_testkit::{docker::Engine, unique};

use super::subject::{IMAGE, Kind, Subject, container};

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

/// The names of the networks that a container is in.
fn networks(engine: &Engine, id: &str) -> Vec<String> {
    let format = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}";
    engine.docker(&["inspect", "--format", format, id]).split_whitespace().map(str::to_owned).collect()
}

/// Whether there is a network of that name.
fn exists(engine: &Engine, network: &str) -> bool {
    !engine.docker(&["network", "ls", "--quiet", "--filter", &format!("name=^{network}$")]).is_empty()
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
    assert!(changes.starts_with("removed container"), "{changes}");
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
    engine.docker(&["network", "rm", &network]);
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
    for workload in [&workload, &other] {
        assert_eq!(networks(&engine, &container(&engine, workload)), std::slice::from_ref(&network));
    }
    retire(&subject, &other).await;
    assert!(exists(&engine, &network), "it has another");
    retire(&subject, &workload).await;
    assert!(!exists(&engine, &network));
    subject.clear().await;
}

/// Somebody made one that says of itself all that ours does, and may do more.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_only_says_that_it_is_ours_goes() {
    let Some((subject, engine, workload)) = running().await else { return };
    let name = container(&engine, &workload);
    let labels =
        engine.docker(&["inspect", "--format", "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}}\n{{end}}", &name]);
    let labels: Vec<&str> = labels.lines().flat_map(|label| ["--label", label]).collect();
    engine.docker(&["rm", "--force", "--volumes", &name]);
    let mut create = vec!["run", "--detach", "--name", &name, "--privileged", "--env", "PLEXICA_LISTEN=0.0.0.0:8080"];
    create.extend(labels);
    create.push(IMAGE);
    let theirs = engine.docker(&create);
    let changes = subject.ensure(&workload).await.to_string();
    assert!(changes.starts_with("removed container"), "{changes}");
    subject.up(&workload).await;
    assert_ne!(engine.docker(&["inspect", "--format", "{{.Id}}", &name]), theirs);
    subject.clear().await;
}

/// While it does not run, it is in no list of its network, which anybody may remove then.
#[tokio::test(flavor = "multi_thread")]
async fn one_whose_network_was_removed_comes_back() {
    let Some((subject, engine, workload)) = running().await else { return };
    let other = Workload { plugin: "other".parse().unwrap(), ..workload.clone() };
    subject.up(&other).await;
    engine.docker(&["stop", &container(&engine, &workload)]);
    retire(&subject, &other).await;
    let network = subject.network();
    assert!(exists(&engine, &network), "one that does not run needs it");
    engine.docker(&["network", "rm", &network]);
    subject.up(&workload).await;
    assert!(exists(&engine, &network));
    subject.clear().await;
}

/// The platform's own containers are put into plugins' networks, under the name that plugins know them by; a plugin
/// whose image says that it is one of them is not.
#[tokio::test(flavor = "multi_thread")]
async fn the_platform_is_in_the_networks_of_plugins_and_no_plugin_is() {
    let Some(subject) = Subject::docker_in_networks().await else { return };
    let Kind::Docker(engine) = &subject.kind else { unreachable!("it is one") };
    let own = format!("plexica.io/plugin-networks={}", subject.installation);
    let gateway = || {
        let listen = "PLEXICA_LISTEN=0.0.0.0:8080";
        let labels = ["--label", own.as_str(), "--label", "com.docker.compose.service=gateway"];
        engine.docker(&[&["run", "--detach"][..], &labels, &["--env", listen, IMAGE]].concat())
    };
    let network = subject.network();
    let workload = subject.workload();
    let first = gateway();
    let changes = subject.ensure(&workload).await.to_string();
    assert!(changes.contains(&format!("created network {network}")), "{changes}");
    assert!(networks(engine, &first).contains(&network));
    // One that is made anew is found again, at once by the watch or at the next look.
    engine.docker(&["rm", "--force", &first]);
    let second = gateway();
    drop(subject.ensure(&workload).await);
    assert!(networks(engine, &second).contains(&network));

    // An image's labels become those of its container.
    let pretends = unique("pretends");
    let labels = format!("LABEL {own} com.docker.compose.service=postgres plexica.io/tenant=acme");
    let base = engine.docker(&["create", IMAGE]);
    engine.docker(&["commit", "--change", &labels, &base, &pretends]);
    engine.docker(&["rm", &base]);
    let theirs = Workload {
        namespace: format!("{}-2", subject.namespace),
        plugin: "theirs".parse().unwrap(),
        image: Some(pretends.clone()),
        ..workload.clone()
    };
    drop(subject.ensure(&theirs).await);
    let of_theirs = networks(engine, &container(engine, &theirs));
    drop(subject.ensure(&workload).await);
    assert_eq!(networks(engine, &container(engine, &theirs)), of_theirs, "its own alone");
    for workload in [&theirs, &workload] {
        retire(&subject, workload).await;
    }
    assert!(!networks(engine, &second).contains(&network), "the network is gone");
    engine.docker(&["rm", "--force", &second]);
    engine.docker(&["rmi", &pretends]);
    subject.clear().await;
}
