//! Rules on a request's fields, all of them reported at once.

use crate::{Error, Result};
use plexica_contract::error::Code;

/// Collects the mistakes of a request, so that a client learns all of them from one answer.
///
/// ```
/// use plexica_sdk::Checks;
/// let (name, limit) = ("", 500);
/// let error = Checks::new()
///     .require(!name.is_empty(), "name", "must not be empty")
///     .require(limit <= 100, "limit", "must be at most 100")
///     .done()
///     .unwrap_err();
/// assert_eq!(error.body().error.details.len(), 2);
/// ```
#[derive(Debug, Default)]
#[must_use = "nothing is refused until `done()?` is called"]
pub struct Checks {
    mistakes: Vec<(String, String)>,
}

impl Checks {
    /// Nothing is wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a mistake unless the rule holds. The message ends the sentence "this field …".
    pub fn require(mut self, holds: bool, field: impl Into<String>, message: impl Into<String>) -> Self {
        if !holds {
            self.mistakes.push((field.into(), message.into()));
        }
        self
    }

    /// # Errors
    /// 422 with every mistake, if there is one.
    pub fn done(self) -> Result {
        if self.mistakes.is_empty() {
            return Ok(());
        }
        let error = Error::new(Code::Unprocessable, "Some fields of the request break a rule.");
        Err(self.mistakes.into_iter().fold(error, |error, (field, message)| error.with_detail(field, message)))
    }
}
