//! From a request to its answer.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::negotiate::{Wanted, negotiate};
use super::params::Params;
use super::path::{Target, target};
use super::reply::{self, Body, Reply};
use crate::api_error::{ApiError, ApiResult};
use crate::auth::{allowed, authenticate, forbidden};
use crate::discovery;
use crate::state::State;
use crate::verbs::{self, Call};

/// As much as the real one takes.
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// Answers one request.
pub async fn answer(state: Arc<State>, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    match respond(state, &parts, body).await {
        Ok(response) => response,
        Err(error) => reply::refusal(&error),
    }
}

async fn respond(state: Arc<State>, parts: &Parts, body: Incoming) -> ApiResult<Response<Body>> {
    let params = Params::parse(parts.uri.query().unwrap_or_default());
    let wants = target(&parts.method, parts.uri.path(), &params);
    let user = authenticate(&parts.headers, &state.tokens)?;
    if !allowed(&user, &wants.attributes) {
        return Err(forbidden(&user, &wants.attributes));
    }
    if !wants.is_resource() {
        return other(&state, parts, header(&parts.headers, ACCEPT)).await;
    }
    let Target { attributes, version } = wants;
    if attributes.group == "authorization.k8s.io" {
        let body = read(body).await?;
        let content = header(&parts.headers, CONTENT_TYPE);
        return verbs::review(&user, &attributes, &version, &body, content).map(|found| {
            found.map_or_else(reply::no_such_path, |answer| answer.into_response(Wanted::default().encoding))
        });
    }
    let Some(served) = state.catalogue.find(&attributes.group, &version, &attributes.resource).cloned() else {
        return Ok(reply::no_such_path());
    };
    // The name that a field selector gave is for authorization only.
    let name = if matches!(attributes.verb.as_str(), "list" | "watch" | "deletecollection") {
        String::new()
    } else {
        attributes.name
    };
    let namespace = if served.kind.namespaced { attributes.namespace } else { String::new() };
    let call = Call {
        served,
        namespace,
        name,
        subresource: attributes.subresource,
        wanted: negotiate(header(&parts.headers, ACCEPT))?,
        params,
        user,
        user_agent: header(&parts.headers, USER_AGENT).to_owned(),
        content_type: header(&parts.headers, CONTENT_TYPE).to_owned(),
        body: read(body).await?,
    };
    dispatch(state, &attributes.verb, call).await
}

async fn dispatch(state: Arc<State>, verb: &str, call: Call) -> ApiResult<Response<Body>> {
    let wanted = call.wanted;
    let nowhere = call.namespace.is_empty() && call.served.kind.namespaced;
    if nowhere && verb == "create" && call.served.kind.custom {
        return Ok(reply::no_such_path());
    }
    let one = |answer: Reply| answer.into_response(wanted.encoding);
    if !verbs::serves(&call, verb) {
        return Err(verbs::not_served(&call));
    }
    match verb {
        "get" => verbs::get(&state, &call).await.map(one),
        "list" => verbs::list(&state, &call).await.map(one),
        "watch" => verbs::watch(state, call).await.map(reply::stream),
        "create" => verbs::create(&state, &call).await.map(one),
        "update" => verbs::update(&state, &call).await.map(one),
        "patch" => verbs::patch(&state, &call).await.map(one),
        "delete" => verbs::delete(&state, &call).await.map(one),
        "deletecollection" => verbs::delete_collection(&state, &call).await.map(one),
        _ => Err(ApiError::method_not_allowed()),
    }
}

/// Health, version, discovery.
async fn other(state: &State, parts: &Parts, accept: &str) -> ApiResult<Response<Body>> {
    let path = parts.uri.path().trim_end_matches('/');
    let probe = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match probe {
        "healthz" | "livez" => Ok(reply::text(StatusCode::OK, "ok")),
        "readyz" => Ok(match state.store.ping().await {
            Ok(()) => reply::text(StatusCode::OK, "ok"),
            Err(_) => reply::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "[-]database failed: it does not answer\nreadyz check failed\n",
            ),
        }),
        _ => Ok(discovery::answer(state, path, accept).unwrap_or_else(reply::no_such_path)),
    }
}

async fn read(body: Incoming) -> ApiResult<Bytes> {
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(ApiError::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {BODY_LIMIT}")))
        }
        Err(_) => Err(ApiError::bad_request("the body of the request cannot be read")),
    }
}

fn header(headers: &HeaderMap, name: http::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
