//! Plugins as Deployments of a cluster, each with a Service and a Secret of the same name.

mod changes;
mod objects;
mod pod;
mod pods;
mod state;

use async_trait::async_trait;
use futures::stream::BoxStream;
use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::Deployment,
        core::v1::{Pod, Secret, Service},
    },
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, ListParams, Preconditions},
};
use plexica_contract::name::PluginId;
use plexica_crds::{label, tenant::AdoptionPolicy};
use serde::de::DeserializeOwned;

use self::objects::Wanted;
use super::{
    Changed, Counts, Needs, Observed, Place, Workload, Workloads,
    observed::{Found, Objects},
};
use crate::{
    Changes, Error, Retired, System,
    object::{self, failed},
};

/// Keeps Deployments as they should be.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    installation: String,
    /// The namespace whose workloads it tells of; without, those of all.
    watched: Option<String>,
    pods: Pods,
}

/// What the pods of all plugins have.
#[derive(Clone, Debug, Default)]
pub struct Pods {
    /// CAs to trust besides the system's, as PEM.
    pub ca_bundle: Option<String>,
    /// Names of Secrets with which their images are pulled, in the pods' own namespaces.
    pub pull_secrets: Vec<String>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("installation", &self.installation).finish_non_exhaustive()
    }
}

impl Cluster {
    /// For the objects that carry this installation's label.
    pub fn new(client: Client, installation: impl Into<String>) -> Self {
        Self { client, installation: installation.into(), watched: None, pods: Pods::default() }
    }

    /// Tells of changes in one namespace alone, for who may not watch others.
    #[must_use]
    pub fn watching(self, namespace: impl Into<String>) -> Self {
        Self { watched: Some(namespace.into()), ..self }
    }

    /// Gives all pods these.
    #[must_use]
    pub fn giving(self, pods: Pods) -> Self {
        Self { pods, ..self }
    }

    fn api<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// What its pods are troubled by.
    async fn trouble(&self, desired: &Workload) -> Result<Option<pods::Trouble>, Error> {
        let Place { namespace, name } = desired.place();
        let params = ListParams::default().labels(&format!("{}={name}", objects::SELECTOR));
        let pods = match self.api::<Pod>(&namespace).list(&params).await {
            Ok(pods) => pods,
            // By the rights of an earlier chart: then its Deployment alone is told of.
            Err(kube::Error::Api(status)) if status.code == 403 => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let limits = desired.resources.as_ref().and_then(|resources| resources.limits.as_ref());
        Ok(pods::trouble(&pods.items, limits.and_then(|limits| limits.memory.as_deref())))
    }

    /// Deletes one object, exactly as it was seen, if it is this installation's.
    async fn delete<K>(&self, place: &Place) -> Result<Retired, Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
    {
        let api: Api<K> = self.api(&place.namespace);
        let Some(found) = api.get_opt(&place.name).await.map_err(failed)? else {
            return Ok(Retired::Gone);
        };
        if found.labels().get(label::INSTALLATION) != Some(&self.installation) {
            return Ok(Retired::Foreign);
        }
        if found.meta().deletion_timestamp.is_some() {
            return Ok(Retired::Removed);
        }
        let params = DeleteParams {
            preconditions: Some(Preconditions { uid: found.uid(), resource_version: None }),
            ..DeleteParams::background()
        };
        match api.delete(&place.name, &params).await {
            Ok(_) => Ok(Retired::Removed),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(Retired::Gone),
            Err(error) => Err(failed(error)),
        }
    }
}

/// What a plugin keeps is in Postgres: a workload can always be taken over from an earlier owner.
const ADOPTION: AdoptionPolicy = AdoptionPolicy::IfRetained;

fn found(observed: &Observed) -> Result<&Objects, Error> {
    match &observed.found {
        Found::Kubernetes(found) => Ok(found),
        Found::Docker(_) | Found::Process { .. } => {
            Err(Error::unavailable(System::Workloads, "the workload was observed by another runner"))
        }
    }
}

#[async_trait]
impl Workloads for Cluster {
    fn needs(&self) -> Needs {
        Needs::Image
    }

    fn counts(&self) -> Counts {
        Counts::Pods
    }

