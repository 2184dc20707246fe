//! Looking at an engine. Reads only.

use std::collections::HashMap;

use bollard::{models::ContainerSummary, query_parameters::ListContainersOptionsBuilder};
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, ResourceExt};
use plexica_crds::label;

use super::{
    Engine, Reach,
    desired::{NAME, NAMESPACE, Wanted},
    failure::{failure, optional},
    found::{Container, Containers, Image},
    network,
    pull::Wish,
    repair::Abilities,
};
use crate::{
    Result, object,
    ownership::Installation,
    workloads::{Place, Workload},
};

/// The namespace whose uid is that of the cluster.
const CLUSTER: &str = "kube-system";

/// What is found out at the first call.
#[derive(Debug)]
pub(super) struct Ready {
    /// In this cluster.
    pub installation: Installation,
    pub able: Abilities,
}

impl Engine {
    /// Settles a version that both speak, and what is to be known for all that follows.
    pub(super) async fn ready(&self) -> Result<&Ready> {
        self.ready.get_or_try_init(async || self.prepare().await).await
    }

    async fn prepare(&self) -> Result<Ready> {
        let negotiated = self.docker.clone().negotiate_version().await;
        negotiated.map_err(failure("ask the engine for its version"))?;
        let able = match self.docker.info().await {
            Ok(info) => Abilities {
                memory: info.memory_limit != Some(false),
                cpu: info.cpu_cfs_quota != Some(false),
                processes: info.pids_limit != Some(false),
            },
            // A proxy before it may not let this through.
            Err(_) => Abilities { memory: true, cpu: true, processes: true },
        };
        let cluster = Api::<Namespace>::all(self.client.clone()).get(CLUSTER).await.map_err(object::failed)?.uid();
        Ok(Ready { installation: Installation { cluster, ..self.settings.installation.clone() }, able })
    }

    /// All containers of the installation's plugins that carry these labels, too.
    pub(super) async fn labelled(
        &self,
        labels: impl IntoIterator<Item = (&str, &str)>,
    ) -> Result<Vec<ContainerSummary>> {
        let installation = &self.ready().await?.installation;
        let own = format!("{}={}", label::INSTALLATION, installation.name);
        let others = labels.into_iter().map(|(name, value)| format!("{name}={value}"));
        let filters = HashMap::from([("label", std::iter::once(own).chain(others).collect::<Vec<_>>())]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let found = self.docker.list_containers(Some(options)).await.map_err(failure("list containers"))?;
        // Another cluster's may have the same id.
        let is_ours = |container: &ContainerSummary| {
            container.labels.as_ref().is_some_and(|labels| network::is_of(labels, installation))
        };
        Ok(found.into_iter().filter(is_ours).collect())
    }

    pub(super) async fn all(&self) -> Result<Vec<ContainerSummary>> {
        self.labelled([(label::MANAGED_BY, label::MANAGER)]).await
    }

    /// Those of a place, as a list has them.
    pub(super) async fn listed(&self, place: &Place) -> Result<Vec<ContainerSummary>> {
        self.labelled([(NAMESPACE, place.namespace.as_str()), (NAME, place.name.as_str())]).await
    }

    pub(super) async fn at(&self, place: &Place) -> Result<Vec<Container>> {
        let ids = self.listed(place).await?.into_iter().filter_map(|container| container.id);
        let found = try_join_all(ids.map(|id| async move {
            optional(self.docker.inspect_container(&id, None).await).map_err(failure("read a container"))
        }));
        Ok(found.await?.into_iter().flatten().map(Container::from).collect())
    }

    async fn image(&self, wish: Wish) -> Result<Image> {
        let name = &wish.1;
        let found = optional(self.docker.inspect_image(name).await).map_err(failure(format!("read image {name}")))?;
        Ok(found.map_or_else(|| Image::Missing(self.pulls.of(&wish)), Image::from))
    }

    pub(super) async fn find(&self, desired: &Workload, wanted: &Wanted) -> Result<Containers> {
        let (installation, place) = (&self.ready().await?.installation, desired.place());
        self.leaving.want(&place, &wanted.digest);
        let members = async {
            match self.settings.reach {
                Reach::Network => network::members(&self.docker, &installation.name).await,
                Reach::Loopback => Ok(Vec::new()),
            }
        };
        let (mut former, network, members) =
            futures::try_join!(self.at(&place), network::find(&self.docker, &wanted.network), members)?;
        // Of several that say so, the one that has its name.
        former.sort_by_key(|container| (!container.is_of(&wanted.digest), container.name != wanted.name));
        let is_current = former.first().is_some_and(|container| container.is_of(&wanted.digest));
        let current = is_current.then(|| former.remove(0));
        let image = match (&current, &desired.image) {
            (None, Some(name)) => self.image((desired.namespace.clone(), name.clone())).await?,
            _ => Image::Unasked,
        };
        Ok(Containers { current, former, network, members, image })
    }
}
