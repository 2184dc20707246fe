//! One request, from beginning to end.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderValue, Method, Request, Response, header, request::Parts};
use hyper::body::{Body as _, Incoming};
use plexica_service::telemetry;
use tracing::Instrument;
use uuid::Uuid;

use super::{
    State,
    authorize::{Admitted, admit, authenticate},
    body::RequestBody,
    forward::forward,
    rate::retry_after,
};
use crate::{
    answer::{Body, Refusal, no_content, refusal},
    cors,
    header::{Identity, correlation_id, to_client, to_upstream},
    path,
    snapshot::Snapshot,
};

/// How the client is connected.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// The client's address.
    pub peer: SocketAddr,
    /// Whether it came by TLS.
    pub tls: bool,
}

/// What is learnt of a request on its way, for CORS and for the log, also when it is refused.
#[derive(Default)]
struct Seen {
    /// Whether pages of the request's origin may read the answer.
    allows_origin: bool,
    target: Option<String>,
    tenant: Option<String>,
    user: Option<String>,
    /// How long to wait, if this was one too many.
    wait: Option<Duration>,
}

/// Answers a request. Never fails: what goes wrong is an answer too.
pub async fn handle(state: Arc<State>, connection: Connection, request: Request<Incoming>) -> Response<Body> {
    let began = Instant::now();
    let id = correlation_id(request.headers());
    let span =
        tracing::info_span!("request", correlation_id = %id, otel.name = %request.method(), otel.kind = "server");
    telemetry::continue_trace(&span, request.headers());
    async {
        let (method, raw_path) = (request.method().clone(), request.uri().path().to_owned());
        let origin = request.headers().get(header::ORIGIN).cloned();
        let mut seen = Seen::default();
        let mut answer = match respond(&state, connection, request, id, &mut seen).await {
            Ok(answer) => answer,
            Err(refusal) => refusal.answer(id),
        };
        if let Some(wait) = seen.wait {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after(wait)));
        }
        cors::vary(answer.headers_mut());
        if let Some(origin) = origin.filter(|_| seen.allows_origin)
            && !answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        {
            cors::allow(answer.headers_mut(), &origin);
        }
        let (status, after) = (answer.status().as_u16(), began.elapsed());
        let Seen { target, tenant, user, .. } = seen;
        telemetry::answered(&tracing::Span::current(), answer.status());
        tracing::info!(%method, path = raw_path, status, ?tenant, ?user, ?after, peer = %connection.peer.ip(), "answered");
        state.metrics.answered(target.unwrap_or_else(|| "none".into()), status, after);
        answer
    }
    .instrument(span)
    .await
}

async fn respond(
    state: &State,
    connection: Connection,
    request: Request<Incoming>,
    id: Uuid,
    seen: &mut Seen,
) -> Result<Response<Body>, Refusal> {
    let snapshot = state.snapshot.load_full().ok_or(refusal::STARTING)?;
    let (parts, body) = request.into_parts();
    let origin = parts.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    // Until the tenant is known, an error may be read by pages of any tenant.
    seen.allows_origin = origin.is_some_and(|origin| snapshot.knows_origin(origin));

    let normal = path::normalize(parts.uri.path()).map_err(|_| refusal::PATH)?;
    let target = path::target(&normal).ok_or(refusal::NOT_FOUND)?;
    if let Some(origin) = cors::preflight_origin(&parts.method, &parts.headers) {
        return preflight(origin, seen.allows_origin, id);
    }
    if matches!(parts.method, Method::CONNECT | Method::TRACE) {
        return Err(refusal::METHOD);
    }
    if body.size_hint().lower() > state.limits.max_body_bytes {
        return Err(refusal::TOO_LARGE);
    }
    let (caller, realm) = authenticate(state, &snapshot, &parts.headers).await?;
    seen.tenant = caller.tenant.as_ref().map(ToString::to_string);
    seen.user = Some(caller.sub.clone());
    seen.allows_origin = origin.is_some_and(|origin| realm.allows_origin(origin));

    // Only who proved to be the tenant's is told so.
    if realm.suspended {
        return Err(refusal::SUSPENDED);
    }
    if let Some(tenant) = &caller.tenant {
        state.rates.take(tenant).map_err(|wait| {
            seen.wait = Some(wait);
            refusal::TOO_FAST
        })?;
    }
    let admitted = admit(state, &snapshot, caller, target)?;
    seen.target = Some(admitted.target.clone());
    drop::<Arc<Snapshot>>(snapshot);
    let (body, progress) = RequestBody::new(body, state.limits.max_body_bytes, state.limits.body_timeout);
    let request = outbound(parts, body, &admitted, connection, id).map_err(|error| {
        tracing::error!(%error, "the request cannot be sent on");
        refusal::INTERNAL
    })?;
    let mut answer = forward(state, request, &progress).await?;
    to_client(answer.headers_mut(), id);
    Ok(answer)
}

fn preflight(origin: &HeaderValue, allowed: bool, id: Uuid) -> Result<Response<Body>, Refusal> {
    if !allowed {
        return Err(refusal::ORIGIN);
    }
    let mut answer = no_content(id);
    cors::allow_preflight(answer.headers_mut(), origin);
    Ok(answer)
}

fn outbound(
    parts: Parts,
    body: RequestBody,
    admitted: &Admitted,
    connection: Connection,
    id: Uuid,
) -> Result<Request<RequestBody>, http::Error> {
    let uri = admitted.upstream.uri(&admitted.path, parts.uri.query())?;
    let mut headers: HeaderMap = parts.headers;
    let host = headers.get(header::HOST).cloned();
    let identity = Identity {
        token: &admitted.token,
        tenant: admitted.caller.tenant.as_ref(),
        user: &admitted.caller.sub,
        correlation_id: id,
        client: plain(connection.peer.ip()),
        host: host.as_ref(),
        tls: connection.tls,
        prefix: admitted.prefix.as_deref(),
    };
    to_upstream(&mut headers, &identity)?;
    telemetry::inject(&mut headers);
    let mut request = Request::new(body);
    *request.method_mut() = parts.method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

/// An IPv4 client of an IPv6 socket is an IPv4 client.
const fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}
