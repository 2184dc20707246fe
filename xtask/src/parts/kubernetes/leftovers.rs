//! What a node leaves on the machine: pods outlive containerd and the kubelet by design.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{install, node};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::process;

/// The bridge of the pods, and the name of their network, in `cni.json`.
const PODS: &str = "plexica-pods";
const NETWORK: &str = r#"name: \"plexica\""#;
/// The first chain of the firewall.
pub const FORWARD: &str = "KUBE-ROUTER-FORWARD";
/// What all of its chains begin with, and its sets of addresses.
const FIREWALL: [&str; 3] = ["KUBE-ROUTER-", "KUBE-POD-FW-", "KUBE-NWPLCY-"];
const SETS: [&str; 2] = ["KUBE-SRC-", "KUBE-DST-"];

/// Ends the pods of a stopped node and undoes what it did to mounts, bridges and iptables.
pub fn clean(cache: &Cache, folder: &Path) -> Result<()> {
    for namespace in network_namespaces() {
        let pids = ip(&["netns", "pids", &namespace]).unwrap_or_default();
        end(pids.split_whitespace().filter_map(|pid| pid.parse().ok()));
        ip(&["netns", "delete", &namespace])?;
    }
    end(shims(folder).into_iter());
    unmount(folder)?;
    process::run(Command::new(install::install(cache)?.join("kube-proxy")).arg("--cleanup"))?;
    remove_chains()?;
    remove_sets()?;
    for bridge in [PODS, node::BRIDGE] {
        if ip(&["link", "show", bridge]).is_ok() {
            ip(&["link", "delete", bridge])?;
        }
    }
    Ok(())
}

/// Unmounts all that is mounted below a folder.
pub fn unmount(folder: &Path) -> Result<()> {
    // A mount may hide another one below the same folder.
    for _ in 0..3 {
        for mount in mounts(folder)? {
            process::run(Command::new("umount").arg("--lazy").arg(&mount))?;
        }
    }
    Ok(())
}

fn ip(arguments: &[&str]) -> Result<String> {
    process::run(Command::new("ip").args(arguments))
}

fn end(pids: impl Iterator<Item = i32>) {
    for pid in pids {
        // An error means that it ended by itself.
        let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// Those whose other end hangs on the bridge of the pods; none when there is no bridge.
fn network_namespaces() -> Vec<String> {
    let links = ip(&["link", "show", "master", PODS]).unwrap_or_default();
    let words: Vec<&str> = links.split_whitespace().collect();
    words.windows(2).filter(|pair| pair[0] == "link-netns").map(|pair| pair[1].to_owned()).collect()
}

/// The processes whose command line names this folder: one shim per pod outlives containerd.
fn shims(folder: &Path) -> Vec<i32> {
    let folder = folder.to_string_lossy();
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(std::result::Result::ok);
    processes
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
            (line.contains("containerd-shim") && line.contains(folder.as_ref())).then_some(pid)
        })
        .collect()
}

/// Mount points below a folder, the innermost first.
fn mounts(folder: &Path) -> Result<Vec<PathBuf>> {
    let table = Path::new("/proc/mounts");
    let text = fs::read_to_string(table).map_err(Error::io("read", table))?;
    let mut found: Vec<PathBuf> = text
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .map(PathBuf::from)
        .filter(|path| path.starts_with(folder))
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

/// Removes the firewall's sets, which no chain names any more.
fn remove_sets() -> Result<()> {
    let all = process::run(Command::new("ipset").args(["list", "-name"]))?;
    let ours = all.lines().filter(|set| SETS.iter().any(|prefix| set.starts_with(prefix)));
    ours.map(|set| process::run(Command::new("ipset").args(["destroy", set])))
        .try_for_each(|destroyed| destroyed.map(drop))
}

/// Removes the chains that the CNI plugins made for pods of our network, and the firewall's.
fn remove_chains() -> Result<()> {
    let table = process::run(&mut Command::new("iptables-save"))?;
    let kept = without_chains(&table);
    if kept == table {
        return Ok(());
    }
    let program = Path::new("iptables-restore");
    let mut restore = Command::new(program).stdin(Stdio::piped()).spawn().map_err(Error::io("run", program))?;
    if let Some(mut input) = restore.stdin.take() {
        input.write_all(kept.as_bytes()).map_err(Error::io("write to", program))?;
    }
    let status = restore.wait().map_err(Error::io("wait for", program))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Failed { what: "iptables-restore".into(), status: status.to_string(), tail: String::new() })
}

fn without_chains(table: &str) -> String {
    let chains: BTreeSet<&str> = table
        .lines()
        .filter(|line| line.contains(NETWORK))
        .flat_map(str::split_whitespace)
        .filter(|word| word.starts_with("CNI-"))
        .collect();
    let ours = |line: &&str| {
        line.split_whitespace()
            .map(|word| word.trim_start_matches(':'))
            .any(|word| chains.contains(word) || FIREWALL.iter().any(|prefix| word.starts_with(prefix)))
    };
    table.lines().filter(|line| !ours(line)).flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_chains_go() {
        let table = r#"*nat
:POSTROUTING ACCEPT [0:0]
:CNI-ours - [0:0]
:CNI-theirs - [0:0]
-A POSTROUTING -s 10.244.0.3/32 -m comment --comment "name: \"plexica\" id: \"df\"" -j CNI-ours
-A POSTROUTING -s 10.9.0.3/32 -m comment --comment "name: \"other\" id: \"ee\"" -j CNI-theirs
-A CNI-ours -d 10.244.0.0/16 -j ACCEPT
-A CNI-theirs -d 10.9.0.0/16 -j ACCEPT
COMMIT
*filter
:FORWARD ACCEPT [0:0]
:KUBE-POD-FW-ours - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMVZWTQU7T" -j KUBE-ROUTER-FORWARD
-A FORWARD -s 10.9.0.0/16 -j ACCEPT
-A KUBE-ROUTER-FORWARD -d 10.244.0.3/32 -j KUBE-POD-FW-ours
COMMIT
"#;
        let kept = without_chains(table);
        assert!(!["CNI-ours", "plexica", "KUBE-"].iter().any(|ours| kept.contains(ours)), "{kept}");
        assert_eq!(kept.lines().count(), table.lines().count() - 7);
        assert_eq!(without_chains(&kept), kept);
    }
}
