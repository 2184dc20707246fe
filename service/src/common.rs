//! Flags and variables that all parts have.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;

/// Flatten it into the `Config` of a part.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Installation id: stands in ownership marks and in the issuer of platform tokens.
    #[arg(long, env = "PLEXICA_INSTALLATION", default_value = "plexica")]
    pub installation: String,
    /// The platform's namespace.
    #[arg(long, env = "PLEXICA_NAMESPACE", default_value = "plexica-system")]
    pub namespace: String,
    /// Where /healthz, /readyz and /metrics are served.
    #[arg(long, env = "PLEXICA_METRICS_LISTEN", default_value = "0.0.0.0:9090")]
    pub metrics_listen: SocketAddr,
    /// PEM file of CAs to trust besides the system's.
    #[arg(long, env = "PLEXICA_CA_BUNDLE")]
    pub ca_bundle: Option<PathBuf>,
}

/// Reads a number of seconds, 0 among them, as a flag's value.
///
/// # Errors
/// What to write instead.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    parsed.ok_or_else(|| "write a number of seconds, such as 5 or 0.5".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_number_of_seconds() {
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for other in ["", "-1", "5s", "NaN", "inf", "1e300"] {
            assert!(seconds(other).is_err(), "{other}");
        }
    }
}
