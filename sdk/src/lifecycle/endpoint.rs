//! `/_plexica/lifecycle`.

use std::sync::Arc;

use axum::{
    Extension,
    extract::FromRequest,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use plexica_contract::{
    lifecycle::{Action, Request, Response as Answer},
    name::Slug,
    path,
    token::{BodyDigest, Claims, Subject},
};
use uuid::Uuid;

use super::{Reload, operation::Started, perform::perform};
use crate::{Error, Json, Path, Result, caller, extract, host::Host};

/// `POST`: does it, or says where to ask how far it is.
pub(crate) async fn call(Extension(host): Extension<Arc<Host>>, request: axum::extract::Request) -> Result<Response> {
    let (tenant, digest) = authorize(&host, request.headers()).await?;
    let bytes = Bytes::from_request(request, &()).await.map_err(|refused| extract::body_error(&refused))?;
    // The token is good for one body: who reads it on the way cannot use it for another.
    if !digest.is_some_and(|digest| digest.matches(&bytes)) {
        tracing::info!("a lifecycle token came with another body than its own");
        return Err(Error::unauthenticated());
    }
    let request: Request = extract::parse_json(&bytes)?;
    if request.tenant != tenant || request.parameters.tenant != tenant {
        return Err(Error::unauthenticated());
    }
    let brings = !matches!(request.action, Action::Disable | Action::Purge);
    if brings && request.to_version != host.version {
        let (asked, here) = (&request.to_version, &host.version);
        return Err(Error::conflict(format!("This is version {here} of the plugin; {asked} was asked for.")));
    }
    let body = BodyDigest::of(&bytes);
    let started = host.operations.start(&tenant, body, perform(host.clone(), request))?;
    answer(&host, started).await
}

/// `GET` below it: how far a call is that was answered with 202.
pub(crate) async fn poll(
    Extension(host): Extension<Arc<Host>>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Response> {
    let (tenant, digest) = authorize(&host, &headers).await?;
    // A token made for a call is not good for this: it is for no body.
    if !digest.is_some_and(|digest| digest.matches(b"")) {
        return Err(Error::unauthenticated());
    }
    let started = host.operations.find(&tenant, id).ok_or_else(Error::not_found)?;
    answer(&host, started).await
}

/// A token of the operator for one tenant.
async fn authorize(host: &Host, headers: &HeaderMap) -> Result<(Slug, Option<BodyDigest>)> {
    let Claims { subject, tenant, body, .. } = caller::verify(host, headers).await?;
    if let (Subject::Lifecycle, Some(tenant)) = (subject, tenant) {
        return Ok((tenant, body));
    }
    tracing::info!("a token of another kind was used for a lifecycle call");
    Err(Error::unauthenticated())
}

async fn answer(host: &Host, started: Started) -> Result<Response> {
    let id = started.id;
    if let Some(outcome) = started.wait(host.limits.lifecycle_wait).await {
        return outcome.map(|reload| Json(Answer::Done { restart: reload == Reload::Restart }).into_response());
    }
    let answer = Answer::Pending { poll: format!("{}/{id}", path::LIFECYCLE), message: None };
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}
