//! A node that runs pods: containerd, kubelet, kube-proxy and the cluster's DNS.

use std::path::Path;
use std::process::Command;

use super::{Cluster, control_plane, leftovers, pause};
use crate::error::{Error, Result};
use crate::parts::tools;
use crate::state::State;
use crate::{files, ports, process};

/// The node's address, on a bridge of its own: pods reach the host by it.
pub const ADDRESS: &str = "10.88.0.1";
/// The bridge that has it.
pub const BRIDGE: &str = "plexica-node";
const DNS: &str = "10.0.0.10";
/// What the node needs, and the package of Debian that has it.
pub const PROGRAMS: [(&str, &str); 7] = [
    ("containerd", "containerd"),
    ("ctr", "containerd"),
    ("runc", "runc"),
    ("iptables", "iptables"),
    ("ipset", "ipset"),
    ("conntrack", "conntrack"),
    ("ip", "iproute2"),
];
/// Where Debian's `containernetworking-plugins` keeps them.
pub const CNI: &str = "/usr/lib/cni";

/// Whether this machine can run a node at all.
pub fn check() -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        return Err(Error::Unsupported("a Kubernetes node needs root (containerd, network bridges)".into()));
    }
    for (program, package) in PROGRAMS {
        process::require(program, &format!("install the package {package}"))?;
    }
    if Path::new(CNI).join("bridge").is_file() {
        return Ok(());
    }
    Err(Error::MissingProgram {
        program: format!("{CNI}/bridge"),
        remedy: "install the package containernetworking-plugins".into(),
    })
}

/// Starts it on a running control plane: tier 2.
pub fn start(cluster: &mut Cluster<'_>) -> Result<()> {
    network()?;
    containerd(cluster)?;
    let socket = cluster.start.path("containerd.sock");
    load(&socket, &pause::archive(cluster.cache)?)?;
    kubelet(cluster, &socket)?;
    let mut proxy = cluster.component("kube-proxy");
    proxy
        .args(["--kubeconfig=proxy.kubeconfig", "--proxy-mode=iptables"])
        .args(["--hostname-override=node1", "--cluster-cidr=10.244.0.0/16"])
        .arg("--conntrack-max-per-core=0");
    cluster.start.spawn("kube-proxy", &mut proxy, 60, || ports::answers(10_256, "/healthz"))?;
    dns(cluster)?;
    process::run(cluster.kubectl().args(["wait", "--for=condition=Ready", "node/node1", "--timeout=120s"]))?;
    firewall(cluster)?;
    cluster.start.export("KUBERNETES_T2_ADDRESS", ADDRESS);
    cluster.start.export("KUBERNETES_T2_CONTAINERD", socket.display().to_string());
    cluster.start.export("KUBERNETES_T2_PAUSE", pause::reference());
    let helm = tools::HELM.install(cluster.cache)?;
    cluster.start.export("HELM", helm.display().to_string());
    Ok(())
}

/// Loads a docker-archive into a running node.
pub fn import(state: &State, archive: &Path) -> Result<()> {
    let socket = state.env.get("PLEXICA_TEST_KUBERNETES_T2_CONTAINERD");
    let socket = socket.ok_or_else(|| Error::Usage("this cluster has no node".into()))?;
    load(Path::new(socket), archive)
}

fn load(socket: &Path, archive: &Path) -> Result<()> {
    process::run(ctr(socket).args(["--namespace", "k8s.io", "images", "import"]).arg(archive))?;
    Ok(())
}

fn ctr(socket: &Path) -> Command {
    let mut command = Command::new("ctr");
    command.arg("--address").arg(socket);
    command
}

fn network() -> Result<()> {
    let ip = |arguments: &[&str]| process::run(Command::new("ip").args(arguments));
    if ip(&["link", "show", BRIDGE]).is_err() {
        ip(&["link", "add", BRIDGE, "type", "bridge"])?;
    }
    let address = format!("{ADDRESS}/24");
    ip(&["address", "replace", &address, "dev", BRIDGE])?;
    ip(&["link", "set", BRIDGE, "up"])?;
    // The second has packets between pods on one bridge filtered as those between nodes are.
    process::run(Command::new("sysctl").args([
        "-qw",
        "net.ipv4.ip_forward=1",
        "net.bridge.bridge-nf-call-iptables=1",
    ]))?;
    Ok(())
}

