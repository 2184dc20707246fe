//! Every address, and the rule that none is without a guard.

use axum::{Router, handler::Handler, middleware::from_fn_with_state, routing::MethodFilter, routing::on};
use http::Method;
use plexica_contract::{error::Code, path};

use super::{ApiError, Metrics, middleware::around};
use crate::{access::Guarded, installs, internal, me, openapi, operations, plugins, state::Shared, tenants};

/// An address and a method.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// In the way of `OpenAPI` and axum: `/api/v1/tenants/{name}`.
    pub path: &'static str,
    /// Its method, in capitals.
    pub method: String,
}

/// All addresses. There is no way in but [`Routes::add`], which takes guarded handlers only.
#[derive(Default)]
pub struct Routes {
    router: Router<Shared>,
    endpoints: Vec<Endpoint>,
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.endpoints.fmt(f)
    }
}

impl Routes {
    /// Adds a handler. Its first argument must say who may call: a handler without one does not
    /// compile.
    ///
    /// ```
    /// # use plexica_core_api::{access::AnyUser, http::Routes};
    /// async fn guarded(_: AnyUser) {}
    /// let routes = Routes::default().add(&http::Method::GET, "/mine", guarded);
    /// ```
    /// ```compile_fail
    /// # use plexica_core_api::{access::AnyUser, http::Routes};
    /// async fn unguarded() {}
    /// let routes = Routes::default().add(&http::Method::GET, "/mine", unguarded);
    /// ```
    #[must_use]
    pub fn add<H, T>(mut self, method: &Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: Guarded + 'static,
    {
        // HEAD and the like have no handlers of their own.
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        self.router = self.router.route(path, on(filter, handler));
        self.endpoints.push(Endpoint { path, method: method.to_string() });
        self
    }

    /// What was added.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// To be served.
    pub fn into_service(self, state: Shared, metrics: Metrics) -> Router {
        self.router
            .fallback(async || ApiError::not_found())
            .method_not_allowed_fallback(async || {
                ApiError::new(Code::MethodNotAllowed, "This address does not take this method.")
            })
            .layer(from_fn_with_state(metrics, around))
            .with_state(state)
    }
}

/// All addresses.
pub fn routes() -> Routes {
    Routes::default()
        .add(&Method::GET, openapi::PATH, openapi::get)
        .add(&Method::GET, "/api/v1/me", me::get)
        .add(&Method::GET, "/api/v1/tenants", tenants::list)
        .add(&Method::POST, "/api/v1/tenants", tenants::create)
        .add(&Method::GET, "/api/v1/tenants/{name}", tenants::get)
        .add(&Method::PATCH, "/api/v1/tenants/{name}", tenants::patch)
        .add(&Method::DELETE, "/api/v1/tenants/{name}", tenants::delete)
        .add(&Method::GET, "/api/v1/plugins", plugins::list)
        .add(&Method::GET, "/api/v1/plugins/{name}", plugins::get)
        .add(&Method::GET, "/api/v1/installs", installs::list)
        .add(&Method::POST, "/api/v1/installs", installs::create)
        .add(&Method::GET, "/api/v1/installs/{name}", installs::get)
        .add(&Method::PATCH, "/api/v1/installs/{name}", installs::patch)
        .add(&Method::DELETE, "/api/v1/installs/{name}", installs::delete)
        .add(&Method::GET, "/api/v1/operations", operations::list)
        .add(&Method::GET, "/api/v1/operations/{id}", operations::get)
        .add(&Method::GET, path::PLATFORM_KEYS, internal::keys)
        .add(&Method::GET, path::PLUGIN_TENANTS, internal::tenants)
}