    async fn observe(&self, desired: &Workload) -> Result<Observed, Error> {
        let Place { namespace, name } = desired.place();
        let (secrets, services, deployments): (Api<Secret>, Api<Service>, Api<Deployment>) =
            (self.api(&namespace), self.api(&namespace), self.api(&namespace));
        let (secret, service, deployment) =
            futures::try_join!(secrets.get_opt(&name), services.get_opt(&name), deployments.get_opt(&name))
                .map_err(failed)?;
        let told = match &deployment {
            Some(deployment) if state::waiting_for(deployment).is_some() => self.trouble(desired).await?,
            _ => None,
        };
        let objects = Objects { secret, service, deployment };
        Ok(Observed { state: state::of(desired, &objects, told), found: Found::Kubernetes(Box::new(objects)) })
    }

    async fn ensure(&self, desired: &Workload, observed: &Observed) -> Result<Changes, Error> {
        let Objects { secret, service, deployment } = found(observed)?;
        let Wanted { secret: wanted_secret, service: wanted_service, deployment: wanted_deployment } =
            objects::of(desired, &self.pods);
        let (owner, namespace) = (&desired.owner, &desired.namespace);
        let (secrets, services, deployments) = (self.api(namespace), self.api(namespace), self.api(namespace));
        let mut changes = Changes::none();
        // The Secret first: the pods of a Deployment without it would fail to start.
        changes.join(object::apply(&secrets, &wanted_secret, secret.as_ref(), owner, ADOPTION).await?);
        changes.join(object::apply(&services, &wanted_service, service.as_ref(), owner, ADOPTION).await?);
        changes.join(object::apply(&deployments, &wanted_deployment, deployment.as_ref(), owner, ADOPTION).await?);
        Ok(changes)
    }

    async fn differences(&self, desired: &Workload, observed: &Observed) -> Result<Changes, Error> {
        let Objects { secret, service, deployment } = found(observed)?;
        let Wanted { secret: wanted_secret, service: wanted_service, deployment: wanted_deployment } =
            objects::of(desired, &self.pods);
        let (owner, namespace) = (&desired.owner, &desired.namespace);
        let (secrets, services, deployments) = (self.api(namespace), self.api(namespace), self.api(namespace));
        let (secret, service, deployment) = futures::try_join!(
            object::differences(&secrets, &wanted_secret, secret.as_ref(), owner, ADOPTION),
            object::differences(&services, &wanted_service, service.as_ref(), owner, ADOPTION),
            object::differences(&deployments, &wanted_deployment, deployment.as_ref(), owner, ADOPTION),
        )?;
        let mut changes = secret;
        changes.join(service);
        changes.join(deployment);
        Ok(changes)
    }

    fn digest(&self, desired: &Workload) -> Option<String> {
        let Wanted { secret, service, deployment } = objects::of(desired, &self.pods);
        let owner = &desired.owner;
        let of_each =
            [object::digest(&secret, owner), object::digest(&service, owner), object::digest(&deployment, owner)];
        Some(crate::digest(&of_each))
    }

    /// Nothing: a Deployment ends its old pods itself, behind the same address.
    async fn settle(&self, _: &Workload) {}

    async fn retire(&self, place: &Place) -> Result<Retired, Error> {
        // The Service first, so that nothing is sent to pods that end; the Deployment last, so that
        // `list` finds the place again when this is interrupted.
        let _ = self.delete::<Service>(place).await?;
        let _ = self.delete::<Secret>(place).await?;
        self.delete::<Deployment>(place).await
    }

    async fn list(&self, namespace: &str, plugin: &PluginId) -> Result<Vec<Place>, Error> {
        let selector = format!("{}={},{}={plugin}", label::INSTALLATION, self.installation, label::PLUGIN);
        let deployments: Api<Deployment> = self.api(namespace);
        let found = deployments.list_metadata(&ListParams::default().labels(&selector)).await.map_err(failed)?;
        Ok(found
            .into_iter()
            .filter(|object| object.metadata.deletion_timestamp.is_none())
            .map(|object| Place { namespace: namespace.to_owned(), name: object.name_any() })
            .collect())
    }

    fn changes(&self) -> BoxStream<'static, Changed> {
        let deployments = match &self.watched {
            Some(namespace) => self.api(namespace),
            None => Api::all(self.client.clone()),
        };
        changes::of(deployments, &self.installation)
    }

    async fn stop(&self) {}
}
