//! Keycloak: shared, so a test makes realms of its own.

mod administrator;

pub use administrator::{Administrator, SECRET};

use std::time::Duration;

use crate::part::{Missing, listening, variable};
use crate::wait::wait_for;

const PART: &str = "keycloak";
/// How long Keycloak may go on answering with errors of its own.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running Keycloak and the administrator of its realm `master`.
#[derive(Debug, Clone)]
pub struct Keycloak {
    /// Base URL, without a slash at the end.
    pub url: String,
    /// User name.
    pub admin_user: String,
    /// Password.
    pub admin_password: String,
}

impl Keycloak {
    /// The running server.
    pub fn find() -> Result<Self, Missing> {
        let url = variable(PART, "KEYCLOAK_URL")?;
        listening(PART, &url)?;
        Ok(Self {
            url,
            admin_user: variable(PART, "KEYCLOAK_ADMIN_USER")?,
            admin_password: variable(PART, "KEYCLOAK_ADMIN_PASSWORD")?,
        })
    }
}

/// Asks again while Keycloak answers 5xx, as it does to accounts of realm `master` while anybody's
/// realm is being removed. It may have done by then what it was asked: a conflict with that is 201.
///
/// # Panics
/// When it has no other answer within a minute.
pub async fn settled<T>(mut ask: impl AsyncFnMut() -> (u16, T)) -> (u16, T) {
    let mut repeated = false;
    wait_for("Keycloak answers without an error of its own", PATIENCE, async || {
        let (status, answer) = ask().await;
        if status >= 500 {
            repeated = true;
            return None;
        }
        Some((if repeated && status == 409 { 201 } else { status }, answer))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_conflict_after_an_error_is_our_own_work() {
        for (answers, settles) in [(&[409][..], 409), (&[500, 409], 201), (&[503, 500, 200], 200), (&[500, 404], 404)] {
            let mut left = answers.iter();
            assert_eq!(settled(async || (*left.next().unwrap(), ())).await, (settles, ()), "{answers:?}");
        }
    }
}
