//! A Docker engine of its own, beside one that the machine may have.

use std::path::Path;
use std::process::Command;

use super::{
    kubernetes::{self, leftovers},
    tools,
};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::process;
use crate::state::{Owner, Start, State};

/// What it needs, and the package of Debian that has it.
pub const PROGRAMS: [(&str, &str); 4] =
    [("dockerd", "docker.io"), ("docker", "docker.io"), ("iptables", "iptables"), ("ip", "iproute2")];
/// Starts the engine again whenever it ends, as a machine's init does.
const KEEPER: &str = r#"trap 'kill -TERM "$engine"; wait "$engine"; exit' TERM
while :; do "$@" & engine=$!; wait "$engine"; done"#;
/// The bridge of containers that ask for no network.
const BRIDGE: &str = "plexica-docker";
const ADDRESS: &str = "10.89.0.1/24";
/// Where its networks are: none of another part, and none that engines take by themselves.
const NETWORKS: &str = "base=10.90.0.0/16,size=24";

/// Starts an engine that has nothing yet.
pub fn start(cache: &Cache, mut start: Start, owner: Owner) -> Result<State> {
    if !nix::unistd::geteuid().is_root() {
        return Err(Error::Unsupported("a Docker engine needs root (containers, network bridges)".into()));
    }
    for (program, package) in PROGRAMS {
        process::require(program, &format!("install the package {package}"))?;
    }
    let compose = tools::DOCKER_COMPOSE.install(cache)?;
    let kubectl = kubernetes::install::install(cache)?.join("kubectl");
    let ip = |arguments: &[&str]| process::run(Command::new("ip").args(arguments));
    if ip(&["link", "show", BRIDGE]).is_err() {
        ip(&["link", "add", BRIDGE, "type", "bridge"])?;
    }
    ip(&["address", "replace", ADDRESS, "dev", BRIDGE])?;
    ip(&["link", "set", BRIDGE, "up"])?;
    let host = format!("unix://{}", start.path("docker.sock").display());
    let mut engine = Command::new("sh");
    engine.args(["-c", KEEPER, "keeper", "dockerd"]).arg("--host").arg(&host).args([
        "--bridge",
        BRIDGE,
        "--default-address-pool",
        NETWORKS,
    ]);
    for (flag, place) in [("--data-root", "data"), ("--exec-root", "exec"), ("--pidfile", "docker.pid")] {
        engine.arg(flag).arg(start.path(place));
    }
    start.spawn("dockerd", &mut engine, 60, || {
        process::run(Command::new("docker").args(["--host", &host, "version"])).is_ok()
    })?;
    start.export("DOCKER_HOST", host);
    start.export("DOCKER_PID_FILE", start.path("docker.pid").display().to_string());
    start.export("DOCKER_COMPOSE", compose.display().to_string());
    start.export("DOCKER_KUBECTL", kubectl.display().to_string());
    start.finish(owner)
}

/// Undoes what a stopped engine leaves: mounts, and the bridges of its networks.
pub fn clean(folder: &Path) -> Result<()> {
    leftovers::unmount(folder)?;
    let links = process::run(Command::new("ip").args(["-brief", "link", "show", "type", "bridge"]))?;
    let addresses = process::run(Command::new("ip").args(["-brief", "-4", "address"]))?;
    for bridge in bridges(&links, &addresses) {
        process::run(Command::new("ip").args(["link", "delete", bridge]))?;
    }
    Ok(())
}

/// Its own bridge, and those that have an address of its networks.
fn bridges<'a>(links: &'a str, addresses: &str) -> Vec<&'a str> {
    let is_ours = |name: &str| {
        name == BRIDGE
            || addresses.lines().any(|line| line.starts_with(&format!("{name} ")) && line.contains(" 10.90."))
    };
    links.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| is_ours(name)).collect()
}

/// The command line of a running engine.
pub fn command(state: &State) -> Result<Command> {
    let host = state.env.get("PLEXICA_TEST_DOCKER_HOST");
    let host = host.ok_or_else(|| Error::Usage("this engine has no address".into()))?;
    let mut docker = Command::new("docker");
    docker.args(["--host", host]);
    Ok(docker)
}

/// Loads an image into a running engine.
pub fn load(state: &State, archive: &Path) -> Result<()> {
    process::run(command(state)?.args(["load", "--quiet", "--input"]).arg(archive)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bridges_of_its_networks_go() {
        let links = "docker0 DOWN 02:42 <NO-CARRIER>\nplexica-docker DOWN 02:43\nbr-1 DOWN 02:44\nbr-10 UP 02:45\n";
        let addresses = "docker0 DOWN 172.17.0.1/16\nbr-1 DOWN 10.90.3.1/24\nbr-10 UP 192.168.0.1/24\n";
        assert_eq!(bridges(links, addresses), ["plexica-docker", "br-1"]);
    }
}
