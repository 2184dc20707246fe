//! A way to Kubernetes on which something comes before each request.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use kube::client::Body;
use tower::{Layer, Service, ServiceExt, layer::layer_fn};

/// What comes first. The request waits for it.
pub type First = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Clone)]
pub struct Before<S, F> {
    inner: Arc<tokio::sync::Mutex<S>>,
    first: F,
}

/// Lets that come before each request.
pub fn before<S, F>(first: F) -> impl Layer<S, Service = Before<S, F>>
where
    F: Fn(&http::Request<Body>) -> First + Clone,
{
    layer_fn(move |inner| Before { inner: Arc::new(tokio::sync::Mutex::new(inner)), first: first.clone() })
}

impl<S, F> Service<http::Request<Body>> for Before<S, F>
where
    S: Service<http::Request<Body>> + Send + 'static,
    S::Future: Send,
    F: Fn(&http::Request<Body>) -> First,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (inner, first) = (self.inner.clone(), (self.first)(&request));
        Box::pin(async move {
            first.await;
            let answer = inner.lock().await.ready().await?.call(request);
            answer.await
        })
    }
}
