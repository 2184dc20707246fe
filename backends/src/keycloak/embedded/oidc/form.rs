//! Parameters of a request.

use super::super::fault::Fault;

/// Parameters, each given once ([RFC 6749 § 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded` text; also a query is such.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Fault::oauth("invalid_request", "duplicated parameter"));
        }
        Ok(Self(pairs))
    }

    /// A parameter; an empty one counts as none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A parameter that must be there; `otherwise` says which.
    pub fn need(&self, name: &str, otherwise: &'static str) -> Result<&str, Fault> {
        self.get(name).ok_or(Fault::oauth("invalid_request", otherwise))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_once() {
        let form = Form::parse("grant_type=password&username=ada%40acme.test&empty=").unwrap();
        assert_eq!(form.get("username"), Some("ada@acme.test"));
        assert_eq!(form.get("empty"), None);
        assert!(form.need("password", "Missing parameter: password").is_err());
        assert!(Form::parse("a=1&a=2").is_err());
    }
}
