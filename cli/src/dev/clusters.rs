//! The clusters that a data folder was, one after the other: each reset makes another of it, whose operator
//! takes over what is outside of the folder and was the former ones'.

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use serde::{Deserialize, Serialize};

use super::{DataDir, Error};

/// Outlives a reset.
pub const FILE: &str = "clusters.json";
/// Marks name a cluster by the uid of this namespace.
const NAMESPACE: &str = "kube-system";

/// Clusters by their uids.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Clusters {
    /// Those that were started since the last reset: another one for each database that was given.
    current: Vec<String>,
    /// Those that are gone.
    pub former: Vec<String>,
}

impl Clusters {
    /// As the last start or reset left them; a damaged file only means that what is outside has to be claimed
    /// by hand.
    fn read(data: &DataDir) -> Self {
        serde_json::from_slice(&std::fs::read(data.join(FILE)).unwrap_or_default()).unwrap_or_default()
    }

    fn write(&self, data: &DataDir) -> Result<(), Error> {
        data.write_private(FILE, &serde_json::to_vec(self).unwrap_or_default()).map(drop)
    }

    /// With the one that is started now.
    pub async fn begin(data: &DataDir, client: &Client) -> Result<Self, Error> {
        const WHAT: &str = "the Kubernetes API";
        let namespace = Api::<Namespace>::all(client.clone()).get(NAMESPACE).await.map_err(Error::service(WHAT))?;
        let (mut clusters, now) = (Self::read(data), namespace.metadata.uid.unwrap_or_default());
        clusters.former.retain(|cluster| *cluster != now);
        if !clusters.current.contains(&now) {
            clusters.current.push(now);
        }
        clusters.write(data)?;
        Ok(clusters)
    }

    /// The folder's database goes, and with it what it was.
    pub fn end(data: &DataDir) -> Result<(), Error> {
        let mut clusters = Self::read(data);
        clusters.former.append(&mut clusters.current);
        clusters.write(data)
    }
}
