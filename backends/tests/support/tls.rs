//! TLS in front of a part that speaks plain, as a proxy in front of a server does it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How the client asks for TLS.
#[derive(Clone, Copy)]
#[allow(dead_code)] // Not each test program uses both.
pub enum Start {
    /// At once.
    Direct,
    /// With Postgres' `SSLRequest`.
    Postgres,
}

pub struct Proxy {
    pub addr: SocketAddr,
    folder: TempDir,
}

impl Proxy {
    /// With a certificate for `localhost` by a CA of its own.
    pub async fn start(start: Start, upstream: String) -> Self {
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let bundle = ca.self_signed(&ca_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), bundle).unwrap();

        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder().with_no_client_auth();
        let acceptor =
            TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate.der().clone()], key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(start, client, acceptor.clone(), upstream.clone()));
            }
        });
        Self { addr, folder }
    }

    /// The CA's certificate.
    pub fn bundle(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

async fn serve(start: Start, mut client: TcpStream, acceptor: TlsAcceptor, upstream: String) -> std::io::Result<()> {
    if matches!(start, Start::Postgres) {
        let mut request = [0; 8];
        client.read_exact(&mut request).await?;
        assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47], "an SSLRequest");
        client.write_all(b"S").await?;
    }
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(upstream).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}
