//! The client of the Kubernetes API.

use std::time::Duration;

use kube::{Client, Config, client::ClientBuilder};
use tower::timeout::TimeoutLayer;

/// How long the API server may take to begin an answer: a little longer than it gives itself for a request that is no
/// watch (`--request-timeout`), and a watch is answered at once.
const ANSWER: Duration = Duration::from_secs(65);

/// How long it may say nothing in the middle of one: longer than kube's own limit for a watch, which ends within 290 s.
/// One that is silent for so long is gone without having closed its connections.
const SILENCE: Duration = Duration::from_secs(330);

/// A client by the kubeconfig, or by the service account of the pod. No call of it waits for ever.
///
/// # Errors
/// When there is neither, or it cannot be used.
pub async fn client() -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    Ok(patient(Config::infer().await?, ANSWER, SILENCE)?)
}

fn patient(mut config: Config, answer: Duration, silence: Duration) -> kube::Result<Client> {
    config.read_timeout = Some(silence);
    // Counted from the request on, and not from when its connection was last used.
    config.reset_reader_on_write = true;
    Ok(ClientBuilder::try_from(config)?.with_layer(&TimeoutLayer::new(answer)).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;
    use k8s_openapi::api::core::v1::Namespace;
    use kube::{Api, api::WatchParams};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    const NEVER: Duration = Duration::from_hours(1);
    const SOON: Duration = Duration::from_millis(100);

    /// A server that sends this to whoever calls, and nothing after it.
    async fn silent_after(head: &'static [u8]) -> Config {
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move {
            let (mut caller, _) = listener.accept().await.unwrap();
            let _request = caller.read(&mut [0; 4096]).await.unwrap();
            caller.write_all(head).await.unwrap();
            std::future::pending::<()>().await;
        });
        Config::new(url)
    }

    #[tokio::test]
    async fn a_server_that_takes_calls_and_never_answers_is_given_up() {
        for (answer, silence) in [(SOON, NEVER), (NEVER, SOON)] {
            let client = patient(silent_after(b"").await, answer, silence).unwrap();
            let answer = tokio::time::timeout(Duration::from_mins(1), client.apiserver_version()).await;
            let error = answer.expect("it is given up").unwrap_err();
            assert!(!matches!(error, kube::Error::Api(_)), "{error}");
        }
    }

    #[tokio::test]
    async fn a_watch_in_which_nothing_happens_is_not() {
        const WATCHED: &[u8] =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        let client = patient(silent_after(WATCHED).await, SOON, NEVER).unwrap();
        let all: Api<Namespace> = Api::all(client);
        let mut watch = Box::pin(all.watch(&WatchParams::default(), "0").await.unwrap());
        let happened = tokio::time::timeout(10 * SOON, watch.try_next()).await;
        assert!(happened.is_err(), "the watch has ended: {happened:?}");
    }
}
