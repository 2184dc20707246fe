//! Towards the upstream.

use http::{HeaderMap, HeaderName, header, header::InvalidHeaderValue};
use plexica_contract::header::{CORRELATION_ID, RESERVED_PREFIX};

use super::{Identity, hop};

/// What a client may not say, besides all that begins with [`RESERVED_PREFIX`] or `x-forwarded-`:
/// its own proofs (they are for the gateway), claims about where it comes from, requests for
/// another path, and what is about this connection.
const STRIPPED: [&str; 14] = [
    "authorization",
    "cookie",
    "cookie2",
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
    "via",
    "host",
    "content-length",
    "expect",
];

/// Strips what must not reach the upstream and sets the gateway's own. The length of the body is
/// told anew from the body.
///
/// # Errors
/// When a value cannot stand in a header.
pub fn to_upstream(headers: &mut HeaderMap, identity: &Identity<'_>) -> Result<(), InvalidHeaderValue> {
    hop::strip(headers);
    let stripped: Vec<HeaderName> = headers.keys().filter(|name| is_stripped(name)).cloned().collect();
    for name in stripped {
        headers.remove(name);
    }
    headers.remove(header::HOST);
    identity.set(headers)
}

fn is_stripped(name: &HeaderName) -> bool {
    // Servers that hand headers on as variables read "_" and "-" as the same.
    let name = name.as_str().replace('_', "-");
    name.starts_with(RESERVED_PREFIX)
        || name.starts_with("x-forwarded-")
        || name == CORRELATION_ID
        || STRIPPED.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn sent(inbound: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in inbound {
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let host = headers.get("host").cloned();
        let tenant = "acme".parse().unwrap();
        let identity = Identity {
            token: "platform",
            tenant: Some(&tenant),
            user: "u1",
            correlation_id: Uuid::nil(),
            client: [192, 0, 2, 7].into(),
            host: host.as_ref(),
            tls: true,
            prefix: Some("/api/plugins/crm"),
        };
        to_upstream(&mut headers, &identity).unwrap();
        headers
    }

    fn ours() -> HeaderMap {
        sent(&[])
    }

    #[test]
    fn what_a_client_says_about_itself_is_gone() {
        for name in [
            "authorization",
            "cookie",
            "forwarded",
            "x-plexica-tenant",
            "x-plexica-user",
            "x-plexica-anything",
            "x_plexica_tenant",
            "x-plexica_roles",
            "x-forwarded-for",
            "x-forwarded-anything",
            "x_forwarded_for",
            "x-correlation-id",
            "x-real-ip",
            "x-original-url",
            "via",
            "content-length",
            "expect",
            "te",
            "upgrade",
            "transfer-encoding",
            "keep-alive",
            "proxy-authorization",
        ] {
            assert_eq!(sent(&[(name, "forged"), (name, "twice")]), ours(), "{name}");
        }
    }

    #[test]
    fn what_is_no_matter_of_ours_goes_on() {
        let headers = sent(&[("accept", "a"), ("accept", "b"), ("if-match", "\"1\""), ("content-type", "c/d")]);
        assert_eq!(headers.get_all("accept").iter().count(), 2);
        assert_eq!(headers.get("if-match").unwrap(), "\"1\"");
        assert_eq!(headers.get("content-type").unwrap(), "c/d");
    }

    #[test]
    fn connection_names_more_and_cannot_name_ours() {
        let headers = sent(&[
            ("connection", "close, x-secret ,x-plexica-tenant, authorization"),
            ("x-secret", "1"),
            ("x-plexica-tenant", "globex"),
        ]);
        assert_eq!(headers, ours());
    }

    #[test]
    fn what_the_gateway_says() {
        let headers = sent(&[("host", "api.acme.test:8443")]);
        for (name, value) in [
            ("authorization", "Bearer platform"),
            ("x-plexica-tenant", "acme"),
            ("x-plexica-user", "u1"),
            ("x-correlation-id", "00000000-0000-0000-0000-000000000000"),
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "api.acme.test:8443"),
            ("x-forwarded-prefix", "/api/plugins/crm"),
        ] {
            assert_eq!(headers.get(name).unwrap(), value, "{name}");
        }
        assert!(headers.get("host").is_none());
    }

    proptest! {
        #[test]
        fn no_reserved_header_gets_through(
            names in proptest::collection::vec("[xX][-_](plexica|Plexica|forwarded)[-_][a-z]{1,8}", 1..6),
        ) {
            let inbound: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "forged")).collect();
            prop_assert_eq!(sent(&inbound), ours());
        }
    }
}
