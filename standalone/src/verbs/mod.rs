//! What can be asked of a resource.

mod create;
mod delete;
mod delete_collection;
mod get;
mod list;
mod options;
mod output;
mod patch;
mod review;
mod selection;
mod update;
mod watch;

pub use create::create;
pub use delete::delete;
pub use delete_collection::delete_collection;
pub use get::get;
pub use list::list;
pub use patch::patch;
pub use review::review;
pub use update::update;
pub use watch::watch;

pub(crate) use delete::remove;
pub(crate) use update::{Change, change};

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::api_error::{ApiError, ApiResult};
use crate::auth::User;
use crate::http::negotiate::Wanted;
use crate::http::params::Params;
use crate::manager::{Manager, Operation};
use crate::object;
use crate::served::Served;

/// A request about a resource.
#[derive(Clone, Debug)]
pub struct Call {
    /// The kind.
    pub served: Arc<Served>,
    /// Namespace, empty for all or none.
    pub namespace: String,
    /// Name, empty for collections.
    pub name: String,
    /// Subresource, often empty.
    pub subresource: String,
    /// Query.
    pub params: Params,
    /// Form of the answer.
    pub wanted: Wanted,
    /// Caller.
    pub user: User,
    /// `User-Agent`.
    pub user_agent: String,
    /// `Content-Type`.
    pub content_type: String,
    /// Body.
    pub body: Bytes,
}

impl Call {
    /// The body as an object; the paths of keys written twice beside it.
    fn object(&self) -> ApiResult<(Value, Vec<String>)> {
        let kind = &self.served.kind.kind;
        let value = crate::http::body::parse(&self.body, &self.content_type, kind)?;
        Ok((value, crate::schema::duplicate::fields(&self.body)))
    }

    /// Who this is, for managed fields.
    fn manager(&self, operation: Operation) -> Manager {
        let agent = || {
            let product = self.user_agent.split('/').next().unwrap_or_default();
            product.chars().filter(|c| !c.is_control()).take(128).collect::<String>()
        };
        let name = self.params.get("fieldManager").map_or_else(agent, str::to_owned);
        Manager {
            name: if name.is_empty() { "unknown".into() } else { name },
            operation,
            api_version: self.served.kind.api_version(),
            subresource: (!self.subresource.is_empty()).then(|| self.subresource.clone()),
            time: object::now(),
        }
    }
}

/// Whether the kind (and the subresource) knows this verb.
pub fn serves(call: &Call, verb: &str) -> bool {
    let part = call.subresource.as_str();
    let has_part = match part {
        "" => true,
        "status" => call.served.has_status(),
        "finalize" => call.served.builtin == Some(crate::builtin::Builtin::Namespace),
        _ => false,
    };
    let verb_fits = match part {
        "" => true,
        "finalize" => verb == "update",
        _ => matches!(verb, "get" | "update" | "patch"),
    };
    has_part && verb_fits && call.served.verbs().contains(&verb)
}

/// The refusal of a verb or subresource that is not there.
pub fn not_served(call: &Call) -> ApiError {
    if !call.subresource.is_empty() {
        return ApiError::not_found(&call.served.kind, &call.name);
    }
    ApiError::method_not_allowed()
}
