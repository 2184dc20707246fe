//! The plugin's HTTP API.

use std::convert::Infallible;

use axum::{Router, extract::Request, handler::Handler, response::IntoResponse, routing};
use http::Method;
use tower::{Layer, Service};

use crate::guard::{Access, Guarded};

/// Routes whose handlers all say who may call them.
///
/// A thin cover of [`axum::Router`]: handlers, extractors and answers are axum's. Its one addition
/// is that a handler's first argument has to be a [`Guard`](crate::Guard).
///
/// ```
/// # use plexica_sdk::prelude::*;
/// permissions! { GreetingsRead = "hello:greetings:read", "Read greetings", ["user"]; }
///
/// async fn greet(_: Allowed<GreetingsRead>, user: User) -> String {
///     format!("Hello {}", user.username())
/// }
/// let routes: Routes = Routes::new().get("/greeting", greet);
/// assert_eq!(routes.list()[0].path, "/greeting");
/// ```
///
/// Without a guard it is refused:
/// ```compile_fail
/// # use plexica_sdk::prelude::*;
/// async fn greet() -> &'static str { "Hello" }
/// let routes: Routes = Routes::new().get("/greeting", greet);
/// ```
#[derive(Debug)]
pub struct Routes<S = ()> {
    router: Router<S>,
    list: Vec<Route>,
}

/// One route, for tests and documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, as in `/contacts/{id}`.
    pub path: String,
    /// Who may call it.
    pub access: Access,
}

macro_rules! verb {
    ($name:ident, $method:ident) => {
        #[doc = concat!("Answers `", stringify!($method), "` at this path.")]
        #[must_use]
        pub fn $name<H, T>(mut self, path: &str, handler: H) -> Self
        where
            H: Handler<T, S>,
            T: Guarded + 'static,
        {
            self.list.push(Route { method: Method::$method, path: path.to_owned(), access: T::ACCESS });
            self.router = self.router.route(path, routing::$name(handler));
            self
        }
    };
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// None yet.
    pub fn new() -> Self {
        Self { router: Router::new(), list: Vec::new() }
    }

    verb!(get, GET);
    verb!(post, POST);
    verb!(put, PUT);
    verb!(patch, PATCH);
    verb!(delete, DELETE);

    /// Puts other routes below a path.
    #[must_use]
    pub fn nest(mut self, path: &str, other: Self) -> Self {
        self.list.extend(other.list.into_iter().map(|route| {
            let below = if route.path == "/" { "" } else { route.path.as_str() };
            Route { path: format!("{path}{below}"), ..route }
        }));
        self.router = self.router.nest(path, other.router);
        self
    }

    /// Adds other routes.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.list.extend(other.list);
        self.router = self.router.merge(other.router);
        self
    }

    /// Puts a layer of tower around these routes, such as [`axum::Extension`] with what handlers share.
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<axum::routing::Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.router = self.router.layer(layer);
        self
    }

    /// Gives handlers their state (`axum::extract::State`).
    pub fn with_state(self, state: S) -> Routes {
        Routes { router: self.router.with_state(state), list: self.list }
    }

    /// Every route and who may call it.
    pub fn list(&self) -> &[Route] {
        &self.list
    }

    pub(crate) fn into_router(self) -> Router<S> {
        self.router
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}
