//! What every runner does.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures::StreamExt;
use plexica_backends::{
    Retired,
    workloads::{Changed, State},
};
use plexica_contract::manifest::{ResourceQuantities, Resources};
use plexica_testkit::{wait_for, wait_until};

use super::subject::{AUTHORITIES, Kind, PATIENCE, Subject};

pub async fn it_is_made_once_and_goes_with_all_that_it_has(subject: &Subject) {
    let (workload, workloads) = (subject.workload(), &subject.workloads);
    let place = workload.place();
    assert_eq!(subject.state(&workload).await, State::Absent);
    assert_eq!(workloads.retire(&place).await.unwrap(), Retired::Gone, "there is none");

    let endpoint = subject.up(&workload).await;
    assert_eq!(subject.get(&endpoint, "/environment").await.unwrap()["GREETING"], "hello");
    assert!(subject.ensure(&workload).await.is_empty(), "it is as it should be");
    assert_eq!(workloads.list(&place.namespace, &workload.plugin).await.unwrap(), std::slice::from_ref(&place));
    assert_eq!(workloads.list(&place.namespace, &"other".parse().unwrap()).await.unwrap(), []);
    assert_eq!(workloads.digest(&workload), workloads.digest(&workload.clone()));

    assert_eq!(workloads.retire(&place).await.unwrap(), Retired::Removed);
    wait_until("it is gone", PATIENCE, async || subject.state(&workload).await == State::Absent).await;
    assert_eq!(workloads.list(&place.namespace, &workload.plugin).await.unwrap(), []);
    wait_until("it answers no more", PATIENCE, async || subject.get(&endpoint, "/environment").await.is_err()).await;
}

