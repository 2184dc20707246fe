//! The way to an upstream.

use std::{
    task::{Context, Poll},
    time::{Duration, Instant},
};

use backon::{ExponentialBuilder, Retryable};
use futures::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

/// For so long a connection is tried anew. The node that a request passes hears of a Service's pods later than the
/// gateway of its route, and of a pod that has gone later than the pod has gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens connections, and tries again when one is refused: nothing was sent by then, so that this does no request twice,
/// whatever its method.
#[derive(Clone, Debug)]
pub struct Connector(HttpConnector);

impl Connector {
    /// Each try may take that long.
    pub fn new(timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(timeout));
        connector.set_nodelay(true);
        Self(connector)
    }
}

impl Service<Uri> for Connector {
    type Response = <HttpConnector as Service<Uri>>::Response;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, upstream: Uri) -> Self::Future {
        let (connector, began) = (self.0.clone(), Instant::now());
        let pauses = ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(Duration::from_millis(10))
            .with_max_delay(Duration::from_millis(200))
            .without_max_times();
        Box::pin(async move {
            let connect = || connector.clone().call(upstream.clone());
            connect.retry(pauses).when(|_| began.elapsed() < PATIENCE).await
        })
    }
}
