//! The server's own certificate authority and certificate, kept in a folder.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The folder cannot be read or written.
    #[error("the certificates in {path} cannot be read or written: {source}")]
    Folder {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A certificate cannot be made, for example for an impossible name.
    #[error("a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    /// The files are there and do not fit together.
    #[error("the certificates cannot be used: {0}; delete them to have new ones made")]
    Use(String),
}

/// A certificate to serve with and the authority that clients trust.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The authority's certificate, for clients.
    pub ca_pem: String,
    /// The server's certificate.
    pub certificate_pem: String,
    /// The server's private key.
    pub key_pem: String,
}

impl Tls {
    /// The certificates in `dir`, made on first use. The authority stays, so kubeconfigs stay valid;
    /// the server's certificate is made anew at each start for the names given.
    pub fn load_or_create(dir: &Path, names: &[String]) -> Result<Self, TlsError> {
        let folder = |path: &Path| {
            let path = path.display().to_string();
            move |source| TlsError::Folder { path, source }
        };
        std::fs::create_dir_all(dir).map_err(folder(dir))?;
        let (ca_path, key_path) = (dir.join("ca.pem"), dir.join("ca.key"));
        if !ca_path.exists() || !key_path.exists() {
            let (certificate, key) = make_authority()?;
            write_private(&key_path, key.as_bytes()).map_err(folder(&key_path))?;
            std::fs::write(&ca_path, certificate).map_err(folder(&ca_path))?;
        }
        let ca_pem = std::fs::read_to_string(&ca_path).map_err(folder(&ca_path))?;
        let ca_key = std::fs::read_to_string(&key_path).map_err(folder(&key_path))?;
        let issuer = Issuer::from_ca_cert_pem(&ca_pem, KeyPair::from_pem(&ca_key)?)?;
        let key = KeyPair::generate()?;
        let certificate = server_parameters(names)?.signed_by(&key, &issuer)?;
        Ok(Self { ca_pem, certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }

    /// The configuration of the listener: HTTP/2 and HTTP/1.1.
    pub(crate) fn server_config(&self) -> Result<Arc<rustls::ServerConfig>, TlsError> {
        let wrong = |error: String| TlsError::Use(error);
        let chain = CertificateDer::pem_slice_iter(self.certificate_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).map_err(|error| wrong(error.to_string()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| wrong(error.to_string()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn make_authority() -> Result<(String, String), TlsError> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters.distinguished_name.push(DnType::CommonName, "plexica standalone CA");
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn server_parameters(names: &[String]) -> Result<CertificateParams, TlsError> {
    let mut parameters = CertificateParams::new(names.to_vec())?;
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.distinguished_name.push(DnType::CommonName, "plexica standalone");
    Ok(parameters)
}

/// Writes a file that only its owner can read, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let partial = path.with_extension("partial");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&partial, path)
}
