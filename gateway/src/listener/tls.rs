//! The gateway's certificate, read again when its files change.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use plexica_service::Tasks;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

use crate::{Config, error::StartError};

/// How often the files are looked at. Kubernetes swaps mounted Secrets by renaming links, which
/// file notifications miss.
const LOOK: Duration = Duration::from_secs(10);

/// Certificate and key that new connections get.
pub struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    current: ArcSwap<Loaded>,
}

struct Loaded {
    acceptor: TlsAcceptor,
    pem: (Vec<u8>, Vec<u8>),
}

impl Certificate {
    /// From the configured files, none without.
    ///
    /// # Errors
    /// [`StartError::Tls`]
    pub fn load(config: &Config) -> Result<Option<Arc<Self>>, StartError> {
        let (Some(cert), Some(key)) = (&config.tls_cert, &config.tls_key) else { return Ok(None) };
        let loaded = read(cert, key)
            .and_then(load)
            .map_err(|reason| StartError::Tls { cert: cert.clone(), reason: reason.to_string() })?;
        Ok(Some(Arc::new(Self { cert: cert.clone(), key: key.clone(), current: ArcSwap::from_pointee(loaded) })))
    }

    /// For one new connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.current.load().acceptor.clone()
    }

    /// Looks at the files from time to time, as one of the service's tasks.
    pub fn watch(self: &Arc<Self>, tasks: &Tasks) {
        let (certificate, shutdown) = (self.clone(), tasks.shutdown());
        tasks.spawn("the certificate's watch", async move {
            let mut ticks = tokio::time::interval(LOOK);
            while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
                certificate.reload();
            }
        });
    }

    /// Takes changed files into use; keeps the present ones if the new cannot be used.
    pub fn reload(&self) {
        let loaded = match read(&self.cert, &self.key) {
            Ok(pem) if pem == self.current.load().pem => return,
            Ok(pem) => load(pem),
            Err(error) => Err(error),
        };
        match loaded {
            Ok(loaded) => {
                tracing::info!(certificate = %self.cert.display(), "certificate read again");
                self.current.store(Arc::new(loaded));
            }
            Err(error) => tracing::warn!(%error, certificate = %self.cert.display(), "the present certificate stays"),
        }
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

fn read(cert: &Path, key: &Path) -> Result<(Vec<u8>, Vec<u8>), Error> {
    Ok((std::fs::read(cert)?, std::fs::read(key)?))
}

fn load(pem: (Vec<u8>, Vec<u8>)) -> Result<Loaded, Error> {
    let chain = CertificateDer::pem_slice_iter(&pem.0).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(&pem.1)?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Loaded { acceptor: TlsAcceptor::from(Arc::new(config)), pem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_files_are_taken_and_broken_ones_are_not() {
        plexica_service::program::tls_provider();
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
        let write = || {
            let made = rcgen::generate_simple_self_signed(vec!["a.test".into()]).unwrap();
            std::fs::write(&cert, made.cert.pem()).unwrap();
            std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
            made.cert.pem().into_bytes()
        };
        let first = write();
        let loaded = load(read(&cert, &key).unwrap()).unwrap();
        let certificate = Certificate { cert: cert.clone(), key: key.clone(), current: ArcSwap::from_pointee(loaded) };
        let in_use = || certificate.current.load().pem.0.clone();
        certificate.reload();
        assert_eq!(in_use(), first);
        let second = write();
        certificate.reload();
        assert_eq!(in_use(), second);
        std::fs::write(&key, "half").unwrap();
        certificate.reload();
        assert_eq!(in_use(), second, "the key does not fit");
        std::fs::remove_file(&cert).unwrap();
        certificate.reload();
        assert_eq!(in_use(), second);
        assert!(load((b"no certificate".to_vec(), Vec::new())).is_err());
    }
}
