//! A workload's container, as it should be. Pure.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, HostConfigLogConfig, Mount, MountType, NetworkingConfig,
    PortBinding, RestartPolicy, RestartPolicyNameEnum,
};
use plexica_contract::{
    manifest::Resources,
    tenancy::environment::{CA_BUNDLE, LISTEN},
};
use plexica_crds::label;
use url::Url;

use super::{
    Reach, Settings,
    network::{COMPOSE_SERVICE, MEMBER},
};
use crate::{
    object::quantity,
    workloads::{Place, Workload},
};

/// The namespace a workload is in.
pub(super) const NAMESPACE: &str = "plexica.io/namespace";
/// The name of a workload, whatever it is made of.
pub(super) const NAME: &str = "app.kubernetes.io/name";
/// By which a container is known to be as it should be: all that is said when it is created.
pub(super) const DIGEST: &str = "plexica.io/digest";
/// The port that a plugin listens on inside its container.
const PORT: &str = "plexica.io/port";
const VERSION: &str = "app.kubernetes.io/version";
/// Of the CAs: they are in no field of the container.
const CA_DIGEST: &str = "plexica.io/ca-bundle-digest";

/// Where the CAs' file is mounted.
pub(super) const CA_FOLDER: &str = "/etc/plexica/ca";
pub(super) const CA_FILE: &str = "bundle.pem";

/// How long a plugin may take to end by itself, in seconds, as the contract says.
pub(super) const GRACE: i32 = 30;
/// A plugin that forks without end stops there.
const PROCESSES: i64 = 512;
/// What is kept of its output.
const LOG: [(&str, &str); 2] = [("max-size", "10m"), ("max-file", "3")];

/// The container of a workload.
#[derive(Clone)]
pub(super) struct Wanted {
    /// Its name: that of the place and [`DIGEST`], so that another one can come up beside it.
    pub name: String,
    /// Its name in its network.
    pub alias: String,
    /// The network: one for each namespace.
    pub network: String,
    /// See [`DIGEST`].
    pub digest: String,
    /// All that is said when it is created.
    pub body: ContainerCreateBody,
}

/// Its environment has credentials, so that it is not printed.
impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wanted").field("name", &self.name).field("network", &self.network).finish_non_exhaustive()
    }
}

