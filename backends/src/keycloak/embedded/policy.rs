//! What a password must have: the parts of Keycloak's policies that need no history. Pure.

/// A policy, as far as it is followed here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy(Vec<(String, usize)>);

/// Whose password it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whose<'a> {
    /// User name.
    pub username: Option<&'a str>,
    /// Address.
    pub email: Option<&'a str>,
}

impl Policy {
    /// Reads `length(12) and notUsername`.
    pub fn parse(text: &str) -> Self {
        let part = |part: &str| {
            let (name, value) = part.split_once('(').unwrap_or((part, ""));
            (name.to_owned(), value.trim_end_matches(')').parse().unwrap_or(1))
        };
        Self(text.split(" and ").map(str::trim).filter(|text| !text.is_empty()).map(part).collect())
    }

    /// What is wrong with the password, as Keycloak says it.
    pub fn complaint(&self, password: &str, whose: Whose<'_>) -> Option<String> {
        let count = |is: fn(char) -> bool| password.chars().filter(|c| is(*c)).count();
        let is = |other: Option<&str>| other.is_some_and(|other| other.to_lowercase() == password.to_lowercase());
        self.0.iter().find_map(|(name, value)| {
            let (wrong, must) = match name.as_str() {
                "length" => (password.chars().count() < *value, format!("minimum length {value}")),
                "maxLength" => (password.chars().count() > *value, format!("maximum length {value}")),
                "digits" => {
                    (count(char::is_numeric) < *value, format!("must contain at least {value} numerical digits"))
                }
                "lowerCase" => {
                    (count(char::is_lowercase) < *value, format!("must contain at least {value} lower case characters"))
                }
                "upperCase" => {
                    (count(char::is_uppercase) < *value, format!("must contain at least {value} upper case characters"))
                }
                "specialChars" => (
                    count(|c| !c.is_alphanumeric()) < *value,
                    format!("must contain at least {value} special characters"),
                ),
                "notUsername" => (is(whose.username), "must not be equal to the username".to_owned()),
                "notEmail" => (is(whose.email), "must not be equal to the email".to_owned()),
                _ => (false, String::new()),
            };
            wrong.then(|| format!("Invalid password: {must}."))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_counts() {
        let whose = Whose { username: Some("ada"), email: Some("ada@acme.test") };
        for (policy, bad, good) in [
            ("length(4)", "äbc", "äbcd"),
            ("maxLength(4)", "abcde", "abcd"),
            ("digits(2)", "a1", "a12"),
            ("lowerCase(1)", "ABC", "ABc"),
            ("upperCase(1)", "abc", "abC"),
            ("specialChars(1)", "abc1", "abc!"),
            ("notUsername", "ADA", "adam"),
            ("notEmail", "ada@acme.test", "ada"),
            ("length(2) and digits(1)", "ab", "a1"),
        ] {
            let policy = Policy::parse(policy);
            assert!(policy.complaint(bad, whose).is_some(), "{policy:?}");
            assert_eq!(policy.complaint(good, whose), None, "{policy:?}");
        }
        for policy in ["", "passwordHistory(3) and forceExpiredPasswordChange(90)"] {
            assert_eq!(Policy::parse(policy).complaint("", whose), None);
        }
    }
}
