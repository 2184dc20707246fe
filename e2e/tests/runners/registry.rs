//! Images of a registry that wants to know who asks.

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api, Client,
    api::{ObjectMeta, Patch, PatchParams},
};
use plexica_backends::workloads::{State, Workload};
use plexica_testkit::{registry::Registry, require, wait_for};
use serde_json::json;

use super::subject::{IMAGE, Kind, PATIENCE, Subject, client};

const PULL: &str = "pull";

#[tokio::test(flavor = "multi_thread")]
async fn a_docker_engine_pulls_with_the_namespaces_secret() {
    let Some(subject) = Subject::docker_with(&[PULL]).await else { return };
    let Some(client) = client().await else { return };
    subject.create_namespace(client.clone()).await;
    is_pulled_with_the_namespaces_secret(&subject, &client).await;
    subject.delete_namespace(client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_pulls_with_the_namespaces_secret() {
    let Some(subject) = Subject::kubernetes_with(&[PULL]).await else { return };
    let Kind::Kubernetes(client) = &subject.kind else { unreachable!("it is one") };
    is_pulled_with_the_namespaces_secret(&subject, &client.clone()).await;
}

async fn is_pulled_with_the_namespaces_secret(subject: &Subject, client: &Client) {
    let (Some(registry), Some(engine)) = (require!(registry), require!(docker)) else { return };
    // An image of its own: a kubelet asks for credentials from then on wherever that is used, by whatever name.
    let image = format!("{}/{}/{IMAGE}", registry.address, subject.namespace);
    registry.give(&engine, IMAGE, &image);
    let workload = Workload { image: Some(image.clone()), ..subject.workload() };

    wait_for("the image is refused", PATIENCE, async || {
        drop(subject.ensure(&workload).await);
        match subject.state(&workload).await {
            State::Starting(said) | State::Failing(said) => {
                (said.contains(&image) && said.contains("pull")).then_some(())
            }
            _ => None,
        }
    })
    .await;
    sign_in(client, subject, &registry).await;
    let endpoint = subject.up(&workload).await;
    assert_eq!(subject.get(&endpoint, "/environment").await.unwrap()["GREETING"], "hello");
    if let Kind::Docker(engine) = &subject.kind {
        let printed = engine.docker(&["container", "inspect", &super::subject::container(engine, &workload)]);
        assert!(!printed.contains(&registry.password), "credentials are the engine's to forget");
    }
    subject.clear().await;
}

/// As `kubectl create secret docker-registry` does.
async fn sign_in(client: &Client, subject: &Subject, registry: &Registry) {
    let config =
        json!({ "auths": { &registry.address: { "username": registry.user, "password": registry.password } } });
    let secret = Secret {
        metadata: ObjectMeta { name: Some(PULL.into()), ..ObjectMeta::default() },
        type_: Some("kubernetes.io/dockerconfigjson".into()),
        data: Some([(".dockerconfigjson".to_owned(), ByteString(config.to_string().into_bytes()))].into()),
        ..Secret::default()
    };
    let api: Api<Secret> = Api::namespaced(client.clone(), &subject.namespace);
    let by = PatchParams::apply("tests").force();
    drop(api.patch(PULL, &by, &Patch::Apply(&secret)).await.unwrap());
}
