//! What of the sample does not work.

use super::Error;

/// At the first start it ends the start. Later it may be people's own doing, in resources that they can
/// only repair while the rest runs: it is told.
pub struct Troubles {
    is_first: bool,
    warnings: Vec<String>,
}

impl Troubles {
    /// None yet.
    pub const fn new(is_first: bool) -> Self {
        Self { is_first, warnings: Vec::new() }
    }

    /// The value; `None` if there is a warning instead.
    pub fn take<T>(&mut self, outcome: Result<T, Error>) -> Result<Option<T>, Error> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) if self.is_first => Err(error),
            Err(error) => {
                tracing::warn!(%error, "the sample is not as it should be");
                self.warnings.push(error.to_string());
                Ok(None)
            }
        }
    }

    /// A sentence for each.
    pub fn into_warnings(self) -> Vec<String> {
        self.warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_start_fails() {
        let error = || Error::SignIn { user: "grace".into(), reason: "wrong".into() };
        let mut first = Troubles::new(true);
        assert_eq!(first.take(Ok(1)).unwrap(), Some(1));
        assert!(first.take::<()>(Err(error())).is_err());
        let mut later = Troubles::new(false);
        assert_eq!(later.take(Ok(1)).unwrap(), Some(1));
        assert_eq!(later.take::<()>(Err(error())).unwrap(), None);
        assert_eq!(later.into_warnings(), [error().to_string()]);
    }
}
