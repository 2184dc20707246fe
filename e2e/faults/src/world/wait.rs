//! Waiting for a condition, where never reaching it is a finding.

use std::{
    fmt,
    time::{Duration, Instant},
};

/// Longer than two systems that fail for a minute, one after the other, and the operator's longest pause between
/// tries after that.
const PATIENCE: Duration = Duration::from_mins(4);
/// What takes longer is told to who watches.
const LONG: Duration = Duration::from_secs(10);
/// So many letters of it.
const TOLD: usize = 400;
const PAUSE: Duration = Duration::from_millis(200);

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A finding.
///
/// # Errors
/// Always.
pub fn fails<T>(text: impl Into<String>) -> Result<T, Violation> {
    Err(Violation(text.into()))
}

/// Waits until there is a value; `condition` says what is missing.
///
/// # Errors
/// What is still missing after [`PATIENCE`].
pub async fn converges<T>(what: &str, mut condition: impl AsyncFnMut() -> Result<T, String>) -> Result<T, Violation> {
    let begun = Instant::now();
    let (deadline, mut told) = (begun + PATIENCE, false);
    loop {
        match condition().await {
            Ok(value) => return Ok(value),
            Err(missing) if Instant::now() > deadline => {
                return fails(format!("{what}: not within {} s: {missing}", PATIENCE.as_secs()));
            }
            Err(missing) => {
                if !told && begun.elapsed() > LONG {
                    told = true;
                    eprintln!("waiting: {what}: {}", missing.chars().take(TOLD).collect::<String>());
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
