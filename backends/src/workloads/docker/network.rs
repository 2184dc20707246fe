//! The network of a namespace, and who of the platform is in it.

use std::collections::HashMap;

use bollard::{
    Docker,
    errors::Error as Failure,
    models::{EndpointSettings, NetworkConnectRequest, NetworkCreateRequest, NetworkDisconnectRequest},
    query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder},
};
use plexica_crds::label;

use super::{
    desired::NAMESPACE,
    failure::{failure, optional, status},
    found::{Network, said},
};
use crate::{
    Changes, Error, Result, System,
    ownership::{Installation, Refusal},
};

/// A label that a container of the platform has which plugins are to reach, or which is to reach plugins: the
/// installation's id.
pub const MEMBER: &str = "plexica.io/plugin-networks";
/// What Compose calls a container for others of its project.
pub(super) const COMPOSE_SERVICE: &str = "com.docker.compose.service";

/// A container of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::workloads) struct Member {
    pub id: String,
    /// The name that plugins know it by.
    pub alias: String,
}

/// Those of the installation that run. No plugin is one, whatever its image says.
pub(super) async fn members(docker: &Docker, installation: &str) -> Result<Vec<Member>> {
    let running = vec!["running".to_owned()];
    let filters = HashMap::from([("label", vec![format!("{MEMBER}={installation}")]), ("status", running)]);
    let options = ListContainersOptionsBuilder::default().filters(&filters).build();
    let found = docker.list_containers(Some(options)).await.map_err(failure("list the platform's containers"))?;
    Ok(found
        .into_iter()
        .filter(|container| container.labels.as_ref().is_some_and(|labels| !labels.contains_key(label::PLUGIN)))
        .filter_map(|container| {
            let service = container.labels.as_ref().and_then(|labels| labels.get(COMPOSE_SERVICE)).cloned();
            let name = || Some(container.names.as_ref()?.first()?.trim_start_matches('/').to_owned());
            Some(Member { alias: service.or_else(name)?, id: container.id? })
        })
        .collect())
}

/// As it is there.
pub(super) async fn find(docker: &Docker, name: &str) -> Result<Option<Network>> {
    let found = optional(docker.inspect_network(name, None).await).map_err(failure(format!("read network {name}")))?;
    Ok(found.map(Network::from))
}

/// Whether it may be used: one of the installation in this cluster, or none yet.
pub(super) fn may_use(network: Option<&Network>, name: &str, installation: &Installation) -> Result<()> {
    match network {
        Some(network) if !is_of(&network.labels, installation) => {
            Err(Refusal::Unmarked.into_error(System::Docker, &format!("network {name}")))
        }
        _ => Ok(()),
    }
}

/// Whether what has these labels is the installation's, in this cluster.
pub(super) fn is_of(labels: &HashMap<String, String>, installation: &Installation) -> bool {
    let of = |name: &str| said(labels, name).map(str::to_owned);
    of(label::INSTALLATION).is_some_and(|name| {
        installation.covers(&Installation { name, cluster: of(label::CLUSTER), former_clusters: Vec::new() })
    })
}

/// Who of the platform is missing in it.
pub(super) fn missing<'a>(network: Option<&Network>, members: &'a [Member]) -> Vec<&'a Member> {
    let is_in = |member: &Member| network.is_some_and(|network| network.containers.contains(&member.id));
    members.iter().filter(|member| !is_in(member)).collect()
}

/// What [`ensure`] would write, in words.
pub(super) fn differences(network: Option<&Network>, name: &str, members: &[Member]) -> Changes {
    let created = network.is_none().then(|| format!("created network {name}"));
    let connected =
        missing(network, members).into_iter().map(|member| format!("connected {} to network {name}", member.alias));
    created.into_iter().chain(connected).collect()
}

