//! What is on this machine.

use std::net::IpAddr;

/// Whether a URL's host is this machine itself, by its letters: no name is looked up.
pub fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_this_machine() {
        for host in ["127.0.0.1", "127.8.9.10", "[::1]", "::1", "localhost", "LocalHost", "id.localhost"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["10.0.0.1", "[::2]", "0.0.0.0", "example.test", "localhost.example.test", "notlocalhost", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
