//! Query parameters, read as the API server reads them.

use serde_json::Value;

use crate::api_error::{ApiError, ApiResult};
use crate::field_error::FieldError;

/// The query of a request.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, String)>);

/// What to do with fields that the schema does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Drop them silently.
    Ignore,
    /// Drop them and say so in a warning.
    #[default]
    Warn,
    /// Refuse the request.
    Strict,
}

impl Params {
    /// Parses the part of a URL after the question mark.
    pub fn parse(query: &str) -> Self {
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The first value of a parameter, `None` when absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A switch: present counts as on, unless it says `false` or `0`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| !(value.eq_ignore_ascii_case("false") || value == "0"))
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> ApiResult<Option<i64>> {
        self.get(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| ApiError::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")))
            })
            .transpose()
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether this is a dry run. `options` names the kind of options in a refusal.
    pub fn dry_run(&self, options: &str) -> ApiResult<bool> {
        let given = self.all("dryRun");
        if given.iter().any(|one| *one != "All") {
            let value = Value::from(given.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
            let error = FieldError::not_supported("dryRun", &value, &["All".to_owned()]);
            return Err(ApiError::invalid_options(options, &[error]));
        }
        Ok(!given.is_empty())
    }

    /// How unknown fields are treated.
    pub fn field_validation(&self, options: &str) -> ApiResult<FieldValidation> {
        match self.get("fieldValidation") {
            None | Some("Warn") => Ok(FieldValidation::Warn),
            Some("Ignore") => Ok(FieldValidation::Ignore),
            Some("Strict") => Ok(FieldValidation::Strict),
            Some(other) => {
                let supported = ["", "Ignore", "Strict", "Warn"].map(str::to_owned);
                let error = FieldError::not_supported("fieldValidation", &other.into(), &supported);
                Err(ApiError::invalid_options(options, &[error]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn switches_and_values() {
        let params = Params::parse("watch&force=false&a=b%20c&empty=&limit=5&bad=x");
        assert_eq!(params.flag("watch"), Some(true));
        assert_eq!(params.flag("force"), Some(false));
        assert_eq!(params.flag("none"), None);
        assert_eq!(params.get("a"), Some("b c"));
        assert_eq!(params.get("empty"), None);
        assert_eq!(params.number("limit").unwrap(), Some(5));
        assert_eq!(params.number("bad").unwrap_err().code(), 400);
    }

    #[test]
    fn options_are_checked() {
        assert!(Params::parse("dryRun=All").dry_run("X").unwrap());
        assert!(!Params::parse("").dry_run("X").unwrap());
        assert_eq!(Params::parse("dryRun=Some").dry_run("X").unwrap_err().code(), 422);
        let strict = Params::parse("fieldValidation=Strict").field_validation("X");
        assert_eq!(strict.unwrap(), FieldValidation::Strict);
        assert!(Params::parse("fieldValidation=No").field_validation("X").is_err());
    }
}
