//! Which cluster this is.

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use plexica_crds::Reason;

use crate::problem::Problem;

/// The namespace that each cluster has, and keeps for as long as it is the same one: its uid is taken
/// for the cluster's by others, too (OpenTelemetry's `k8s.cluster.uid`).
const NAMESPACE: &str = "kube-system";

/// The uid of the cluster, by which marks know it.
///
/// # Errors
/// When the API does not say.
pub async fn uid(client: &Client) -> Result<String, Problem> {
    let found = Api::<Namespace>::all(client.clone()).get_opt(NAMESPACE).await?;
    found.and_then(|namespace| namespace.metadata.uid).ok_or_else(|| {
        Problem::new(
            Reason::BackendUnavailable,
            format!("the cluster has no namespace {NAMESPACE}, by whose uid it is known."),
        )
    })
}