fn containerd(cluster: &mut Cluster<'_>) -> Result<()> {
    let [configuration, socket, root, state, cni, addresses] =
        ["containerd.toml", "containerd.sock", "containerd", "containerd-state", "cni", "cni-addresses"]
            .map(|name| cluster.start.path(name));
    files::folder(&cni)?;
    files::write(
        &cni.join("10-bridge.conflist"),
        include_str!("../../../kubernetes/cni.json").replace("{addresses}", &addresses.to_string_lossy()),
    )?;
    files::write(
        &configuration,
        include_str!("../../../kubernetes/containerd.toml")
            .replace("{root}", &root.to_string_lossy())
            .replace("{state}", &state.to_string_lossy())
            .replace("{socket}", &socket.to_string_lossy())
            .replace("{pause}", &pause::reference())
            .replace("{plugins}", CNI)
            .replace("{networks}", &cni.to_string_lossy()),
    )?;
    cluster.start.spawn("containerd", Command::new("containerd").arg("--config").arg(&configuration), 60, || {
        process::run(ctr(&socket).arg("version")).is_ok()
    })
}

fn kubelet(cluster: &mut Cluster<'_>, socket: &Path) -> Result<()> {
    files::write(
        &cluster.start.path("kubelet.yaml"),
        include_str!("../../../kubernetes/kubelet.yaml")
            .replace("{authority}", &cluster.credentials.file("ca.crt"))
            .replace("{socket}", &socket.to_string_lossy())
            .replace("{dns}", DNS),
    )?;
    let mut kubelet = cluster.component("kubelet");
    kubelet
        .args(["--kubeconfig=node.kubeconfig", "--config=kubelet.yaml"])
        .arg("--hostname-override=node1")
        .arg(format!("--node-ip={ADDRESS}"))
        .arg("--root-dir")
        .arg(cluster.start.path("kubelet"));
    cluster.start.spawn("kubelet", &mut kubelet, 60, || ports::answers(10_248, "/healthz"))
}

/// Heeds `NetworkPolicies`.
fn firewall(cluster: &mut Cluster<'_>) -> Result<()> {
    let mut command = Command::new(tools::FIREWALL.install(cluster.cache)?);
    command.arg("--kubeconfig").arg(cluster.start.path("admin.kubeconfig"));
    command.args(["--hostname-override=node1", "--service-cluster-ip-range", control_plane::SERVICES]);
    let is_there = || process::run(Command::new("iptables").args(["--list", leftovers::FORWARD])).is_ok();
    cluster.start.spawn("firewall", &mut command, 60, is_there)
}

/// CoreDNS on the node's address, behind the Service that pods ask.
fn dns(cluster: &mut Cluster<'_>) -> Result<()> {
    let program = tools::COREDNS.install(cluster.cache)?;
    let [corefile, manifest] = ["Corefile", "dns.yaml"].map(|name| cluster.start.path(name));
    let kubeconfig = cluster.start.path("admin.kubeconfig");
    let fill = |text: &str| {
        text.replace("{address}", ADDRESS)
            .replace("{service}", DNS)
            .replace("{kubeconfig}", &kubeconfig.to_string_lossy())
    };
    files::write(&corefile, fill(include_str!("../../../kubernetes/Corefile")))?;
    files::write(&manifest, fill(include_str!("../../../kubernetes/dns.yaml")))?;
    let mut command = Command::new(program);
    command.arg("-conf").arg(&corefile);
    let health = std::net::SocketAddr::from(([10, 88, 0, 1], 53));
    cluster.start.spawn("coredns", &mut command, 60, || {
        std::net::TcpStream::connect_timeout(&health, std::time::Duration::from_secs(1)).is_ok()
    })?;
    process::run(cluster.kubectl().arg("apply").arg("--filename").arg(&manifest))?;
    Ok(())
}
