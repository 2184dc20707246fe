//! Where requests are sent.

use http::uri::{Authority, Uri};

/// A URL cannot be an upstream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// Not a URL, or not of plain HTTP.
    #[error("must be a URL such as http://plexica-core-api:8081, without user, path or query")]
    NotPlainHttp,
}

/// A host and port that is spoken to by plain HTTP/1.1, inside the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream(Authority);

impl Upstream {
    /// Reads a base URL.
    ///
    /// # Errors
    /// [`UpstreamError`] for anything that is not `http://host[:port]`.
    pub fn parse(url: &str) -> Result<Self, UpstreamError> {
        let uri: Uri = url.parse().map_err(|_| UpstreamError::NotPlainHttp)?;
        let plain = uri.scheme_str() == Some("http") && uri.path() == "/" && uri.query().is_none();
        match uri.into_parts().authority {
            Some(authority) if plain && !authority.as_str().contains('@') => Ok(Self(authority)),
            _ => Err(UpstreamError::NotPlainHttp),
        }
    }

    /// The address of a path and query there.
    ///
    /// # Errors
    /// When path and query are none.
    pub fn uri(&self, path: &str, query: Option<&str>) -> Result<Uri, http::Error> {
        let path_and_query = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        Uri::builder().scheme("http").authority(self.0.clone()).path_and_query(path_and_query).build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_upstream() {
        let upstream = Upstream::parse("http://plugin-crm-1-4-0.plexica-system:8080").unwrap();
        let uri = upstream.uri("/contacts", Some("q=a%20b")).unwrap();
        assert_eq!(uri, "http://plugin-crm-1-4-0.plexica-system:8080/contacts?q=a%20b");
        assert!(Upstream::parse("http://127.0.0.1:1/").is_ok());
        for url in ["", "crm", "/crm", "https://crm", "http://", "http://u:p@crm", "http://crm/x", "http://crm/?q"] {
            assert_eq!(Upstream::parse(url), Err(UpstreamError::NotPlainHttp), "{url}");
        }
    }
}
