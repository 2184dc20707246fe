//! A plugin's pod: no rights in the cluster, none on its node.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{
        Capabilities, Container, ContainerPort, EmptyDirVolumeSource, EnvFromSource, EnvVar, HTTPGetAction, KeyToPath,
        LocalObjectReference, PodSecurityContext, PodSpec, Probe, ResourceRequirements, SeccompProfile,
        SecretEnvSource, SecretVolumeSource, SecurityContext, Volume, VolumeMount,
    },
    apimachinery::pkg::{api::resource::Quantity, util::intstr::IntOrString},
};
use plexica_contract::{
    manifest::{ResourceQuantities, Resources},
    path::HEALTH,
    tenancy::environment::{CA_BUNDLE, LISTEN, SHUTDOWN_DELAY},
};

use super::Pods;
use crate::workloads::Workload;

/// How long a plugin goes on taking connections after SIGTERM, in seconds: until no proxy of the
/// cluster sends any. It is well within the 30 s after which the pod is killed.
const SERVE_ON: &str = "5";

/// Where the CAs' file is mounted.
const CA_FOLDER: &str = "/etc/plexica/ca";
const CA_FILE: &str = "bundle.pem";

/// The pod of a workload whose Secret has this name.
pub(super) fn spec(workload: &Workload, secret: &str, pods: &Pods) -> PodSpec {
    let Pods { ca_bundle, pull_secrets } = pods;
    let named = |name: &String| LocalObjectReference { name: name.clone() };
    let pull_secrets: Vec<_> = pull_secrets.iter().map(named).collect();
    // The root file system is read-only; what a library writes to /tmp ends with the pod.
    let tmp = Volume { name: "tmp".into(), empty_dir: Some(EmptyDirVolumeSource::default()), ..Default::default() };
    let ca = ca_bundle.as_ref().map(|_| Volume {
        name: "ca".into(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(secret.into()),
            items: Some(vec![KeyToPath { key: CA_BUNDLE.into(), path: CA_FILE.into(), mode: None }]),
            ..Default::default()
        }),
        ..Default::default()
    });
    PodSpec {
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        image_pull_secrets: (!pull_secrets.is_empty()).then_some(pull_secrets),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".into(), ..Default::default() }),
            ..Default::default()
        }),
        containers: vec![container(workload, secret, ca.is_some())],
        volumes: Some(std::iter::once(tmp).chain(ca).collect()),
        ..Default::default()
    }
}

fn container(workload: &Workload, secret: &str, has_ca_bundle: bool) -> Container {
    let listen = variable(LISTEN, format!("0.0.0.0:{}", workload.port));
    let mount =
        |name: &str, path: &str| VolumeMount { name: name.into(), mount_path: path.into(), ..Default::default() };
    // Set here, a variable wins over the one of that name from the Secret.
    let ca = has_ca_bundle.then(|| variable(CA_BUNDLE, format!("{CA_FOLDER}/{CA_FILE}")));
    let ca_mount = has_ca_bundle.then(|| VolumeMount { read_only: Some(true), ..mount("ca", CA_FOLDER) });
    Container {
        name: "plugin".into(),
        image: workload.image.clone(),
        ports: Some(vec![ContainerPort {
            name: Some("http".into()),
            container_port: workload.port.into(),
            protocol: Some("TCP".into()),
            ..Default::default()
        }]),
        env: Some([listen, variable(SHUTDOWN_DELAY, SERVE_ON)].into_iter().chain(ca).collect()),
        env_from: Some(vec![EnvFromSource {
            secret_ref: Some(SecretEnvSource { name: secret.into(), optional: Some(false) }),
            ..Default::default()
        }]),
        resources: workload.resources.as_ref().map(resources),
        startup_probe: Some(probe(1, 60)),
        readiness_probe: Some(probe(5, 2)),
        liveness_probe: Some(probe(10, 6)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".into()]), ..Default::default() }),
            ..Default::default()
        }),
        volume_mounts: Some(std::iter::once(mount("tmp", "/tmp")).chain(ca_mount).collect()),
        ..Default::default()
    }
}

fn variable(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar { name: name.into(), value: Some(value.into()), ..Default::default() }
}

fn probe(period_seconds: i32, failure_threshold: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(HEALTH.into()),
            port: IntOrString::String("http".into()),
            ..Default::default()
        }),
        period_seconds: Some(period_seconds),
        timeout_seconds: Some(3),
        failure_threshold: Some(failure_threshold),
        ..Default::default()
    }
}

fn resources(resources: &Resources) -> ResourceRequirements {
    let Resources { requests, limits } = resources;
    ResourceRequirements {
        requests: requests.as_ref().map(quantities),
        limits: limits.as_ref().map(quantities),
        ..Default::default()
    }
}

fn quantities(quantities: &ResourceQuantities) -> BTreeMap<String, Quantity> {
    let ResourceQuantities { cpu, memory } = quantities;
    [("cpu", cpu), ("memory", memory)]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Quantity(value.clone()?))))
        .collect()
}
