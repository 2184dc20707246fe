//! Watches that tell late: what was written can be read at once, and is in nobody's cache for a while.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures::StreamExt;
use http::{Request, Response};
use http_body_util::{BodyExt, BodyStream, StreamBody, combinators::UnsyncBoxBody};
use kube::client::Body;
use tower::{BoxError, Service};

/// A way to Kubernetes whose watches take so long for each piece of what they tell.
pub struct Late<S> {
    pub inner: S,
    pub by: Duration,
}

impl<S, B> Service<Request<Body>> for Late<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    B: http_body_util::BodyExt + Send + 'static,
    B::Error: Into<BoxError>,
    B::Data: Send,
{
    type Response = Response<UnsyncBoxBody<B::Data, BoxError>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let watches = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        let by = if watches { self.by } else { Duration::ZERO };
        let answer = self.inner.call(request);
        Box::pin(async move {
            Ok(answer.await?.map(|body| {
                let body = body.map_err(Into::into);
                if by.is_zero() {
                    return body.boxed_unsync();
                }
                let frames = BodyStream::new(body.boxed_unsync()).then(move |frame| async move {
                    tokio::time::sleep(by).await;
                    frame
                });
                StreamBody::new(frames).boxed_unsync()
            }))
        })
    }
}
