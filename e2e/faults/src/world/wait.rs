//! Waiting for a condition, where never reaching it is a finding.

use std::{
    fmt,
    time::{Duration, Instant},
};

use super::World;

/// From when nothing is disturbed any more: longer than the operator's pause between tries has grown to while a system
/// failed for a minute, and again while it waited for what waited for that.
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

impl World {
    /// Waits until there is a value; `condition` says what is missing. Of calls that fail one after the other, each
    /// begins when the operator comes to it.
    ///
    /// # Errors
    /// What is still missing [`PATIENCE`] after now, or after the last of what is to fail has.
    pub async fn converges<T>(
        &self,
        what: &str,
        mut condition: impl AsyncFnMut() -> Result<T, String>,
    ) -> Result<T, Violation> {
        let (begun, mut told) = (Instant::now(), false);
        loop {
            let peace = self.script.over().map_or(begun, |over| over.max(begun));
            match condition().await {
                Ok(value) => return Ok(value),
                Err(missing) if Instant::now() > peace + PATIENCE => {
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
}
