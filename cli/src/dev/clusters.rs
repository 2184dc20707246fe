//! The clusters that a data folder was, one after the other: each reset makes another of it, whose operator
//! takes over what is outside of the folder and was the former ones'.

use kube::Client;
use serde::{Deserialize, Serialize};

use super::{DataDir, Error};

/// Outlives a reset.
pub const FILE: &str = "clusters.json";

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
        let now = plexica_operator::cluster_uid(client).await.map_err(Error::service(WHAT))?;
        let mut clusters = Self::read(data);
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
