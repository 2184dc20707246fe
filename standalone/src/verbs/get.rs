//! GET of one object.

use super::{Call, output};
use crate::api_error::{ApiError, ApiResult};
use crate::http::reply::Reply;
use crate::state::State;

/// Answers the object.
pub async fn get(state: &State, call: &Call) -> ApiResult<Reply> {
    let served = &call.served;
    let slot = served.slot(&call.namespace, &call.name);
    match state.store.get(&slot.resource, &slot.key()).await? {
        Some(stored) => Ok(Reply::ok(output::one(call, served.view(&stored.object)))),
        None => Err(ApiError::not_found(&served.kind, &call.name)),
    }
}
