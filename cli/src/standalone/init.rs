//! `plexica standalone init`: secrets, and who gets which.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
};

use plexica_standalone::kubeconfig;

use super::{
    Error, rights,
    secrets::Secrets,
    share::{self, Share},
};
use crate::whole_file;

/// Containers run as whoever their images say; what keeps others out is that nobody else has the folder.
const READABLE: u32 = 0o444;
/// On the machine itself there are others.
const PRIVATE: u32 = 0o600;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Folder of the secrets, each in a file of its own. Those that are there are taken as they are.
    #[arg(long, env = "PLEXICA_SECRETS", default_value = "/volumes/secrets")]
    secrets: PathBuf,
    /// Folder of the containers' folders.
    #[arg(long, default_value = "/volumes")]
    folder: PathBuf,
    /// Where the administrator's kubeconfig is written; it belongs to whom its folder belongs.
    #[arg(long, default_value = "/compose/kubeconfig")]
    kubeconfig: PathBuf,
    /// The Kubernetes API, as the administrator reaches it.
    #[arg(long, env = "PLEXICA_API_URL", default_value = "https://127.0.0.1:6443")]
    url: String,
}

/// Does it, and says where the kubeconfig is.
pub fn run(options: &Options) -> Result<(), Error> {
    let secrets = Secrets::load_or_create(&options.secrets)?;
    for Share { to, file, content } in share::all(&secrets) {
        let folder = options.folder.join(to);
        fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        write(&folder.join(file), &content, READABLE)?;
    }
    let config = kubeconfig(&options.url, &secrets.ca, rights::ADMIN, &secrets.tokens.admin);
    write(&options.kubeconfig, &config, PRIVATE)?;
    hand_over(&options.kubeconfig)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    whole_file::write(path, text.as_bytes(), mode).map_err(Error::file(path))
}

/// Gives a file to the owner of its folder.
fn hand_over(path: &Path) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(path);
    let owner = fs::metadata(folder).map_err(Error::file(folder))?;
    chown(path, Some(owner.uid()), Some(owner.gid())).map_err(Error::file(path))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn run_in(folder: &Path) -> Result<(), Error> {
        run(&Options {
            secrets: folder.join("secrets"),
            folder: folder.to_owned(),
            kubeconfig: folder.join("kubeconfig"),
            url: "https://127.0.0.1:6443".into(),
        })
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn each_container_has_its_own_and_they_fit() {
        let place = tempfile::tempdir().unwrap();
        run_in(place.path()).unwrap();
        let read = |path: &str| fs::read_to_string(place.path().join(path)).unwrap();
        let password = read("secrets/operator-database-password");
        assert_eq!(read("operator/database-url"), format!("postgres://plexica_operator:{password}@postgres/plexica"));
        assert_eq!(read("bootstrap/operator-database-password"), password);
        assert!(read("operator/kubeconfig").contains(&read("secrets/operator-token")));
        assert_eq!(mode(&place.path().join("operator/kubeconfig")), READABLE);
        assert_eq!(mode(&place.path().join("kubeconfig")), PRIVATE);
        let given: BTreeSet<_> =
            fs::read_dir(place.path().join("gateway")).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert_eq!(given, BTreeSet::from(["kubeconfig".into()]), "what the gateway may see");
    }

    #[test]
    fn another_start_changes_nothing_and_a_lost_folder_comes_back() {
        let place = tempfile::tempdir().unwrap();
        run_in(place.path()).unwrap();
        let before = fs::read_to_string(place.path().join("operator/database-url")).unwrap();
        fs::remove_dir_all(place.path().join("operator")).unwrap();
        run_in(place.path()).unwrap();
        assert_eq!(fs::read_to_string(place.path().join("operator/database-url")).unwrap(), before);
    }
}