/// What is to run.
pub(super) fn of(workload: &Workload, settings: &Settings) -> Wanted {
    let Place { namespace, name } = workload.place();
    let installation = &workload.owner.installation.name;
    let port = format!("{}/tcp", workload.port);
    let mut environment = workload.environment.clone();
    environment.insert(LISTEN.to_owned(), format!("0.0.0.0:{}", workload.port));
    if settings.ca_bundle.is_some() {
        environment.insert(CA_BUNDLE.to_owned(), format!("{CA_FOLDER}/{CA_FILE}"));
    }
    let mut body = ContainerCreateBody {
        image: workload.image.clone(),
        env: Some(environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(labels(workload, settings)),
        exposed_ports: Some(vec![port.clone()]),
        stop_timeout: Some(GRACE.into()),
        host_config: Some(host_config(workload, settings, port)),
        ..ContainerCreateBody::default()
    };
    let digest = crate::digest(&body);
    let network = network(installation, &namespace);
    let labels = body.labels.get_or_insert_default();
    labels.insert(DIGEST.to_owned(), digest.clone());
    let alias = alias(labels).map(|(alias, _)| alias).unwrap_or_default();
    let endpoint = EndpointSettings { aliases: Some(vec![alias.clone()]), ..EndpointSettings::default() };
    body.networking_config = Some(NetworkingConfig { endpoints_config: Some([(network.clone(), endpoint)].into()) });
    Wanted { name: format!("{installation}.{namespace}.{name}.{digest}"), alias, network, digest, body }
}

/// The network of a namespace: who is in one reaches the others that are, and nobody else does.
pub(super) fn network(installation: &str, namespace: &str) -> String {
    format!("{installation}.{namespace}")
}

/// The name in its network of a container that has these labels, and the port there.
pub(super) fn alias(labels: &HashMap<String, String>) -> Option<(String, u16)> {
    Some((format!("{}-{}", labels.get(label::PLUGIN)?, labels.get(DIGEST)?), labels.get(PORT)?.parse().ok()?))
}

/// Where a container answers; `bound` says which port of the machine a port of the container has.
pub(super) fn endpoint(alias: &str, port: u16, reach: Reach, bound: impl Fn(u16) -> Option<u16>) -> Option<Url> {
    let address = match reach {
        Reach::Network => format!("http://{alias}:{port}"),
        Reach::Loopback => format!("http://127.0.0.1:{}", bound(port)?),
    };
    Url::parse(&address).ok()
}

fn labels(workload: &Workload, settings: &Settings) -> HashMap<String, String> {
    let Place { namespace, name } = workload.place();
    // An image's own labels become the container's, but for those that are said here.
    let not_of_images = [label::CLUSTER, label::RETAINED_AT, label::TENANT, MEMBER, COMPOSE_SERVICE];
    let mut labels: HashMap<String, String> =
        not_of_images.map(|name| (name.to_owned(), String::new())).into_iter().collect();
    labels.extend(workload.owner.stamp().to_pairs().into_iter().map(|(name, value)| (name.to_owned(), value)));
    let own = [
        (NAMESPACE, namespace),
        (NAME, name),
        (VERSION, workload.version.to_string()),
        (label::MANAGED_BY, label::MANAGER.to_owned()),
        (label::PLUGIN, workload.plugin.to_string()),
        (PORT, workload.port.to_string()),
    ];
    labels.extend(own.map(|(name, value)| (name.to_owned(), value)));
    labels.extend(workload.tenant.iter().map(|tenant| (label::TENANT.to_owned(), tenant.to_string())));
    labels.extend(settings.ca_bundle.iter().map(|pem| (CA_DIGEST.to_owned(), crate::digest(pem))));
    labels
}

fn host_config(workload: &Workload, settings: &Settings, port: String) -> HostConfig {
    let (nano_cpus, memory) = limits(workload.resources.as_ref());
    let ca = settings.ca_bundle.as_ref().map(|_| Mount {
        target: Some(CA_FOLDER.into()),
        typ: Some(MountType::VOLUME),
        ..Mount::default()
    });
    let loopback = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: None };
    let of_host = settings.reach == Reach::Loopback;
    HostConfig {
        network_mode: Some(network(&workload.owner.installation.name, &workload.namespace)),
        port_bindings: of_host.then(|| [(port, Some(vec![loopback]))].into()),
        extra_hosts: of_host.then(|| vec!["host.docker.internal:host-gateway".to_owned()]),
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
            maximum_retry_count: None,
        }),
        readonly_rootfs: Some(true),
        cap_drop: Some(vec!["ALL".into()]),
        security_opt: Some(vec!["no-new-privileges:true".into()]),
        // What a library writes to /tmp ends with the container.
        tmpfs: Some([("/tmp".to_owned(), "rw,noexec,nosuid,nodev,size=64m".to_owned())].into()),
        mounts: ca.map(|mount| vec![mount]),
        pids_limit: Some(PROCESSES),
        nano_cpus,
        memory,
        // The same as the memory: no swap.
        memory_swap: memory,
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".into()),
            config: Some(LOG.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
        }),
        ..HostConfig::default()
    }
}

/// Billionths of a CPU, and bytes of memory. An engine reserves nothing, so that requests say nothing here.
fn limits(resources: Option<&Resources>) -> (Option<i64>, Option<i64>) {
    let limits = resources.and_then(|resources| resources.limits.as_ref());
    let cpu = limits.and_then(|limits| quantity::nanos(limits.cpu.as_deref()?));
    let memory = limits.and_then(|limits| quantity::units(limits.memory.as_deref()?));
    (cpu.and_then(|cpu| cpu.try_into().ok()), memory.and_then(|memory| memory.try_into().ok()))
}

#[cfg(test)]
#[path = "desired_tests.rs"]
pub(super) mod tests;
