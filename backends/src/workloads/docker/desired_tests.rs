use super::*;
use crate::ownership::Mark;
use bollard::models::ContainerCreateBody;
use plexica_contract::manifest::ResourceQuantities;

pub(in crate::workloads::docker) fn workload() -> Workload {
    Workload {
        namespace: "plexica-system".into(),
        owner: Mark {
            installation: "plexica".into(),
            kind: "Plugin".into(),
            name: "crm-1.4.0".into(),
            uid: "1".into(),
        },
        plugin: "crm".parse().unwrap(),
        version: "1.4.0".parse().unwrap(),
        tenant: None,
        image: Some("plexica/crm:1.4.0".into()),
        command: Vec::new(),
        port: 8080,
        replicas: 1,
        resources: None,
        environment: [("DATABASE_URL".to_owned(), "postgres://hunter2@db/x".to_owned())].into(),
    }
}

pub(in crate::workloads::docker) fn settings() -> Settings {
    Settings {
        installation: "plexica".into(),
        host: "unix:///var/run/docker.sock".into(),
        reach: Reach::Network,
        ca_bundle: None,
        pull_secrets: Vec::new(),
    }
}

/// With limits of that much.
pub(in crate::workloads::docker) fn limited(cpu: Option<&str>, memory: Option<&str>) -> Workload {
    let limits = ResourceQuantities { cpu: cpu.map(str::to_owned), memory: memory.map(str::to_owned) };
    Workload { resources: Some(Resources { requests: None, limits: Some(limits) }), ..workload() }
}

fn host(body: &ContainerCreateBody) -> &HostConfig {
    body.host_config.as_ref().unwrap()
}

#[test]
fn the_name_changes_with_all_that_is_said_and_nothing_else() {
    let name = |workload: &Workload, settings: &Settings| of(workload, settings).name;
    let (workload, settings) = (workload(), settings());
    let as_it_is = name(&workload, &settings);
    assert!(as_it_is.starts_with("plexica.plexica-system.plugin-crm-1-4-0."), "{as_it_is}");
    assert_eq!(name(&workload.clone(), &settings.clone()), as_it_is);
    // An engine has one container of each, and is reached the same way.
    assert_eq!(name(&Workload { replicas: 3, command: vec!["crm".into()], ..workload.clone() }, &settings), as_it_is);
    let mut environment = workload.environment.clone();
    environment.insert("PLEXICA_RESTARTS".into(), "1".into());
    let mut owner = workload.owner.clone();
    owner.uid = "2".into();
    for other in [
        Workload { environment, ..workload.clone() },
        Workload { owner, ..workload.clone() },
        Workload { port: 9000, ..workload.clone() },
        Workload { image: Some("plexica/crm:1.4.1".into()), ..workload.clone() },
        Workload { tenant: Some("acme".parse().unwrap()), ..workload.clone() },
        limited(Some("1"), None),
    ] {
        assert_ne!(name(&other, &settings), as_it_is, "{other:?}");
    }
    let trusting = |pem: &str| Settings { ca_bundle: Some(pem.into()), ..settings.clone() };
    let names = [as_it_is, name(&workload, &trusting("one")), name(&workload, &trusting("two"))];
    assert_eq!(std::collections::HashSet::from(names.clone()).len(), 3, "{names:?}");
}

#[test]
fn a_container_has_no_rights() {
    let body = of(&workload(), &settings()).body;
    let host = host(&body);
    assert_eq!(host.readonly_rootfs, Some(true));
    assert_eq!(host.cap_drop.as_deref(), Some(&["ALL".to_owned()][..]));
    assert_eq!(host.security_opt.as_deref(), Some(&["no-new-privileges:true".to_owned()][..]));
    assert_eq!((host.privileged, &host.binds, &host.cap_add), (None, &None, &None));
    assert_eq!(host.pids_limit, Some(PROCESSES));
    assert!(host.port_bindings.is_none(), "it is reached in its network alone");
    assert_eq!(body.user, None, "that of the image, which may not be root");
}

