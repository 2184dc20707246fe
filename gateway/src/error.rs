//! Why the gateway does not start.

use std::{io, net::SocketAddr, path::PathBuf};

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be bound.
    #[error("cannot listen on {addr}")]
    Listen {
        /// Which.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error("the TLS certificate {cert} or its key cannot be used: {reason}")]
    Tls {
        /// The certificate's file.
        cert: PathBuf,
        /// Why.
        reason: String,
    },
    /// The core API's URL cannot be an upstream.
    #[error("PLEXICA_CORE_API_URL {0}")]
    CoreApiUrl(#[from] crate::snapshot::UpstreamError),
    /// The CA bundle cannot be used.
    #[error(transparent)]
    Trust(#[from] plexica_service::trust::Error),
    /// The client for realms' keys cannot be made.
    #[error("the HTTP client cannot be made")]
    HttpClient(#[from] reqwest::Error),
}
