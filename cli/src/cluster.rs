//! Which Kubernetes API the commands talk to.

use std::path::{Path, PathBuf};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};

use crate::error::Error;

/// Default folder of `plexica dev`.
pub const DATA_DIR: &str = ".plexica";
/// The file for kubectl in it.
const KUBECONFIG: &str = "kubeconfig";

/// Options of every command that talks to the API.
#[derive(Debug, Clone, clap::Args)]
pub struct Connection {
    /// Kubeconfig file. The first of these counts: --kubeconfig, --data-dir, KUBECONFIG, .plexica if it holds a
    /// kubeconfig, ~/.kube/config, the pod's own account.
    #[arg(long, conflicts_with = "data_dir")]
    pub kubeconfig: Option<PathBuf>,
    /// Folder of a `plexica dev`, whose kubeconfig is used.
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
    /// Context in the kubeconfig.
    #[arg(long)]
    pub context: Option<String>,
}

/// Where a kubeconfig comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The file that was named.
    File(PathBuf),
    /// A data folder of `plexica dev`.
    DataDir(PathBuf),
    /// Where kubectl looks.
    Usual,
}

impl Connection {
    /// A client, and the namespace that is meant when none is named.
    pub async fn connect(&self) -> Result<(Client, String), Error> {
        self.connect_to(&self.source()).await
    }

    /// The same for a source that the caller wants to know, too.
    pub async fn connect_to(&self, source: &Source) -> Result<(Client, String), Error> {
        let config = self.config(source).await?;
        let namespace = config.default_namespace.clone();
        let client = Client::try_from(config).map_err(|error| Error::Cluster(error.to_string()))?;
        Ok((client, namespace))
    }

    /// The first that counts.
    pub fn source(&self) -> Source {
        let has_default = Path::new(DATA_DIR).join(KUBECONFIG).exists();
        choose(self.kubeconfig.as_deref(), self.data_dir.as_deref(), is_variable_set(), has_default)
    }

    async fn config(&self, source: &Source) -> Result<Config, Error> {
        let kubeconfig = match source {
            Source::File(path) => read(path)?,
            Source::DataDir(folder) => {
                let path = folder.join(KUBECONFIG);
                if !path.exists() {
                    return Err(Error::NoDev(folder.clone()));
                }
                read(&path)?
            }
            Source::Usual => match Kubeconfig::read() {
                Ok(kubeconfig) => kubeconfig,
                Err(error) if is_absent(&error) => return Config::incluster().map_err(|_| Error::NoCluster),
                Err(error) => return Err(Error::Kubeconfigs(error.to_string())),
            },
        };
        let mut clusters = kubeconfig.clusters.iter().filter_map(|named| named.cluster.as_ref());
        let names_proxy = clusters.any(|cluster| cluster.proxy_url.is_some());
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .map_err(|error| Error::Kubeconfigs(error.to_string()))?;
        // HTTPS_PROXY is about what is elsewhere.
        if !names_proxy && config.cluster_url.host().is_some_and(plexica_service::loopback::is_loopback) {
            config.proxy_url = None;
        }
        Ok(config)
    }
}

/// What is named beats what is in the environment, and that beats what happens to lie here.
fn choose(kubeconfig: Option<&Path>, data_dir: Option<&Path>, is_variable_set: bool, has_default: bool) -> Source {
    match (kubeconfig, data_dir) {
        (Some(file), _) => Source::File(file.to_owned()),
        (None, Some(folder)) => Source::DataDir(folder.to_owned()),
        (None, None) if has_default && !is_variable_set => Source::DataDir(DATA_DIR.into()),
        (None, None) => Source::Usual,
    }
}

/// As kubectl, to which an empty list of files is none.
fn is_variable_set() -> bool {
    std::env::var_os("KUBECONFIG").is_some_and(|files| !files.is_empty())
}

fn read(path: &Path) -> Result<Kubeconfig, Error> {
    Kubeconfig::read_from(path).map_err(|error| Error::Kubeconfig { path: path.into(), reason: error.to_string() })
}

/// Whether the usual places hold no file at all; one that is named and missing is a mistake.
fn is_absent(error: &KubeconfigError) -> bool {
    match error {
        KubeconfigError::FindPath => true,
        KubeconfigError::ReadConfig(source, _) => source.kind() == std::io::ErrorKind::NotFound && !is_variable_set(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_comes_first() {
        let file = Source::File("k".into());
        let (named, default) = (Source::DataDir("d".into()), Source::DataDir(DATA_DIR.into()));
        for (kubeconfig, data_dir, is_variable_set, has_default, expected) in [
            (Some("k"), None, true, true, &file),
            (None, Some("d"), true, true, &named),
            (None, Some("d"), false, false, &named),
            (None, None, true, true, &Source::Usual),
            (None, None, false, true, &default),
            (None, None, false, false, &Source::Usual),
        ] {
            let chosen = choose(kubeconfig.map(Path::new), data_dir.map(Path::new), is_variable_set, has_default);
            assert_eq!(&chosen, expected, "{kubeconfig:?} {data_dir:?} {is_variable_set} {has_default}");
        }
    }
}
