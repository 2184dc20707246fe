//! Keycloak, S3 and Kubernetes, which speak HTTP.

use std::{convert::Infallible, io, net::SocketAddr};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header, uri::Authority};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::net::TcpListener;

use super::{
    call::Call,
    fault::{DELAY, Fate, Fault, PATIENCE, PAUSE, System},
    script::Script,
    watch,
};

pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Body = UnsyncBoxBody<Bytes, Error>;

/// Who answers behind the proxy.
#[derive(Clone)]
pub enum Upstream {
    /// A server on this machine.
    Plain(Box<Client<HttpConnector, Full<Bytes>>>, Authority),
    /// An API server, with the rights and the TLS of a client.
    Kubernetes(kube::Client),
}

impl Upstream {
    /// A server on this machine.
    pub fn plain(authority: Authority) -> Self {
        Self::Plain(Box::new(Client::builder(TokioExecutor::new()).build_http()), authority)
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, Error> {
        match self {
            Self::Plain(client, authority) => {
                let (mut parts, body) = request.into_parts();
                let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
                parts.uri = Uri::builder().scheme("http").authority(authority.clone()).path_and_query(path).build()?;
                let response = client.request(Request::from_parts(parts, Full::new(body))).await?;
                Ok(response.map(|body| body.map_err(Error::from).boxed_unsync()))
            }
            Self::Kubernetes(client) => {
                let (mut parts, body) = request.into_parts();
                parts.headers.remove(header::HOST);
                let request = Request::from_parts(parts, kube::client::Body::from(body));
                let response = client.send(request).await?;
                Ok(response.map(|body| BodyExt::map_err(body, Error::from).boxed_unsync()))
            }
        }
    }
}

/// A proxy that runs as long as its world's runtime.
#[derive(Clone, Debug)]
pub struct Http {
    /// Where it listens.
    pub address: SocketAddr,
}

impl Http {
    /// Starts it.
    ///
    /// # Errors
    /// When no port of loopback is free.
    pub async fn start(system: System, upstream: Upstream, script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Without, an answer waits for the acknowledgement of its head; it is a matter of speed alone.
                let _set = stream.set_nodelay(true);
                let (upstream, script, passing) = (upstream.clone(), script.clone(), script.clone());
                let answer = service_fn(move |request| answer(system, upstream.clone(), script.clone(), request));
                tokio::spawn(async move {
                    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                    passing.pass(system, connection).await;
                });
            }
        });
        Ok(Self { address })
    }
}

/// An error cuts the connection.
async fn answer(
    system: System,
    upstream: Upstream,
    script: Script,
    request: Request<Incoming>,
) -> Result<Response<Body>, Error> {
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts, body.collect().await?.to_bytes());
    let watches = system == System::Kubernetes && watches(&request);
    // Such as an API server that closes a connection which has rested for long, in the moment of the call.
    let by_itself = |error: &Error| {
        eprintln!("{system:?} itself failed a call: {error}");
        script.failed(system);
    };
    match script.fate(call(system, &request)) {
        Fate::Pass if watches => {
            let answer = upstream.send(request).await.inspect_err(by_itself)?;
            Ok(match script.seed_of_watch() {
                Some(seed) if answer.status() == StatusCode::OK => answer.map(|body| watch::disturb(body, seed)),
                _ => answer,
            })
        }
        Fate::Pass => upstream.send(request).await.inspect_err(by_itself),
        Fate::KillBefore => {
            script.kill();
            std::future::pending().await
        }
        Fate::Hold => std::future::pending().await,
        Fate::KillAfter => {
            done(&upstream, request).await?;
            script.kill();
            std::future::pending().await
        }
        Fate::Fail(Fault::Delay) => {
            tokio::time::sleep(DELAY).await;
            upstream.send(request).await
        }
        Fate::Fail(Fault::Reset) => Err("cut".into()),
        Fate::Fail(Fault::TooMany) => Ok(refusal(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests")),
        Fate::Fail(Fault::ServerError) => Ok(refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError")),
        Fate::Fail(Fault::Conflict) => {
            let makes = *request.method() == Method::POST;
            Ok(refusal(StatusCode::CONFLICT, if makes { "AlreadyExists" } else { "Conflict" }))
        }
        Fate::Fail(Fault::TimeOut) => {
            tokio::time::sleep(PATIENCE).await;
            Err("never answered".into())
        }
        Fate::Fail(Fault::LostReply) if watches => {
            // Its answer has no end.
            drop(upstream.send(request).await?);
            Err("answered to nobody".into())
        }
        Fate::Fail(Fault::LostReply) => {
            done(&upstream, request).await?;
            Err("answered to nobody".into())
        }
        // By a task of its own: this one ends with its client.
        Fate::Fail(Fault::Pause) => {
            let later = tokio::spawn(async move {
                tokio::time::sleep(PAUSE).await;
                upstream.send(request).await
            });
            later.await?
        }
    }
}

/// Sends it and reads its answer to the end: by then it is done.
async fn done(upstream: &Upstream, request: Request<Bytes>) -> Result<(), Error> {
    upstream.send(request).await?.into_body().collect().await?;
    Ok(())
}

fn watches(request: &Request<Bytes>) -> bool {
    request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"))
}

fn call(system: System, request: &Request<Bytes>) -> Call {
    let (method, path) = (request.method(), request.uri().path());
    // Tokens change nothing that anybody asked for, and a Lease nothing that a tenant has.
    let signs_in = path.ends_with("/protocol/openid-connect/token") || (system == System::S3 && path == "/");
    let told = path.contains("/apis/events.k8s.io/") || path.contains("/leases");
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let watching = if watches(request) { " (a watch)" } else { "" };
    Call { system, what: format!("{method} {path}{watching}"), writes: !(reads || signs_in || told) }
}

/// In the words of Kubernetes, which the others do not mind.
fn refusal(status: StatusCode, reason: &str) -> Response<Body> {
    let text = format!(
        r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"{reason}","message":"a fault of the test","code":{}}}"#,
        status.as_u16()
    );
    let body = Full::new(Bytes::from(text)).map_err(|never: Infallible| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_writes() {
        for (system, method, path, writes) in [
            (System::Keycloak, "GET", "/admin/realms/acme", false),
            (System::Keycloak, "POST", "/admin/realms", true),
            (System::Keycloak, "POST", "/realms/master/protocol/openid-connect/token", false),
            (System::S3, "PUT", "/tenant-acme", true),
            (System::S3, "HEAD", "/tenant-acme", false),
            (System::S3, "POST", "/", false),
            (System::Kubernetes, "PATCH", "/apis/plexica.io/v1alpha1/tenants/acme/status", true),
            (System::Kubernetes, "POST", "/apis/events.k8s.io/v1/namespaces/default/events", false),
        ] {
            let request = Request::builder().method(method).uri(path).body(Bytes::new()).unwrap();
            let call = call(system, &request);
            assert_eq!((call.writes, call.what), (writes, format!("{method} {path}")));
        }
    }
}
