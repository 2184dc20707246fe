//! DELETE of a collection: each selected object in turn.

use super::delete::{Removed, options, remove};
use super::list::Listing;
use super::{Call, list, output};
use crate::api_error::ApiResult;
use crate::http::reply::Reply;
use crate::object;
use crate::state::State;

/// Deletes what a list with the same selectors would show, and answers with it.
pub async fn delete_collection(state: &State, call: &Call) -> ApiResult<Reply> {
    let options = options(call)?;
    let listing = list::read(state, call).await?;
    let mut items = Vec::with_capacity(listing.items.len());
    for item in listing.items {
        let (namespace, name) = (object::namespace(&item), object::name(&item));
        match remove(state, &call.served, namespace, name, &options).await {
            Ok(Removed::Gone(object) | Removed::Marked(object)) => items.push(object),
            // Somebody else was quicker; that is what was wanted.
            Err(error) if error.code() == 404 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Reply::ok(output::list(call, Listing { items, ..listing })))
}
