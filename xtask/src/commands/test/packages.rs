//! Programs of the distribution that the parts need.

use std::path::Path;
use std::process::Command;

use crate::parts::{docker, kubernetes::node, registry, stand_in};
use crate::process;

/// A program, and the Debian package that has it.
const ALWAYS: [(&str, &str); 6] = [
    ("java", "openjdk-17-jre-headless"),
    ("mvn", "maven"),
    ("python3", "python3"),
    ("pip3", "python3-pip"),
    ("openssl", "openssl"),
    ("git", "git"),
];

/// Installs what is missing, as root on Debian; elsewhere the parts themselves say what they miss.
pub fn install(node: bool, engine: bool) {
    let mut wanted = ALWAYS.to_vec();
    if node {
        wanted.extend(node::PROGRAMS);
    }
    if engine {
        wanted.extend(docker::PROGRAMS);
        wanted.extend(registry::PROGRAMS);
        wanted.extend(stand_in::PROGRAMS);
    }
    let mut packages: Vec<&str> = wanted
        .into_iter()
        .filter(|(program, _)| process::find(program).is_none())
        .map(|(_, package)| package)
        .collect();
    if node && !Path::new(node::CNI).join("bridge").is_file() {
        packages.push("containernetworking-plugins");
    }
    packages.sort_unstable();
    packages.dedup();
    if packages.is_empty() {
        return;
    }
    let list = packages.join(" ");
    if !nix::unistd::geteuid().is_root() || process::find("apt-get").is_none() {
        eprintln!("missing here, and not installed without root and apt: {list}");
        return;
    }
    eprintln!("set-up: apt-get install {list}");
    let apt = |arguments: &[&str]| {
        process::run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet").args(arguments))
    };
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(packages);
    // An old package list names files that are gone, so it is renewed when the first try fails.
    let installed = apt(&install).or_else(|_| apt(&["update"]).and_then(|_| apt(&install)));
    if let Err(error) = installed {
        eprintln!("{error}");
    }
}
