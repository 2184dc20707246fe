//! etcd, the API server, the controllers and the scheduler.

use super::{Cluster, Tier, node};
use crate::error::Result;
use crate::{ports, process};

/// Addresses of Services.
pub const SERVICES: &str = "10.0.0.0/24";

/// Starts etcd and the API server: a cluster of tier 0.
pub fn start(cluster: &mut Cluster<'_>) -> Result<()> {
    let port = cluster.start.port()?;
    let [client, peer] = [port, cluster.start.port()?].map(|port| format!("http://127.0.0.1:{port}"));
    let mut etcd = cluster.component("etcd");
    etcd.arg("--data-dir")
        .arg(cluster.start.path("etcd"))
        .arg("--unsafe-no-fsync")
        .args(["--log-level", "warn"])
        .args(["--listen-client-urls", &client])
        .args(["--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer])
        .args(["--initial-advertise-peer-urls", &peer])
        .arg(format!("--initial-cluster=default={peer}"));
    cluster.start.spawn("etcd", &mut etcd, 60, || ports::answers(port, "/health"))?;

    let mut server = cluster.component("kube-apiserver");
    server.arg(format!("--etcd-servers={client}")).args(api_server_flags(cluster));
    let mut ready = cluster.kubectl();
    ready.args(["get", "--raw", "/readyz"]);
    cluster.start.spawn("kube-apiserver", &mut server, 120, || process::run(&mut ready).is_ok())
}

fn api_server_flags(cluster: &Cluster<'_>) -> Vec<String> {
    let credentials = &cluster.credentials;
    let file = |name: &str| credentials.file(name);
    let mut flags = vec![
        format!("--secure-port={}", credentials.port),
        "--authorization-mode=Node,RBAC".into(),
        format!("--client-ca-file={}", file("ca.crt")),
        format!("--tls-cert-file={}", file("server.crt")),
        format!("--tls-private-key-file={}", file("server.key")),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--service-account-key-file={}", file("sa.pub")),
        format!("--service-account-signing-key-file={}", file("sa.key")),
        format!("--service-cluster-ip-range={SERVICES}"),
        "--allow-privileged=true".into(),
    ];
    if cluster.tier == Tier::T2 {
        flags.extend([
            "--bind-address=0.0.0.0".into(),
            format!("--advertise-address={}", node::ADDRESS),
            "--kubelet-preferred-address-types=InternalIP".into(),
            format!("--kubelet-client-certificate={}", file("server.crt")),
            format!("--kubelet-client-key={}", file("server.key")),
        ]);
    } else {
        flags.extend([
            "--bind-address=127.0.0.1".into(),
            "--advertise-address=127.0.0.1".into(),
            // No pods look for the API server by its Service, and loopback is no endpoint.
            "--endpoint-reconciler-type=none".into(),
        ]);
    }
    if cluster.tier == Tier::T0 {
        // No controller makes service accounts here, and pods would wait for theirs.
        flags.push("--disable-admission-plugins=ServiceAccount".into());
    }
    flags
}

/// Starts the controllers and the scheduler: tier 1.
pub fn start_controllers(cluster: &mut Cluster<'_>) -> Result<()> {
    let mut manager = cluster.component("kube-controller-manager");
    manager
        .arg("--kubeconfig=controller-manager.kubeconfig")
        .arg("--service-account-private-key-file=pki/sa.key")
        .arg("--root-ca-file=pki/ca.crt")
        .args(["--use-service-account-credentials", "--leader-elect=false"])
        .arg("--secure-port=0");
    let mut account = cluster.kubectl();
    account.args(["get", "serviceaccount", "default"]);
    cluster.start.spawn("kube-controller-manager", &mut manager, 120, || process::run(&mut account).is_ok())?;
    let mut scheduler = cluster.component("kube-scheduler");
    scheduler.args(["--kubeconfig=scheduler.kubeconfig", "--leader-elect=false"]);
    scheduler.arg("--secure-port=0");
    // It has no port of its own; that it works shows when a pod is placed.
    cluster.start.spawn("kube-scheduler", &mut scheduler, 10, || true)
}
