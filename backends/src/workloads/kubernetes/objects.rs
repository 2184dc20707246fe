//! The objects of a workload, as they should be. Pure.

use std::collections::BTreeMap;

use k8s_openapi::{
    ByteString,
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
        core::v1::{PodTemplateSpec, Secret, Service, ServicePort, ServiceSpec},
    },
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};
use plexica_contract::tenancy::environment::CA_BUNDLE;
use plexica_crds::label;
use sha2::{Digest, Sha256};

use super::{Pods, pod};
use crate::workloads::{Place, Workload};

/// Digest of the environment on the pod template: pods read a Secret only when they start.
const ENVIRONMENT_DIGEST: &str = "plexica.io/environment-digest";
/// The label that pods are selected by.
pub(super) const SELECTOR: &str = "app.kubernetes.io/name";
const VERSION: &str = "app.kubernetes.io/version";
/// The port that the Service has inside the cluster, whatever the container's.
pub(super) const SERVICE_PORT: u16 = 8080;

/// All objects of a workload.
pub(super) struct Wanted {
    pub secret: Secret,
    pub service: Service,
    pub deployment: Deployment,
}

/// What the workload needs in the cluster.
pub(super) fn of(workload: &Workload, pods: &Pods) -> Wanted {
    let Place { namespace, name } = workload.place();
    let metadata = ObjectMeta {
        name: Some(name.clone()),
        namespace: Some(namespace),
        labels: Some(labels(workload)),
        ..Default::default()
    };
    let mut content = workload.environment.clone();
    // Under the variable's name the Secret has the file itself; the pod mounts it and sets the
    // variable to its path.
    content.extend(pods.ca_bundle.iter().map(|pem| (CA_BUNDLE.to_owned(), pem.clone())));
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(labels(workload)),
            annotations: Some(BTreeMap::from([(ENVIRONMENT_DIGEST.into(), digest(&content))])),
            ..Default::default()
        }),
        spec: Some(pod::spec(workload, &name, pods)),
    };
    Wanted {
        secret: secret(metadata.clone(), content),
        service: service(metadata.clone(), &name),
        deployment: deployment(metadata, workload.replicas, template, &name),
    }
}

fn selector(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(SELECTOR.into(), name.into())])
}

fn labels(workload: &Workload) -> BTreeMap<String, String> {
    let mut labels = selector(&workload.place().name);
    labels.insert(VERSION.into(), workload.version.to_string());
    labels.insert(label::INSTALLATION.into(), workload.owner.installation.name.clone());
    labels.insert(label::PLUGIN.into(), workload.plugin.to_string());
    if let Some(tenant) = &workload.tenant {
        labels.insert(label::TENANT.into(), tenant.to_string());
    }
    labels
}

fn secret(metadata: ObjectMeta, content: BTreeMap<String, String>) -> Secret {
    let bytes = |(key, value): (String, String)| (key, ByteString(value.into_bytes()));
    Secret {
        metadata,
        type_: Some("Opaque".into()),
        data: Some(content.into_iter().map(bytes).collect()),
        ..Default::default()
    }
}

fn service(metadata: ObjectMeta, name: &str) -> Service {
    let port = ServicePort {
        name: Some("http".into()),
        protocol: Some("TCP".into()),
        port: SERVICE_PORT.into(),
        target_port: Some(IntOrString::String("http".into())),
        ..Default::default()
    };
    let spec = ServiceSpec { selector: Some(selector(name)), ports: Some(vec![port]), ..Default::default() };
    Service { metadata, spec: Some(spec), ..Default::default() }
}

fn deployment(metadata: ObjectMeta, replicas: i32, template: PodTemplateSpec, name: &str) -> Deployment {
    let strategy = DeploymentStrategy {
        type_: Some("RollingUpdate".into()),
        rolling_update: Some(RollingUpdateDeployment {
            max_unavailable: Some(IntOrString::Int(0)),
            max_surge: Some(IntOrString::Int(1)),
        }),
    };
    let spec = DeploymentSpec {
        replicas: Some(replicas),
        selector: LabelSelector { match_labels: Some(selector(name)), ..Default::default() },
        strategy: Some(strategy),
        template,
        ..Default::default()
    };
    Deployment { metadata, spec: Some(spec), ..Default::default() }
}

/// Changes exactly when the environment does; lengths keep neighbours apart.
fn digest(environment: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for text in environment.iter().flat_map(|(name, value)| [name, value]) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_keeps_neighbours_apart() {
        let one = BTreeMap::from([("A".to_owned(), "BC".to_owned())]);
        let two = BTreeMap::from([("AB".to_owned(), "C".to_owned())]);
        assert_ne!(digest(&one), digest(&two));
        assert_eq!(digest(&one), digest(&one.clone()));
    }
}
