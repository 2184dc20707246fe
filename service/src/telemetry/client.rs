//! The exporter's HTTP client.

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

/// Sends on the service's runtime: the exporter has a thread of its own, where there is none.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

impl Client {
    pub(super) fn new(builder: reqwest::ClientBuilder, runtime: &Handle) -> reqwest::Result<Self> {
        // The specification's time for one export.
        let http = builder.timeout(std::time::Duration::from_secs(10)).build()?;
        Ok(Self { http, runtime: runtime.clone() })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        self.runtime.spawn(async move { http.send_bytes(request).await }).await?
    }
}