#[test]
fn each_namespace_has_a_network_in_which_each_container_has_a_name_of_its_own() {
    let of = |namespace: &str, port| of(&Workload { namespace: namespace.into(), port, ..workload() }, &settings());
    let (shared, acme, other) = (of("plexica-system", 8080), of("tenant-acme", 8080), of("tenant-acme", 8081));
    assert_eq!((shared.network.as_str(), acme.network.as_str()), ("plexica.plexica-system", "plexica.tenant-acme"));
    assert_ne!(acme.alias, other.alias);
    let endpoints = acme.body.networking_config.unwrap().endpoints_config.unwrap();
    assert_eq!(endpoints[&acme.network].aliases.as_deref(), Some(&[acme.alias.clone()][..]));
    let found = alias(acme.body.labels.as_ref().unwrap()).unwrap();
    assert_eq!(found, (acme.alias.clone(), 8080));
    let longest = Workload {
        plugin: "a23456789012345678901234".parse().unwrap(),
        version: "1000.1000.1000-alpha.1".parse().unwrap(),
        ..workload()
    };
    let longest = super::of(&longest, &settings());
    assert!(longest.alias.len() <= 63, "a DNS label: {}", longest.alias);
}

#[test]
fn it_is_reached_by_name_or_on_a_port_of_the_machine() {
    let url = |reach, bound: Option<u16>| endpoint("crm-0", 8080, reach, |_| bound).map(|url| url.to_string());
    assert_eq!(url(Reach::Network, None).as_deref(), Some("http://crm-0:8080/"));
    assert_eq!(url(Reach::Loopback, Some(49_153)).as_deref(), Some("http://127.0.0.1:49153/"));
    assert_eq!(url(Reach::Loopback, None), None, "it does not run");
    let body = of(&workload(), &Settings { reach: Reach::Loopback, ..settings() }).body;
    let bindings = host(&body).port_bindings.as_ref().unwrap()["8080/tcp"].as_ref().unwrap();
    assert_eq!(bindings[0].host_ip.as_deref(), Some("127.0.0.1"), "and on no other address");
}

#[test]
fn limits_are_those_of_the_manifest() {
    for (cpu, memory, expected) in [
        (None, None, (None, None)),
        (Some("500m"), Some("64Mi"), (Some(500_000_000), Some(64 << 20))),
        (Some("2"), Some("1G"), (Some(2_000_000_000), Some(1_000_000_000))),
        (Some("many"), None, (None, None)),
    ] {
        let body = of(&limited(cpu, memory), &settings()).body;
        let host = host(&body);
        assert_eq!((host.nano_cpus, host.memory), expected, "{cpu:?} {memory:?}");
        assert_eq!(host.memory_swap, host.memory, "no swap");
    }
}

#[test]
fn cas_are_a_file_that_it_is_told_of() {
    let body = of(&workload(), &Settings { ca_bundle: Some("pem".into()), ..settings() }).body;
    assert!(body.env.as_ref().unwrap().contains(&"PLEXICA_CA_BUNDLE=/etc/plexica/ca/bundle.pem".to_owned()));
    let mounts = host(&body).mounts.as_ref().unwrap();
    assert_eq!((mounts.len(), mounts[0].target.as_deref()), (1, Some(CA_FOLDER)));
    assert_eq!(mounts[0].source, None, "a volume that goes with it");
    assert!(host(&of(&workload(), &settings()).body).mounts.is_none());
}

#[test]
fn an_image_cannot_say_what_its_container_is() {
    let labels = of(&workload(), &settings()).body.labels.unwrap();
    for name in [MEMBER, COMPOSE_SERVICE, label::CLUSTER, label::TENANT, label::RETAINED_AT] {
        assert_eq!(labels[name], "", "{name}");
    }
    let dedicated = Workload { tenant: Some("acme".parse().unwrap()), ..workload() };
    assert_eq!(of(&dedicated, &settings()).body.labels.unwrap()[label::TENANT], "acme");
}
