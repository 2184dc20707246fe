//! The client of the Kubernetes API.

use std::time::Duration;

use kube::{Client, Config};

/// How long the API server may say nothing at all: longer than kube's own limit for a watch, which ends
/// within 290 s, so that it is for all other calls. One that is silent for so long is gone without
/// having closed its connections.
const SILENCE: Duration = Duration::from_secs(330);

/// A client by the kubeconfig, or by the service account of the pod. No call of it waits for ever.
///
/// # Errors
/// When there is neither, or it cannot be used.
pub async fn client() -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Client::try_from(patient(Config::infer().await?, SILENCE))?)
}

fn patient(mut config: Config, silence: Duration) -> Config {
    config.read_timeout = Some(silence);
    // Counted from the request on, and not from when its connection was last used.
    config.reset_reader_on_write = true;
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_takes_calls_and_never_answers_is_given_up() {
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap()).parse().unwrap();
        let config = patient(Config::new(url), Duration::from_millis(100));
        let client = Client::try_from(config).unwrap();
        let answer = tokio::time::timeout(Duration::from_mins(1), client.apiserver_version()).await;
        let error = answer.expect("it is given up").unwrap_err();
        assert!(!matches!(error, kube::Error::Api(_)), "{error}");
    }
}
