//! Parts listen on loopback; pods reach them by the node's address.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// Passes connections on to the host and port of a URL for as long as the test runs; answers where on the node.
pub async fn open(node: &str, target: &Url) -> SocketAddr {
    let host = target.host_str().expect("a host").to_owned();
    let port = target.port().expect("a port");
    let listener = TcpListener::bind((node, 0)).await.expect("the node's address is on this machine");
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let host = host.clone();
            tokio::spawn(async move {
                if let Ok(mut to) = TcpStream::connect((host.as_str(), port)).await {
                    // Either side may end first; that is the end of this connection alone.
                    let _ended = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                }
            });
        }
    });
    address
}
