use super::super::{
    desired::{
        self,
        tests::{limited, settings, workload},
    },
    found::{Container, Environment},
};
use super::*;
use crate::workloads::Workload;
use bollard::models::{ContainerState, EndpointSettings, RestartPolicy, RestartPolicyNameEnum};

/// One that is exactly as it should be.
fn well(workload: &Workload) -> (Container, Wanted) {
    let wanted = desired::of(workload, &settings());
    let endpoint = EndpointSettings {
        aliases: Some(vec![wanted.alias.clone(), "0123456789ab".into()]),
        ..EndpointSettings::default()
    };
    let container = Container {
        id: "0123456789ab".into(),
        name: wanted.name.clone(),
        image: wanted.body.image.clone(),
        user: "65532:65532".into(),
        // An image's own come first.
        environment: Environment(["PATH=/".to_owned()].into_iter().chain(wanted.body.env.clone().unwrap()).collect()),
        state: ContainerState { status: Some(Status::RUNNING), ..ContainerState::default() },
        host: wanted.body.host_config.clone().unwrap(),
        networks: [(wanted.network.clone(), endpoint)].into(),
        ..Container::default()
    };
    (container, wanted)
}

fn after(change: impl Fn(&mut Container, &Wanted)) -> Vec<Repair> {
    let (mut container, wanted) = well(&limited(Some("500m"), Some("64Mi")));
    change(&mut container, &wanted);
    of(&container, &wanted, Some(&network()), ABLE)
}

const ABLE: Abilities = Abilities { memory: true, cpu: true, processes: true };

fn network() -> Network {
    Network { id: "net".into(), ..Network::default() }
}

#[test]
fn one_that_is_as_it_should_be_is_left_alone() {
    assert_eq!(after(|_, _| {}), []);
    let (mut container, wanted) = well(&workload());
    // As an engine tells of limits that were not given.
    container.host.memory = Some(0);
    container.host.memory_swap = Some(-1);
    container.host.nano_cpus = Some(0);
    assert_eq!(of(&container, &wanted, Some(&network()), ABLE), []);
    container.state.status = Some(Status::RESTARTING);
    assert_eq!(of(&container, &wanted, Some(&network()), ABLE), [], "the engine is at it");
}

#[test]
fn what_somebody_did_is_undone() {
    assert_eq!(after(|container, _| container.name = "mine".into()), [Repair::Rename]);
    assert_eq!(after(|container, _| container.state.status = Some(Status::PAUSED)), [Repair::Unpause]);
    for status in [Status::CREATED, Status::EXITED] {
        assert_eq!(after(|container, _| container.state.status = Some(status)), [Repair::Start], "{status:?}");
    }
    assert_eq!(after(|container, _| container.networks.clear()), [Repair::Connect { anew: false }]);
    assert_eq!(
        after(|container, wanted| container.networks.get_mut(&wanted.network).unwrap().aliases = None),
        [Repair::Connect { anew: true }]
    );
    assert_eq!(
        after(|container, _| drop(container.networks.insert("bridge".into(), EndpointSettings::default()))),
        [Repair::Disconnect("bridge".into())]
    );
}

#[test]
fn limits_are_put_back() {
    let never = || RestartPolicy { name: Some(RestartPolicyNameEnum::NO), ..RestartPolicy::default() };
    let changes: [fn(&mut HostConfig); 3] =
        [|host| host.memory = Some(1 << 30), |host| host.nano_cpus = Some(0), |host| host.pids_limit = None];
    for change in changes {
        let repairs = after(|container, _| change(&mut container.host));
        let [Repair::Update(limits)] = &repairs[..] else { panic!("{repairs:?}") };
        assert_eq!((limits.memory, limits.nano_cpus), (Some(64 << 20), Some(500_000_000)));
    }
    let repairs = after(|container, _| container.host.restart_policy = Some(never()));
    assert!(matches!(&repairs[..], [Repair::Update(_)]), "{repairs:?}");
}

#[test]
fn a_limit_that_should_not_be_takes_another_container() {
    let (mut container, wanted) = well(&workload());
    container.host.memory = Some(64 << 20);
    assert_eq!(of(&container, &wanted, Some(&network()), ABLE), [Repair::Remove]);
}

#[test]
fn what_an_engine_cannot_limit_is_not_asked_of_it_again_and_again() {
    let (mut container, wanted) = well(&limited(Some("500m"), Some("64Mi")));
    container.host = HostConfig { memory: Some(0), nano_cpus: Some(0), pids_limit: None, ..container.host };
    let unable = Abilities { memory: false, cpu: false, processes: false };
    assert_eq!(of(&container, &wanted, Some(&network()), unable), []);
    assert!(!of(&container, &wanted, Some(&network()), ABLE).is_empty());
}

#[test]
fn one_that_somebody_made_of_its_name_goes() {
    let changes: [fn(&mut Container); 10] = [
        |container| container.user = "0".into(),
        |container| container.image = Some("theirs:1".into()),
        |container| container.environment.0.retain(|variable| !variable.starts_with("DATABASE_URL=")),
        |container| container.host.privileged = Some(true),
        |container| container.host.readonly_rootfs = Some(false),
        |container| container.host.cap_drop = None,
        |container| container.host.cap_add = Some(vec!["NET_ADMIN".into()]),
        |container| container.host.binds = Some(vec!["/:/host".into()]),
        |container| container.host.pid_mode = Some("host".into()),
        |container| container.state.status = Some(Status::DEAD),
    ];
    for (nth, change) in changes.into_iter().enumerate() {
        assert_eq!(after(|container, _| change(container)), [Repair::Remove], "{nth}");
    }
}

#[test]
fn one_whose_network_was_made_again_goes() {
    let of_network = |id: &str| {
        after(|container, wanted| container.networks.get_mut(&wanted.network).unwrap().network_id = Some(id.into()))
    };
    assert_eq!(of_network("net"), []);
    assert_eq!(of_network("another"), [Repair::Remove]);
}
