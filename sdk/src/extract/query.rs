//! Parameters in the query.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::json::field;
use crate::{Error, Result};

/// Parameters in the query. A bad one is 400 with its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let deserializer = serde_urlencoded::Deserializer::new(pairs);
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let name = field(error.path());
        Error::bad_request("A parameter of the query is not what it should be.")
            .with_detail(name, error.into_inner().to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Page {
        limit: Option<u16>,
        cursor: Option<String>,
    }

    #[test]
    fn a_mistake_has_its_parameters_name() {
        let page: Page = parse("limit=5&cursor=a%20b").unwrap();
        assert_eq!(page, Page { limit: Some(5), cursor: Some("a b".into()) });
        for (query, field) in [("limit=-1", "limit"), ("limit=x", "limit"), ("colour=1", "colour")] {
            let error = parse::<Page>(query).unwrap_err();
            assert_eq!(error.body().error.details[0].field, field, "{query}");
        }
    }
}
