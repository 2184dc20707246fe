//! Lists in pages.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use kube::api::ListParams;
use serde::Deserialize;

use crate::http::ApiError;

/// How many a page has unless it is said.
const DEFAULT_LIMIT: u32 = 50;
/// The most a page has.
const MAX_LIMIT: u32 = 500;

/// Which page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The most items.
    pub limit: u32,
    /// Where the last page ended.
    pub after: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    limit: Option<String>,
    #[serde(rename = "continue")]
    after: Option<String>,
}

impl Page {
    /// As the Kubernetes API is asked.
    pub fn list_params(&self) -> ListParams {
        let params = ListParams::default().limit(self.limit);
        match &self.after {
            Some(after) => params.continue_token(after),
            None => params,
        }
    }

    /// The page of a whole list in order of `key`, and where it ended if there is more.
    pub fn cut<T>(&self, mut all: Vec<T>, key: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
        all.sort_by_cached_key(&key);
        if let Some(after) = &self.after {
            all.retain(|item| key(item) > *after);
        }
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = all.len() > limit;
        all.truncate(limit);
        let end = all.last().filter(|_| more).map(key);
        (all, end)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(raw) = Query::<Raw>::from_request_parts(parts, state)
            .await
            .map_err(|error| ApiError::bad_field("query", error.body_text()))?;
        let limit = match raw.limit.as_deref().map(str::parse::<u32>) {
            None => DEFAULT_LIMIT,
            Some(Ok(limit @ 1..=MAX_LIMIT)) => limit,
            Some(_) => return Err(ApiError::bad_field("limit", format!("must be a number from 1 to {MAX_LIMIT}"))),
        };
        Ok(Self { limit, after: raw.after.filter(|after| !after.is_empty()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end_to_end() {
        let all: Vec<String> = ["c", "a", "e", "b", "d"].map(str::to_owned).to_vec();
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let (items, end) = Page { limit: 2, after }.cut(all.clone(), Clone::clone);
            seen.extend(items);
            after = end;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["a", "b", "c", "d", "e"]);
        assert_eq!(Page { limit: 5, after: None }.cut(all, Clone::clone).1, None);
    }
}
