//! What somebody changed of a container, and how it is mended. Pure.

use bollard::models::{ContainerStateStatusEnum as Status, ContainerUpdateBody, HostConfig};

use super::{
    desired::Wanted,
    found::{Container, Network},
    state::runs_as_root,
};

/// One thing to do for a container.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Repair {
    /// It does not run, and the engine will not start it by itself.
    Start,
    /// Somebody paused it.
    Unpause,
    /// Somebody gave it another name, which it has now.
    Rename,
    /// Somebody changed its limits or when it is started again.
    Update(Box<ContainerUpdateBody>),
    /// Somebody made another of it, or changed what cannot be changed back: it goes, and is created at the next look.
    Remove,
    /// Somebody took it out of its network, or gave it another name there.
    Connect {
        /// Whether it is in there under another name.
        anew: bool,
    },
    /// Somebody put it into a network where it does not belong.
    Disconnect(String),
}

impl Repair {
    /// In the words of what is written.
    pub fn told(&self, name: &str) -> String {
        match self {
            Self::Start => format!("started container {name}"),
            Self::Unpause => format!("unpaused container {name}"),
            Self::Rename => format!("renamed container {name} back"),
            Self::Update(_) => format!("updated limits of container {name}"),
            Self::Remove => format!("removed container {name}, which somebody changed"),
            Self::Connect { .. } => format!("connected container {name} to its network"),
            Self::Disconnect(network) => format!("disconnected container {name} from network {network}"),
        }
    }
}

/// What an engine can limit: it forgets what it cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abilities {
    pub memory: bool,
    pub cpu: bool,
    pub processes: bool,
}

/// All that is to be done, in that order.
pub(super) fn of(current: &Container, wanted: &Wanted, network: Option<&Network>, able: Abilities) -> Vec<Repair> {
    let limits = limits(&current.host, wanted.body.host_config.as_ref(), able);
    let is_lost = current.status() == Status::DEAD || is_of_a_network_that_is_gone(current, wanted, network);
    if is_lost || is_another(current, wanted) || limits == Some(Repair::Remove) {
        return vec![Repair::Remove];
    }
    let mut repairs = Vec::new();
    if current.name != wanted.name {
        repairs.push(Repair::Rename);
    }
    repairs.extend(limits);
    let others = current.networks.keys().filter(|name| **name != wanted.network);
    repairs.extend(others.cloned().map(Repair::Disconnect));
    match current.networks.get(&wanted.network) {
        None => repairs.push(Repair::Connect { anew: false }),
        Some(endpoint) if endpoint.aliases.iter().flatten().all(|alias| *alias != wanted.alias) => {
            repairs.push(Repair::Connect { anew: true });
        }
        Some(_) => {}
    }
    match current.status() {
        Status::PAUSED => repairs.push(Repair::Unpause),
        Status::CREATED | Status::EXITED => repairs.push(Repair::Start),
        // The engine is at it.
        Status::RUNNING | Status::RESTARTING | Status::REMOVING | Status::STOPPING | Status::DEAD | Status::EMPTY => {}
    }
    repairs
}

/// Whether it is one of that name and those labels that somebody made: with other content, or with rights. Or its image
/// has become one that runs as root, between the look at it and the container's creation.
fn is_another(current: &Container, wanted: &Wanted) -> bool {
    let Some(host) = &wanted.body.host_config else { return false };
    let found = &current.host;
    let none = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
    let plain = |mode: &Option<String>| mode.as_deref().is_none_or(|mode| matches!(mode, "" | "private"));
    let environment = wanted.body.env.iter().flatten();
    let as_wanted = current.image == wanted.body.image
        && !runs_as_root(&current.user)
        && environment.into_iter().all(|variable| current.environment.0.contains(variable))
        && found.privileged != Some(true)
        && found.readonly_rootfs == host.readonly_rootfs
        && found.cap_drop == host.cap_drop
        && none(&found.cap_add)
        && none(&found.binds)
        && found.devices.as_ref().is_none_or(Vec::is_empty)
        && found.security_opt == host.security_opt
        && plain(&found.pid_mode)
        && plain(&found.ipc_mode)
        && plain(&found.userns_mode)
        && found.network_mode == host.network_mode
        && found.mounts.iter().flatten().count() == host.mounts.iter().flatten().count();
    !as_wanted
}

/// Whether its network was removed while it did not run, and made again: it would look for the one before.
fn is_of_a_network_that_is_gone(current: &Container, wanted: &Wanted, network: Option<&Network>) -> bool {
    let of = current.networks.get(&wanted.network).and_then(|endpoint| endpoint.network_id.as_deref());
    of.is_some_and(|id| !id.is_empty() && network.is_none_or(|network| network.id != id))
}

fn limits(found: &HostConfig, wanted: Option<&HostConfig>, able: Abilities) -> Option<Repair> {
    let wanted = wanted?;
    let amounts = |config: &HostConfig| {
        let of = |able: bool, amount: Option<i64>| amount.filter(|amount| able && *amount > 0).unwrap_or_default();
        [of(able.memory, config.memory), of(able.cpu, config.nano_cpus), of(able.processes, config.pids_limit)]
    };
    let policy = |config: &HostConfig| config.restart_policy.as_ref().and_then(|policy| policy.name);
    let (is, is_to_be) = (amounts(found), amounts(wanted));
    if is == is_to_be && policy(found) == policy(wanted) {
        return None;
    }
    // An update leaves alone what is 0 in it.
    if is.iter().zip(is_to_be).any(|(found, wanted)| *found != 0 && wanted == 0) {
        return Some(Repair::Remove);
    }
    Some(Repair::Update(Box::new(ContainerUpdateBody {
        memory: wanted.memory,
        memory_swap: wanted.memory_swap,
        nano_cpus: wanted.nano_cpus,
        pids_limit: wanted.pids_limit,
        restart_policy: wanted.restart_policy.clone(),
        ..ContainerUpdateBody::default()
    })))
}

#[cfg(test)]
#[path = "repair_tests.rs"]
mod tests;
