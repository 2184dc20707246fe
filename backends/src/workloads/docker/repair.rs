//! What somebody changed of a container, and how it is mended. Pure.

use bollard::models::{ContainerStateStatusEnum as Status, ContainerUpdateBody, HostConfig};

use super::{desired::Wanted, found::Container};

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
    /// As before, and an engine cannot take a limit away.
    Replace,
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
            Self::Replace => format!("replaced container {name}, whose limits were changed"),
            Self::Connect { .. } => format!("connected container {name} to its network"),
            Self::Disconnect(network) => format!("disconnected container {name} from network {network}"),
        }
    }
}

/// All that is to be done, in that order.
pub(super) fn of(current: &Container, wanted: &Wanted) -> Vec<Repair> {
    let mut repairs = Vec::new();
    if current.name != wanted.name {
        repairs.push(Repair::Rename);
    }
    match limits(&current.host, wanted.body.host_config.as_ref()) {
        Some(Repair::Replace) => return vec![Repair::Replace],
        repair => repairs.extend(repair),
    }
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
        Status::CREATED | Status::EXITED | Status::DEAD => repairs.push(Repair::Start),
        // The engine is at it.
        Status::RUNNING | Status::RESTARTING | Status::REMOVING | Status::STOPPING | Status::EMPTY => {}
    }
    repairs
}

fn limits(found: &HostConfig, wanted: Option<&HostConfig>) -> Option<Repair> {
    let wanted = wanted?;
    let of = |config: &HostConfig| {
        let amounts = [config.memory, config.memory_swap, config.nano_cpus, config.pids_limit];
        (amounts.map(Option::unwrap_or_default), config.restart_policy.as_ref().and_then(|policy| policy.name))
    };
    let ((found, found_policy), (amounts, policy)) = (of(found), of(wanted));
    if found == amounts && found_policy == policy {
        return None;
    }
    // An update leaves alone what is 0 in it.
    if found.iter().zip(amounts).any(|(found, wanted)| *found != 0 && wanted == 0) {
        return Some(Repair::Replace);
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
