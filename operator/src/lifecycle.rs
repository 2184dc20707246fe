//! Calls to plugins' lifecycle endpoints.

use std::time::Duration;

use plexica_contract::{
    error::ErrorBody,
    lifecycle::{Action, Request, Response},
    name::{PluginId, Slug},
    path::{HEALTH, LIFECYCLE},
    token::{Audience, BodyDigest, Minter, Subject},
};
use plexica_crds::Reason;
use plexica_service::telemetry;
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};
use url::Url;
use uuid::Uuid;

use crate::problem::Problem;

/// How long one call may take; a plugin that needs longer answers 202.
const CALL: Duration = Duration::from_secs(20);
/// How long a 202 is polled before the reconcile ends; the next one asks again.
const POLLING: Duration = Duration::from_secs(15);
/// How long a health check may take.
const HEALTHY: Duration = Duration::from_secs(3);
/// The pause between two polls.
const PAUSE: Duration = Duration::from_millis(200);
/// How much of an answer is read: a plugin cannot fill the operator's memory.
const LONGEST: usize = 64 * 1024;

/// What proxies answer that have nowhere to lead a request, as one on the way out of the cluster does for a
/// Service that its node does not know yet. A plugin's own come with an error of the contract.
const FROM_ELSEWHERE: [StatusCode; 3] = [StatusCode::NOT_FOUND, StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT];

/// Calls plugins with tokens of the platform.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    minter: Minter,
}

impl Lifecycle {
    /// With the platform's minter.
    pub const fn new(minter: Minter) -> Self {
        Self { minter }
    }

    /// Asks, and waits a while until it is done.
    ///
    /// # Errors
    /// [`Reason::MigrationFailed`] with the plugin's own message, [`Reason::Pending`] when it cannot be
    /// reached, [`Reason::WorkloadNotReady`] when it says so, [`Reason::Progressing`] while it is still at it.
    pub async fn call(&self, endpoint: &Url, plugin: &PluginId, request: &Request) -> Result<(), Problem> {
        self.ask(endpoint, plugin, request).await.map(|_restart| ())
    }

    /// Asks whether the tenant's configuration may be another, and says whether the plugin wants to be
    /// started again for it.
    ///
    /// # Errors
    /// [`Reason::ConfigRefused`] with the plugin's own message, [`Reason::ConfigFailed`] when it can
    /// say neither yes nor no; else as [`call`](Self::call).
    pub async fn configure(&self, endpoint: &Url, plugin: &PluginId, request: &Request) -> Result<bool, Problem> {
        self.ask(endpoint, plugin, request).await.map_err(|problem| match problem.reason {
            Reason::MigrationFailed => problem.because(Reason::ConfigFailed),
            _ => problem,
        })
    }

    async fn ask(&self, endpoint: &Url, plugin: &PluginId, request: &Request) -> Result<bool, Problem> {
        let body = serde_json::to_vec(request).map_err(|_| failed("the call cannot be written as JSON."))?;
        let about = request.action;
        let token = self.token(plugin, &request.tenant, &body)?;
        let http = client()?;
        let post = http.post(at(endpoint, LIFECYCLE)?).bearer_auth(token);
        let mut answer = read(post.header(CONTENT_TYPE, "application/json").body(body), Asked::Call, about).await?;
        let polling = async {
            loop {
                let (path, message) = match answer {
                    Response::Done { restart } => return Ok(restart),
                    Response::Pending { poll, message } => (poll, message),
                };
                // A plugin cannot make the operator call any other place with its token.
                if !path.strip_prefix(LIFECYCLE).is_some_and(|rest| rest.starts_with('/')) {
                    return Err(failed("it answered 202 with a path that is not below its lifecycle endpoint."));
                }
                tracing::debug!(%plugin, tenant = %request.tenant, ?message, "lifecycle call goes on");
                tokio::time::sleep(PAUSE).await;
                let token = self.token(plugin, &request.tenant, b"")?;
                answer = read(http.get(at(endpoint, &path)?).bearer_auth(token), Asked::Poll, about).await?;
            }
        };
        tokio::time::timeout(POLLING, polling)
            .await
            .unwrap_or_else(|_| Err(Problem::new(Reason::Progressing, "the plugin is still at work for this tenant.")))
    }

