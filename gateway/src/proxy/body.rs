//! Bodies on their way: counted, timed, and without trailers.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::answer::BodyError;

/// What happens to a body, seen from outside while somebody else reads it.
#[derive(Debug)]
pub struct Progress {
    last: Mutex<Instant>,
    too_large: AtomicBool,
    too_slow: AtomicBool,
}

impl Progress {
    /// When something last moved.
    pub fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it had more bytes than allowed.
    pub fn too_large(&self) -> bool {
        self.too_large.load(Ordering::Acquire)
    }

    /// Whether it paused for longer than allowed.
    pub fn too_slow(&self) -> bool {
        self.too_slow.load(Ordering::Acquire)
    }

    fn moved(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// A client's body on its way to an upstream.
#[derive(Debug)]
pub struct RequestBody {
    inner: Option<Incoming>,
    left: u64,
    pause: Pause,
    progress: Arc<Progress>,
}

impl RequestBody {
    /// At most `limit` bytes, with no pause longer than `pause`.
    pub fn new(inner: Incoming, limit: u64, pause: Duration) -> (Self, Arc<Progress>) {
        let progress = Arc::new(Progress {
            last: Mutex::new(Instant::now()),
            too_large: AtomicBool::new(false),
            too_slow: AtomicBool::new(false),
        });
        (Self { inner: Some(inner), left: limit, pause: Pause::new(pause), progress: progress.clone() }, progress)
    }
}

impl RequestBody {
    /// One without a byte.
    pub fn none(progress: Arc<Progress>) -> Self {
        Self { inner: None, left: 0, pause: Pause::new(Duration::ZERO), progress }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let polled = Pin::new(inner).poll_frame(cx);
        let Poll::Ready(frame) = polled else {
            ready!(self.pause.poll(cx));
            self.progress.too_slow.store(true, Ordering::Release);
            return Poll::Ready(Some(Err("the client paused for too long".into())));
        };
        self.pause.moved();
        self.progress.moved();
        let data = match frame {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            // Trailers are headers by another door.
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => data,
                Err(_trailers) => return Poll::Ready(None),
            },
        };
        let Some(left) = u64::try_from(data.len()).ok().and_then(|length| self.left.checked_sub(length)) else {
            self.progress.too_large.store(true, Ordering::Release);
            return Poll::Ready(Some(Err("the body is too large".into())));
        };
        self.left = left;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

/// An upstream's body on its way to a client.
pub struct ResponseBody {
    inner: Incoming,
    pause: Pause,
}

impl ResponseBody {
    /// With no pause longer than `pause`.
    pub fn boxed(inner: Incoming, pause: Duration) -> BoxBody<Bytes, BodyError> {
        BoxBody::new(Self { inner, pause: Pause::new(pause) })
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        let Poll::Ready(frame) = polled else {
            ready!(self.pause.poll(cx));
            return Poll::Ready(Some(Err("the upstream paused for too long".into())));
        };
        self.pause.moved();
        Poll::Ready(match frame {
            Some(Ok(frame)) => frame.into_data().ok().map(|data| Ok(Frame::data(data))),
            Some(Err(error)) => Some(Err(error.into())),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Runs out when nothing moves; costs nothing while something does.
#[derive(Debug)]
struct Pause {
    most: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Pause {
    const fn new(most: Duration) -> Self {
        Self { most, sleep: None }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let most = self.most;
        self.sleep.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + most))).as_mut().poll(cx)
    }

    fn moved(&mut self) {
        self.sleep = None;
    }
}