/// Makes it if it is not there, and connects who is missing in it. That one of those cannot be connected keeps no
/// plugin from running.
pub(super) async fn ensure(
    docker: &Docker,
    network: Option<&Network>,
    (name, namespace): (&str, &str),
    installation: &Installation,
    members: &[Member],
) -> Result<Changes> {
    may_use(network, name, installation)?;
    if network.is_none() {
        let labels = [
            (label::INSTALLATION, installation.name.as_str()),
            (label::CLUSTER, installation.cluster.as_deref().unwrap_or_default()),
            (NAMESPACE, namespace),
            (label::MANAGED_BY, label::MANAGER),
        ];
        let request = NetworkCreateRequest {
            name: name.to_owned(),
            driver: Some("bridge".into()),
            labels: Some(labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
            ..NetworkCreateRequest::default()
        };
        match docker.create_network(request).await {
            // Another reconcile in the same namespace came first.
            Err(error) if status(&error) == Some(409) => {
                may_use(find(docker, name).await?.as_ref(), name, installation)?;
            }
            created => drop(created.map_err(|error| creation(name, error))?),
        }
    }
    join(docker, network, name, members).await;
    Ok(differences(network, name, members))
}

async fn join(docker: &Docker, network: Option<&Network>, name: &str, members: &[Member]) {
    for member in missing(network, members) {
        if let Err(error) = connect(docker, name, &member.id, &member.alias).await {
            tracing::warn!("{error}");
        }
    }
}

/// Puts the platform into all networks of plugins, as it is to be after one of its containers was made anew.
pub(super) async fn join_all(docker: &Docker, installation: &Installation) -> Result<()> {
    let members = members(docker, &installation.name).await?;
    let own = format!("{}={}", label::INSTALLATION, installation.name);
    let filters = HashMap::from([("label", vec![own])]);
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let networks = docker.list_networks(Some(options)).await.map_err(failure("list networks"))?;
    for name in networks.into_iter().filter_map(|network| network.name) {
        let found = find(docker, &name).await?;
        if found.as_ref().is_some_and(|network| is_of(&network.labels, installation)) {
            join(docker, found.as_ref(), &name, &members).await;
        }
    }
    Ok(())
}

fn creation(name: &str, error: Failure) -> Error {
    let mut error = failure(format!("create network {name}"))(error);
    if error.message.contains("address pool") {
        "Give the engine more of them (`default-address-pools` in its daemon.json), or run fewer plugins Dedicated: \
         each tenant that has one takes a network."
            .clone_into(&mut error.remedy);
    }
    error
}

/// Puts a container into a network under that name; one that is in there already is a success.
pub(super) async fn connect(docker: &Docker, network: &str, container: &str, alias: &str) -> Result<()> {
    let endpoint = EndpointSettings { aliases: Some(vec![alias.to_owned()]), ..EndpointSettings::default() };
    let request = NetworkConnectRequest { container: container.to_owned(), endpoint_config: Some(endpoint) };
    match docker.connect_network(network, request).await {
        Err(error) if is_in_already(&error) => Ok(()),
        connected => connected.map_err(failure(format!("connect {alias} to network {network}"))),
    }
}

fn is_in_already(error: &Failure) -> bool {
    matches!(error, Failure::DockerResponseServerError { message, .. } if message.contains("already exists in network"))
}

/// Takes a container out of a network; one that is not in there is a success.
pub(super) async fn disconnect(docker: &Docker, network: &str, container: &str) -> Result<()> {
    let request = NetworkDisconnectRequest { container: container.to_owned(), force: Some(true) };
    match docker.disconnect_network(network, request).await {
        Err(error) if status(&error) == Some(404) || is_out_already(&error) => Ok(()),
        disconnected => disconnected.map_err(failure(format!("take a container out of network {network}"))),
    }
}

fn is_out_already(error: &Failure) -> bool {
    matches!(error, Failure::DockerResponseServerError { message, .. } if message.contains("is not connected to"))
}

/// Removes it if it is the installation's; nothing of it but the platform is in it any more.
pub(super) async fn retire(docker: &Docker, name: &str, installation: &Installation) -> Result<()> {
    let Some(network) = find(docker, name).await? else {
        return Ok(());
    };
    if !is_of(&network.labels, installation) {
        return Ok(());
    }
    let members = members(docker, &installation.name).await?;
    for member in members.iter().filter(|member| network.containers.contains(&member.id)) {
        disconnect(docker, name, &member.id).await?;
    }
    match docker.remove_network(name).await {
        // Somebody came into it in this moment, or removed it.
        Err(error) if matches!(status(&error), Some(403 | 404 | 409)) => Ok(()),
        removed => removed.map_err(failure(format!("remove network {name}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_missing_is_told_by_the_name_that_plugins_know_it_by() {
        let member = |id: &str| Member { id: id.into(), alias: format!("the {id}") };
        let members = [member("gateway"), member("postgres")];
        let network = Network { containers: vec!["gateway".into(), "plugin".into()], ..Network::default() };
        let told = |network: Option<&Network>| differences(network, "n", &members).to_string();
        assert_eq!(told(Some(&network)), "connected the postgres to network n");
        assert_eq!(
            told(None),
            "created network n, connected the gateway to network n, connected the postgres to network n"
        );
    }

    #[test]
    fn only_a_network_of_the_installation_is_used() {
        let of = |installation: &str| Network {
            labels: [(label::INSTALLATION.to_owned(), installation.to_owned())].into(),
            ..Network::default()
        };
        let own = Installation { cluster: Some("here".into()), ..Installation::from("plexica") };
        assert!(may_use(None, "n", &own).is_ok());
        assert!(may_use(Some(&of("plexica")), "n", &own).is_ok());
        let mut elsewhere = of("plexica");
        elsewhere.labels.insert(label::CLUSTER.to_owned(), "there".to_owned());
        for foreign in [of("staging"), Network::default(), elsewhere] {
            assert_eq!(may_use(Some(&foreign), "n", &own).unwrap_err().kind, crate::Kind::Conflict);
        }
    }

    #[test]
    fn a_lack_of_addresses_says_what_helps() {
        let message = "could not find an available, non-overlapping IPv4 address pool among the defaults";
        let error =
            |message: &str| Failure::DockerResponseServerError { status_code: 404, message: message.to_owned() };
        assert!(creation("n", error(message)).remedy.contains("default-address-pools"));
        assert!(!creation("n", error("plugin bridge not found")).remedy.contains("default-address-pools"));
    }
}