    /// Whether the plugin can serve the tenant, in its own words.
    ///
    /// # Errors
    /// [`Reason::WorkloadNotReady`] with what it said.
    pub async fn health(&self, endpoint: &Url, tenant: &Slug) -> Result<(), Problem> {
        let mut at = at(endpoint, HEALTH)?;
        at.query_pairs_mut().append_pair("tenant", tenant.as_str());
        let unwell = |why: String| Problem::new(Reason::WorkloadNotReady, why);
        let mut answer = client()?.get(at).timeout(HEALTHY).send().await.map_err(|error| {
            tracing::debug!(%error, "a health check got no answer");
            unwell("it does not answer.".into())
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let told = body(&mut answer).await.and_then(|body| message(&body));
        Err(unwell(format!("it answered {}: {}", status.as_u16(), told.unwrap_or_else(|| "no message.".into()))))
    }

    fn token(&self, plugin: &PluginId, tenant: &Slug, body: &[u8]) -> Result<String, Problem> {
        let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
        let audience = Audience::Plugin(plugin.clone());
        let digest = Some(BodyDigest::of(body));
        self.minter
            .mint(audience, Some(tenant.clone()), Subject::Lifecycle, digest, Uuid::new_v4().to_string(), now)
            .map_err(|_| failed("no token could be signed for the call."))
    }
}

/// A client with connections of its own. Each stays where the Service led when it was opened, at a pod that ends or
/// past a cluster that did not know the Service yet: a call goes where it leads now, and its polls go where the
/// call went, since no other process knows of it.
fn client() -> Result<reqwest::Client, Problem> {
    // Plugins are inside: they need no authorities, a proxy for the outside world is none for them, and they
    // redirect nowhere.
    let http = reqwest::Client::builder().timeout(CALL).tls_certs_only([]).no_proxy();
    http.redirect(reqwest::redirect::Policy::none()).build().map_err(|error| {
        Problem::new(Reason::BackendUnavailable, format!("there can be no HTTP client for plugins: {error}."))
    })
}

fn at(endpoint: &Url, path: &str) -> Result<Url, Problem> {
    endpoint.join(path).map_err(|_| failed("its address is none."))
}

/// What an answer is to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Call,
    Poll,
}

async fn read(request: reqwest::RequestBuilder, asked: Asked, about: Action) -> Result<Response, Problem> {
    let mut trace = HeaderMap::new();
    telemetry::inject(&mut trace);
    let mut answer = request.headers(trace).send().await.map_err(|error| {
        tracing::warn!(%error, "a lifecycle call got no answer");
        unreached("the plugin did not answer a lifecycle call")
    })?;
    let status = answer.status();
    let body = body(&mut answer).await;
    if status == StatusCode::OK || status == StatusCode::ACCEPTED {
        let read = body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        return read.ok_or_else(|| failed("its answer was no lifecycle response."));
    }
    let refuses = matches!(status, StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY);
    if about == Action::Configure && refuses {
        let why = body.and_then(|body| refusal(&body)).unwrap_or_else(|| "no message.".into());
        let told = format!("the plugin refused spec.config: {why} What was in force before stays so.");
        return Err(Problem::new(Reason::ConfigRefused, told));
    }
    let told = body.and_then(|body| message(&body));
    if status == StatusCode::NOT_FOUND && asked == Asked::Poll {
        let message = "the plugin was started again in the middle of its call for this tenant, which is made anew.";
        return Err(Problem::new(Reason::Progressing, message));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let told = told.unwrap_or_else(|| "it is not ready.".into());
        return Err(Problem::new(Reason::WorkloadNotReady, format!("the plugin answered 503: {told}")));
    }
    if told.is_none() && FROM_ELSEWHERE.contains(&status) {
        let status = status.as_u16();
        tracing::warn!(
            status,
            "the answer to a lifecycle call is no plugin's, or one without an error of the contract"
        );
        let what =
            format!("a lifecycle call was answered {status} by a proxy, or a plugin that serves no such address");
        return Err(unreached(&what));
    }
    Err(failed(&format!("it answered {}: {}", status.as_u16(), told.unwrap_or_else(|| "no message.".into()))))
}

/// The plugin is not where it is called. A cluster's proxies hear of a healthy pod a moment later than we do:
/// a new thing to wait for, with short pauses again.
fn unreached(what: &str) -> Problem {
    Problem::new(Reason::Pending, format!("{what}; it is tried again."))
}

/// What an error says to people.
fn message(body: &[u8]) -> Option<String> {
    let ErrorBody { error, .. } = serde_json::from_slice(body).ok()?;
    Some(error.message.chars().take(500).collect())
}

/// What an error says of a configuration, field by field.
fn refusal(body: &[u8]) -> Option<String> {
    let ErrorBody { error, .. } = serde_json::from_slice(body).ok()?;
    let fields =
        error.details.iter().map(|detail| format!(" {} {}.", detail.field, detail.message.trim_end_matches('.')));
    let told = fields.fold(error.message, |told, field| told + &field);
    Some(told.chars().take(500).collect())
}

/// The whole body; `None` if it breaks off or is longer than any answer there is.
async fn body(answer: &mut reqwest::Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        if body.len() + chunk.len() > LONGEST {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

fn failed(why: &str) -> Problem {
    Problem::new(Reason::MigrationFailed, format!("the plugin failed for this tenant: {why}"))
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
