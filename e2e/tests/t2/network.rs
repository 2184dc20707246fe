//! The chart's `NetworkPolicies`, on a network that heeds them: who reaches whom, tried from each one's own place.

use std::{
    fs::{self, File},
    net::{IpAddr, SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use nix::{
    ifaddrs::getifaddrs,
    sched::{CloneFlags, setns},
};
use plexica_e2e::kubectl::NAMESPACE;
use plexica_testkit::{keycloak::Keycloak, s3::ObjectStore, wait_for};
use serde_json::{Value, json};
use url::Url;

use crate::{cluster::Cluster, relay};

/// Where the network's plugins keep those of pods.
const PLACES: &str = "/var/run/netns";
/// A pod that has nothing to do with the platform, in a namespace of others.
const STRANGER: (&str, &str) = ("default", "stranger");
/// A connection that is neither taken nor refused by then is lost on its way.
const PATIENCE: Duration = Duration::from_secs(3);
const LONG: Duration = Duration::from_mins(2);
const METRICS: u16 = 9090;

/// Where the systems are that the platform needs, as pods reach them: all on the node.
pub struct Systems {
    pub kubernetes: SocketAddr,
    pub database: SocketAddr,
    pub keycloak: SocketAddr,
    pub store: SocketAddr,
}

impl Systems {
    /// Opens them to pods for as long as the test runs.
    pub async fn open(cluster: &Cluster, database: &Url, keycloak: &Keycloak, store: &ObjectStore) -> Self {
        let node = cluster.address();
        let relayed = async |url: &str| relay::open(&node, &url.parse().unwrap()).await;
        Self {
            kubernetes: cluster.api_server().await,
            database: relayed(database.as_str()).await,
            keycloak: relayed(&keycloak.url).await,
            store: relayed(&store.endpoint).await,
        }
    }

    /// What the chart is told of them, and of names, which are served on the node as well.
    pub fn policy(&self) -> Value {
        let node = self.kubernetes.ip();
        let way = |ports: &[(u16, &str)]| {
            let ports = ports.iter().map(|(port, protocol)| json!({ "port": port, "protocol": protocol }));
            let ports: Vec<_> = ports.collect();
            json!([{ "to": [{ "ipBlock": { "cidr": format!("{node}/32") } }], "ports": ports }])
        };
        let to = |system: SocketAddr| way(&[(system.port(), "TCP")]);
        json!({
            "enabled": true,
            "dns": way(&[(53, "UDP"), (53, "TCP")]),
            "kubernetes": to(self.kubernetes),
            "databases": to(self.database),
            "keycloak": to(self.keycloak),
            "objectStore": to(self.store),
        })
    }
}

/// Each way that is named is open, and each other one closed.
pub async fn lets_through_what_is_named(cluster: &Cluster, systems: &Systems) {
    let (namespace, name) = STRANGER;
    cluster
        .apply(&json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": namespace },
            "spec": { "containers": [{ "name": "waits", "image": cluster.pause(), "imagePullPolicy": "Never" }] },
        }))
        .await;
    let stranger = address(cluster, namespace, &format!("--field-selector=metadata.name={name}")).await;
    let labelled = async |label: &str| address(cluster, NAMESPACE, &format!("--selector={label}")).await;
    let operator = labelled("app.kubernetes.io/name=plexica-operator").await;
    let core_api = labelled("app.kubernetes.io/name=plexica-core-api").await;
    let gateway = labelled("app.kubernetes.io/name=plexica-gateway").await;
    let plugin = labelled("plexica.io/plugin=crm").await;
    let at = |address: IpAddr, port| SocketAddr::new(address, port);
    let Systems { kubernetes, database, keycloak, store } = *systems;
    let [serves, tells, plugs] = [at(gateway, 8080), at(core_api, 8081), at(plugin, 8080)];
    let measured = [operator, core_api, gateway].map(|part| at(part, METRICS));

    let everything = [kubernetes, database, keycloak, store, serves, tells, plugs];
    let everything: Vec<_> = everything.into_iter().chain(measured).collect();
    for (who, from, open) in [
        ("the operator", operator, &[kubernetes, database, keycloak, store, plugs, measured[0]][..]),
        ("the core API", core_api, &[kubernetes, database, tells, measured[1]]),
        ("the gateway", gateway, &[kubernetes, keycloak, tells, plugs, serves, measured[2]]),
        ("a plugin", plugin, &[database, store, tells, plugs]),
        // What they go out to is not the chart's to close.
        ("a stranger", stranger, &[kubernetes, database, keycloak, store, serves]),
    ] {
        for to in &everything {
            assert_eq!(reaches(from, *to), open.contains(to), "{who} ({from}) and {to}, of {open:?}");
        }
    }
    println!("{} ways were tried", 5 * everything.len());
    cluster.run(&["delete", "pod", name, "--namespace", namespace, "--grace-period=0", "--force"], "").await.unwrap();
}

/// The address of the one pod that is meant.
async fn address(cluster: &Cluster, namespace: &str, which: &str) -> IpAddr {
    let path = "--output=jsonpath={.items[*].status.podIP}";
    wait_for(&format!("{which} has an address"), LONG, async || {
        cluster.run(&["get", "pods", "--namespace", namespace, which, path], "").await.unwrap().trim().parse().ok()
    })
    .await
}

/// Whether a connection from the pod of this address to there is taken.
fn reaches(from: IpAddr, to: SocketAddr) -> bool {
    // A thread of its own may go to another place.
    thread::spawn(move || {
        let places = fs::read_dir(PLACES).unwrap().map(|entry| entry.unwrap().path());
        for place in places {
            setns(File::open(place).unwrap(), CloneFlags::CLONE_NEWNET).unwrap();
            let has = |address: nix::ifaddrs::InterfaceAddress| {
                let address = address.address?;
                Some(IpAddr::from(address.as_sockaddr_in()?.ip()))
            };
            if getifaddrs().unwrap().any(|address| has(address) == Some(from)) {
                return TcpStream::connect_timeout(&to, PATIENCE).is_ok();
            }
        }
        panic!("no pod has {from}");
    })
    .join()
    .unwrap()
}
