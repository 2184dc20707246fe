//! The clusters that a data folder was, one after the other: each reset makes another of it, whose operator
//! takes over what is outside of the folder and was the former ones'.

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};

use super::{DataDir, Error};

/// Outlives a reset.
pub const FILE: &str = "clusters.json";
/// Marks name a cluster by the uid of this namespace.
const NAMESPACE: &str = "kube-system";

/// Those that this folder was before.
pub async fn former(data: &DataDir, client: &Client) -> Result<Vec<String>, Error> {
    const WHAT: &str = "the Kubernetes API";
    let namespace = Api::<Namespace>::all(client.clone()).get(NAMESPACE).await.map_err(Error::service(WHAT))?;
    let now = namespace.metadata.uid.unwrap_or_default();
    let text = std::fs::read(data.join(FILE)).unwrap_or_default();
    // A damaged file only means that what is outside has to be claimed by hand.
    let mut all: Vec<String> = serde_json::from_slice(&text).unwrap_or_default();
    if !all.contains(&now) {
        all.push(now.clone());
        data.write_private(FILE, &serde_json::to_vec(&all).unwrap_or_default())?;
    }
    all.retain(|cluster| *cluster != now);
    Ok(all)
}