/// Requests follow the endpoint as a gateway's do.
pub async fn another_comes_up_beside_it_and_no_request_fails(subject: &Subject) {
    let workload = subject.workload();
    let endpoint = Mutex::new(subject.up(&workload).await);
    let (ends, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let load = async {
        let mut failed = Vec::new();
        while !ends.load(Ordering::SeqCst) {
            let url = endpoint.lock().unwrap().clone();
            match subject.get(&url, "/environment").await {
                Ok(_) => drop(answered.fetch_add(1, Ordering::SeqCst)),
                Err(error) => failed.push(error),
            }
        }
        failed
    };
    let change = async {
        let mut changed = workload.clone();
        changed.environment.insert("GREETING".into(), "good morning".into());
        let next = subject.up(&changed).await;
        endpoint.lock().unwrap().clone_from(&next);
        subject.workloads.settle(&changed).await;
        wait_until("all who answer are the new", PATIENCE, async || {
            subject.get(&next, "/environment").await.unwrap()["GREETING"] == "good morning"
        })
        .await;
        // Until the one before has had its time to end.
        let before = answered.load(Ordering::SeqCst);
        wait_until("requests go on", PATIENCE, async || answered.load(Ordering::SeqCst) > before + 500).await;
        wait_until("one is left", PATIENCE, async || match &subject.kind {
            Kind::Process => true,
            Kind::Docker(engine) => super::subject::containers(engine, &subject.namespace).lines().count() == 1,
            Kind::Kubernetes(client) => super::subject::pods(client, &subject.namespace).await.len() == 1,
        })
        .await;
        ends.store(true, Ordering::SeqCst);
        assert!(subject.ensure(&changed).await.is_empty());
    };
    let (failed, ()) = futures::join!(load, change);
    assert!(failed.is_empty(), "{} failed of {}: {failed:?}", failed.len(), answered.load(Ordering::SeqCst));
}

pub async fn one_that_died_comes_back_and_is_told_of(subject: &Subject) {
    let workload = subject.workload();
    let told: Arc<Mutex<Vec<Changed>>> = Arc::default();
    let mut changes = subject.workloads.changes();
    let taken = Arc::clone(&told);
    let listener = tokio::spawn(async move {
        while let Some(changed) = changes.next().await {
            taken.lock().unwrap().push(changed);
        }
    });
    let endpoint = subject.up(&workload).await;
    told.lock().unwrap().clear();
    subject.die(&endpoint).await;
    wait_until("it is told of", PATIENCE, async || {
        told.lock().unwrap().iter().any(|changed| changed.concerns("subject", "acme"))
    })
    .await;
    let again = subject.up(&workload).await;
    assert_eq!(subject.get(&again, "/environment").await.unwrap()["GREETING"], "hello");
    listener.abort();
}

pub async fn what_somebody_removed_is_made_again(subject: &Subject) {
    let workload = subject.workload();
    subject.up(&workload).await;
    if !subject.remove(&workload).await {
        return;
    }
    let observed = subject.workloads.observe(&workload).await.unwrap();
    assert_eq!(observed.state, State::Absent);
    let told = subject.workloads.differences(&workload, &observed).await.unwrap();
    assert!(!told.is_empty());
    subject.up(&workload).await;
    assert!(subject.ensure(&workload).await.is_empty());
}

pub async fn it_has_no_rights(subject: &Subject) {
    if matches!(subject.kind, Kind::Process) {
        return;
    }
    let endpoint = subject.up(&subject.workload()).await;
    let rights = subject.get(&endpoint, "/rights").await.unwrap();
    assert_ne!(rights["uid"], "0", "{rights}");
    assert_eq!(rights["capabilities"], "0000000000000000", "{rights}");
    assert_eq!(rights["noNewPrivileges"], "1", "{rights}");
    assert_eq!((&rights["writesRoot"], &rights["writesTmp"]), (&false.into(), &true.into()), "{rights}");
    assert_eq!(rights["authorities"], AUTHORITIES, "{rights}");
}

/// A person reads it on the resource, so that it has to be clear.
pub async fn what_does_not_come_up_says_why(subject: &Subject) {
    let memory =
        Resources { limits: Some(ResourceQuantities { cpu: None, memory: Some("32Mi".into()) }), requests: None };
    let mut missing = subject.workload();
    missing.image = Some("registry.invalid/plexica/missing:1.0.0".into());
    missing.command = vec!["/nowhere/to/be/found".into()];
    let mut greedy = subject.failing("eats");
    greedy.resources = Some(memory);
    let all = [
        (
            missing,
            [
                "/nowhere/to/be/found, or what it starts, was not found",
                "registry.invalid/plexica/missing:1.0.0 cannot be pulled",
                "cannot be pulled",
            ],
        ),
        (subject.failing("ends"), ["exit status: 3", "ended with exit code 3", "ended with exit code 3"]),
        (subject.failing("sick"), ["LISTEN says: HTTP 503", "port 8080 says: HTTP 503", "is not ready"]),
        (subject.failing("astray"), ["LISTEN says: no answer", "port 8080 says: no answer", "is not ready"]),
        (greedy, ["", "used more memory than its limit of 32Mi", "used more memory than its limit of 32Mi"]),
    ];
    for (workload, words) in all {
        let words = match subject.kind {
            Kind::Process => words[0],
            Kind::Docker(_) => words[1],
            Kind::Kubernetes(_) => words[2],
        };
        // Nothing limits a process, and this machine is to keep its memory.
        if words.is_empty() {
            continue;
        }
        let mut said = String::new();
        wait_for(words, PATIENCE, async || {
            drop(subject.ensure(&workload).await);
            match subject.state(&workload).await {
                State::Starting(text) | State::Failing(text) => said = text,
                State::Absent => {}
                State::Ready { .. } => panic!("it cannot be"),
            }
            said.contains(words).then_some(())
        })
        .await;
        let retired = subject.workloads.retire(&workload.place()).await.unwrap();
        if retired == Retired::Gone {
            assert!(said.contains("cannot be pulled"), "what there is no image of is no container: {said}");
            continue;
        }
        wait_until("it is gone", PATIENCE, async || subject.state(&workload).await == State::Absent).await;
    }
}
