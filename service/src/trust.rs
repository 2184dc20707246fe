//! The CA bundle for outside systems (`PLEXICA_CA_BUNDLE`).

use std::path::{Path, PathBuf};

use reqwest::Url;

use crate::loopback::is_loopback;

/// The bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("the CA bundle {path} cannot be read: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It holds something else than certificates.
    #[error("the CA bundle {path} must hold certificates in PEM")]
    Pem {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Option<reqwest::Error>,
    },
}

/// The certificates of a bundle, none without one.
///
/// # Errors
/// When the file cannot be read or holds no certificate.
pub fn certificates(bundle: Option<&Path>) -> Result<Vec<reqwest::Certificate>, Error> {
    Ok(read(bundle)?.map_or_else(Vec::new, |(_, certificates)| certificates))
}

/// The bundle as it is, to be handed on.
///
/// # Errors
/// As [`certificates`].
pub fn pem(bundle: Option<&Path>) -> Result<Option<String>, Error> {
    Ok(read(bundle)?.map(|(pem, _)| pem))
}

fn read(bundle: Option<&Path>) -> Result<Option<(String, Vec<reqwest::Certificate>)>, Error> {
    let Some(path) = bundle else { return Ok(None) };
    let pem = std::fs::read(path).map_err(|source| Error::Read { path: path.into(), source })?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem)
        .map_err(|source| Error::Pem { path: path.into(), source: Some(source) })?;
    if certificates.is_empty() {
        return Err(Error::Pem { path: path.into(), source: None });
    }
    // Certificates are ASCII; comments beside them need not be UTF-8.
    Ok(Some((String::from_utf8_lossy(&pem).into_owned(), certificates)))
}

/// An HTTP client's builder that trusts the system's CAs and those of the bundle.
///
/// # Errors
/// As [`certificates`].
pub fn http_client(bundle: Option<&Path>) -> Result<reqwest::ClientBuilder, Error> {
    Ok(certificates(bundle)?.into_iter().fold(reqwest::Client::builder(), reqwest::ClientBuilder::add_root_certificate))
}

/// The same for one server. What is on this machine is not asked by way of a proxy, whatever
/// `HTTPS_PROXY` says.
///
/// # Errors
/// As [`certificates`].
pub fn http_client_of(url: &Url, bundle: Option<&Path>) -> Result<reqwest::ClientBuilder, Error> {
    Ok(direct_if_here(url, http_client(bundle)?))
}

fn direct_if_here(url: &Url, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    if url.host_str().is_some_and(is_loopback) { builder.no_proxy() } else { builder }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The environment is the whole process's, so the client is made with a proxy of its own, which
    /// `no_proxy` takes away as well: nothing listens on port 1.
    #[tokio::test]
    async fn loopback_is_behind_no_proxy() {
        crate::program::tls_provider();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(axum::serve(listener, axum::Router::new()).into_future());
        let proxy = || reqwest::Proxy::all("http://127.0.0.1:1").unwrap();
        let through = reqwest::Client::builder().proxy(proxy()).build().unwrap();
        assert!(through.get(url.clone()).send().await.is_err());
        let direct = direct_if_here(&url, reqwest::Client::builder().proxy(proxy())).build().unwrap();
        assert_eq!(direct.get(url).send().await.unwrap().status(), reqwest::StatusCode::NOT_FOUND);
        let elsewhere: Url = "http://198.51.100.1".parse().unwrap();
        let there = direct_if_here(&elsewhere, reqwest::Client::builder().proxy(proxy())).build().unwrap();
        assert!(there.get(elsewhere).send().await.unwrap_err().is_connect());
    }

    #[test]
    fn what_is_a_bundle() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let pem = || rcgen::generate_simple_self_signed(vec!["a.test".into()]).unwrap().cert.pem();
        assert!(certificates(None).unwrap().is_empty());
        assert_eq!(certificates(Some(&file("two.pem", &(pem() + &pem())))).unwrap().len(), 2);
        assert!(matches!(certificates(Some(&file("empty.pem", ""))), Err(Error::Pem { .. })));
        assert!(matches!(certificates(Some(&folder.path().join("none"))), Err(Error::Read { .. })));
    }
}
