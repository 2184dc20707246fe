//! GET of a collection: everything, or a page at a time, all as of one resource version.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::options::{ListOptions, too_large};
use super::selection::Selection;
use super::{Call, output};
use crate::api_error::{ApiError, ApiResult};
use crate::http::reply::Reply;
use crate::state::State;
use crate::storage::Query;

/// Objects read at a time when a selector may leave out most of them.
const BATCH: u32 = 500;
/// How long a list waits for a revision that another server has already shown.
const PATIENCE: Duration = Duration::from_secs(3);

/// A list, before it is given its form.
pub(super) struct Listing {
    pub items: Vec<Value>,
    pub revision: u64,
    pub next: Option<String>,
    pub remaining: Option<u64>,
}

/// Answers the list.
pub async fn list(state: &State, call: &Call) -> ApiResult<Reply> {
    let listing = read(state, call).await?;
    Ok(Reply::ok(output::list(call, listing)))
}

/// Reads a list or a page of it.
pub(super) async fn read(state: &State, call: &Call) -> ApiResult<Listing> {
    let options = ListOptions::read(&call.params, false)?;
    let selection = Selection::of(call)?;
    let limit = call
        .params
        .number("limit")?
        .filter(|limit| *limit > 0)
        .map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut query = Query {
        resource: call.served.storage.clone(),
        namespace: call.namespace.clone(),
        name: selection.name().to_owned(),
        ..Query::default()
    };
    if let Some(token) = call.params.get("continue") {
        let (revision, after) = open(token)?;
        // A token without a revision continues with what is there now.
        query.at = (revision > 0).then_some(revision);
        query.after = after;
    } else if options.exact {
        query.at = options.version;
    } else if let Some(version) = options.version {
        reach(state, version).await?;
    }
    let selects_all = selection.is_everything();
    let mut listing = Listing { items: Vec::new(), revision: 0, next: None, remaining: None };
    loop {
        query.limit = limit.map(|limit| {
            let missing = u32::try_from(limit - listing.items.len()).unwrap_or(u32::MAX);
            if selects_all { missing } else { BATCH }
        });
        let page = state.store.list(&query).await?;
        check_age(&query, page.compacted)?;
        listing.revision = page.revision;
        query.at = Some(page.revision);
        let mut rest = page.remaining;
        for (index, stored) in page.items.iter().enumerate() {
            let object = call.served.view(&stored.object);
            query.after = key(call, &object);
            if selection.matches(&object) {
                listing.items.push(object);
            }
            if Some(listing.items.len()) == limit {
                rest += u64::try_from(page.items.len() - index - 1).unwrap_or_default();
                break;
            }
        }
        if rest == 0 || limit.is_none() {
            return Ok(listing);
        }
        if Some(listing.items.len()) == limit {
            listing.next = Some(seal(page.revision, &query.after));
            listing.remaining = selects_all.then_some(rest);
            return Ok(listing);
        }
    }
}

fn key(call: &Call, object: &Value) -> String {
    use crate::object::{name, namespace};
    call.served.slot(namespace(object), name(object)).key()
}

/// Waits until this server has seen a revision that the client knows.
pub(super) async fn reach(state: &State, version: u64) -> ApiResult<()> {
    if version == 0 {
        return Ok(());
    }
    let mut head = state.store.feed().head();
    if *head.borrow() >= version || state.store.current().await? >= version {
        return Ok(());
    }
    let reached = head.wait_for(|head| *head >= version);
    if tokio::time::timeout(PATIENCE, reached).await.is_ok() {
        return Ok(());
    }
    Err(too_large(version, state.store.current().await?))
}

fn check_age(query: &Query, compacted: u64) -> ApiResult<()> {
    let Some(at) = query.at else { return Ok(()) };
    if at >= compacted {
        return Ok(());
    }
    if query.after.is_empty() {
        return Err(ApiError::expired("The resourceVersion for the provided list is too old."));
    }
    let token = seal(0, &query.after);
    Err(ApiError::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    )
    .continue_with(token))
}

/// A token that says where the next page starts, in the form the real server uses.
fn seal(revision: u64, after: &str) -> String {
    let token = json!({"v": "meta.k8s.io/v1", "rv": revision, "start": format!("/{after}\0")});
    URL_SAFE_NO_PAD.encode(token.to_string())
}

fn open(token: &str) -> ApiResult<(u64, String)> {
    let refuse = |why: &str| ApiError::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|error| match error {
        base64::DecodeError::InvalidByte(at, _) => refuse(&format!("illegal base64 data at input byte {at}")),
        _ => refuse("illegal base64 data at input byte 0"),
    })?;
    let token: Value = serde_json::from_slice(&bytes).map_err(|_| refuse("not a token"))?;
    let start = token.get("start").and_then(Value::as_str).unwrap_or_default();
    if token.get("v").and_then(Value::as_str) != Some("meta.k8s.io/v1") || start.is_empty() {
        return Err(refuse("server does not recognize this encoded version"));
    }
    let revision = token.get("rv").and_then(Value::as_u64).unwrap_or_default();
    let after = start.trim_start_matches('/').trim_end_matches('\0');
    Ok((revision, after.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tokens_survive_the_trip() {
        assert_eq!(open(&seal(7, "ns/name")).unwrap(), (7, "ns/name".to_owned()));
        assert_eq!(open("x").unwrap_err().code(), 400);
        assert_eq!(open("!!").unwrap_err().code(), 400);
        assert_eq!(open(&URL_SAFE_NO_PAD.encode("{}")).unwrap_err().code(), 400);
    }
}
