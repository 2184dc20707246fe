//! A realm whose tokens are taken.

use std::collections::HashSet;

use plexica_contract::name::Slug;
use plexica_crds::tenant::RateLimits;

/// A realm whose tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    /// Its name in Keycloak.
    pub name: String,
    /// `iss` of its tokens.
    pub issuer: String,
    /// Whose users these are; nobody's are the platform's own.
    pub tenant: Option<Slug>,
    /// Hosts whose pages may call from a browser.
    pub domains: HashSet<String>,
    /// Whether its users are known and nevertheless refused, with the reason.
    pub suspended: bool,
    /// How fast requests of all its users together may come.
    pub rate_limits: Option<RateLimits>,
}

impl Realm {
    /// Whether pages of this origin may call this realm's APIs.
    pub fn allows_origin(&self, origin: &str) -> bool {
        is_allowed_origin(origin, |domain| self.domains.contains(domain))
    }
}

/// Whether an `Origin` header's host is one of the domains. Pages must have come by https, except
/// from this machine itself (a console under development).
pub fn is_allowed_origin(origin: &str, is_domain: impl Fn(&str) -> bool) -> bool {
    let host = match origin.split_once("://") {
        Some(("https", host)) => host,
        Some(("http", host)) if is_loopback(host) => host,
        _ => return false,
    };
    is_domain(host)
}

fn is_loopback(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    name == "localhost" || name.ends_with(".localhost") || name == "127.0.0.1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let domains = ["app.acme.test", "app.acme.test:8443", "localhost:5173", "127.0.0.1:3000"];
        for (origin, allowed) in [
            ("https://app.acme.test", true),
            ("https://app.acme.test:8443", true),
            ("http://localhost:5173", true),
            ("http://127.0.0.1:3000", true),
            ("http://app.acme.test", false),
            ("https://app.acme.test:9999", false),
            ("https://app.acme.test.evil.test", false),
            ("https://evil.test/app.acme.test", false),
            ("https://APP.acme.test", false),
            ("http://localhost.evil.test:5173", false),
            ("null", false),
            ("app.acme.test", false),
            ("ftp://app.acme.test", false),
            ("", false),
        ] {
            assert_eq!(is_allowed_origin(origin, |domain| domains.contains(&domain)), allowed, "{origin}");
        }
    }
}
