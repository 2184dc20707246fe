//! Towards the client.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use plexica_contract::header::{CORRELATION_ID, RESERVED_PREFIX};
use uuid::Uuid;

use super::hop;

/// Strips what an upstream may not say to browsers in everybody's name: all plugins answer from
/// one origin, so a cookie of one would be everybody's, and who may read is the gateway's to say.
pub fn to_client(headers: &mut HeaderMap, correlation_id: Uuid) {
    hop::strip(headers);
    let stripped: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            let name = name.as_str();
            name.starts_with(RESERVED_PREFIX)
                || name.starts_with("access-control-")
                || matches!(
                    name,
                    "set-cookie" | "set-cookie2" | "alt-svc" | "clear-site-data" | "strict-transport-security"
                )
        })
        .cloned()
        .collect();
    for name in stripped {
        headers.remove(name);
    }
    set_common(headers, correlation_id);
}

/// What every answer has, the gateway's own too.
pub fn set_common(headers: &mut HeaderMap, correlation_id: Uuid) {
    if let Ok(id) = HeaderValue::from_str(&correlation_id.to_string()) {
        headers.insert(CORRELATION_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plugin_may_not_say_to_a_browser() {
        let mut headers = HeaderMap::new();
        for name in ["set-cookie", "access-control-allow-origin", "x-plexica-tenant", "alt-svc", "connection", "etag"] {
            headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_static("v"));
        }
        to_client(&mut headers, Uuid::nil());
        let names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert!(headers.contains_key("etag") && headers.contains_key(CORRELATION_ID));
    }
}
