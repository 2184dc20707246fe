//! What every request has at hand.

use std::net::SocketAddr;

use tokio_util::sync::CancellationToken;

use crate::auth::Token;
use crate::discovery::Documents;
use crate::served::Catalogue;
use crate::storage::Store;

/// The server's parts.
pub struct State {
    /// Objects.
    pub store: Store,
    /// Kinds.
    pub catalogue: Catalogue,
    /// Discovery and OpenAPI documents, made once.
    pub documents: Documents,
    /// Who may come in.
    pub tokens: Vec<Token>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Told when the server stops, so that watches end.
    pub stop: CancellationToken,
}
