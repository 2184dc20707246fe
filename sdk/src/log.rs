//! Logs: one JSON object per line on standard output.

use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// As in `RUST_LOG=info,crm=debug`.
const FILTER: &str = "RUST_LOG";

/// Starts logging, unless the program has set up its own.
pub(crate) fn init() {
    let filter: Targets = std::env::var(FILTER)
        .ok()
        .and_then(|filter| filter.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    // It fails when a subscriber is there already, and that one is the author's choice.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
